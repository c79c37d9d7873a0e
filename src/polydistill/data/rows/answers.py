"""Questions about contexts, whose answers are parts of these (SQuAD, XQuAD, MLQA, TyDi QA GoldP).

SQuAD's own JSON (`data`, `paragraphs`, `qas`), JSON lines with `question`, `context` and `answers`, and the hub. An
answer must stand in its context. Where it does so at another character than the source says, the nearest counts; a
question none of whose answers is in the context is left out, as one that has no answer (SQuAD 2.0).
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from polydistill.data.files.json_text import from_json, refuse_halves
from polydistill.data.files.tables import Answers, TableBuilder
from polydistill.data.files.text_lines import read_lines
from polydistill.data.rows.files import check_languages, in_languages, is_aligned, language_of, wanted_rows
from polydistill.data.rows.hub import check_columns, check_configurations, load_dataset
from polydistill.data.rows.shapes import ANSWERS as SHAPE
from polydistill.data.rows.shapes import LABEL, Corpus
from polydistill.data.rows.sources import FileSource, TableSource
from polydistill.errors import DataError

COLUMN, TEXT, START = "answers", "text", "answer_start"
NO_ANSWER, NOT_THERE, MOVED = "no answer", "answer not in its context", "answer_start put right"
_WAY_OUT = "Correct or remove the question."
_BEGINS = re.compile(r'\s*\{\s*"(data|version)"\s*:')  # as SQuAD's JSON does, and no line of JSON lines
_LAYOUT = "SQuAD's JSON (data, paragraphs, qas), or JSON lines with question, context and answers"


@dataclass(frozen=True)
class _Question:
    """One question as a source has it; `answers` is None where the source has none at all."""

    place: str
    line: int | None
    question: Any
    context: Any
    answers: Any
    language: Any = None


@dataclass
class _Table:
    """Rows as they are collected, and how many answers were put right."""

    rows: TableBuilder
    corrected: Counter[str] = field(default_factory=Counter)


def load_answers(source: FileSource | TableSource, languages: Sequence[str]) -> Corpus:
    """The questions of `source` for each language; aligned only where that is claimed."""
    corrected: dict[str, dict[str, int]] = {}

    def collected(questions: Iterable[_Question], code: str) -> TableBuilder:
        table = _collected(list(questions))
        if table.corrected:
            corrected[code] = dict(table.corrected)
        return table.rows

    if isinstance(source, TableSource):
        check_configurations(source, languages)
        name = source.name
        tables = {code: collected(_of_hub(source, code), code) for code in languages}
    else:
        _refuse_options(source)
        name = source.path

        def read(path: Path, codes: Sequence[str]) -> dict[str, TableBuilder]:
            questions = _by_language(path, list(_of_file(path)), codes)
            return {code: collected(questions[code], code) for code in codes}

        tables = in_languages(source.path, languages, read)
    rows = {code: wanted_rows(tables[code].dataset(), source) for code in languages}
    skipped = {code: dict(tables[code].skipped) for code in languages if tables[code].skipped}
    return Corpus(SHAPE, rows, is_aligned(name, rows, source.aligned or len(rows) == 1), skipped, corrected)


def _refuse_options(source: FileSource) -> None:
    for option in ("layout", "columns", "labels"):
        if getattr(source, option):
            raise ValueError(f"{option}= is of other tasks; questions about contexts are read as {_LAYOUT}.")


def _collected(questions: Sequence[_Question]) -> _Table:
    """The questions whose answers are in their contexts, or all where the source has no answers."""
    labelled = any(one.answers is not None for one in questions)
    table = _Table(TableBuilder(SHAPE, labelled))
    for one in questions:
        texts = [one.question, one.context]
        for name, value in zip(SHAPE.texts, texts, strict=True):
            if not isinstance(value, str):
                raise DataError(one.place, one.line, f"{name} = {value!r}", "text", _WAY_OUT)
        if (reason := table.rows.lacks(texts)) is not None:
            table.rows.skipped[reason] += 1
        elif not labelled:
            table.rows.add(texts)
        else:
            _add(table, one)
    return table


def _add(table: _Table, one: _Question) -> None:
    given = list(_given(one))
    placed = [(text, _placed(one.context, text, start)) for text, start in given]
    kept = [(text, start) for text, start in placed if start is not None]
    if not kept:
        table.rows.skipped[NOT_THERE if given else NO_ANSWER] += 1
        return
    if any(start not in (None, said) for (_, start), (_, said) in zip(placed, given, strict=True)):
        table.corrected[MOVED] += 1
    label: Answers = {TEXT: [text for text, _ in kept], START: [start for _, start in kept]}
    table.rows.add([one.question, one.context, label])


def _given(one: _Question) -> Iterator[tuple[str, int]]:
    """The answers, from a list of mappings (SQuAD's files) or a mapping of lists (the hub)."""
    answers = one.answers or []
    if isinstance(answers, Mapping):
        texts, starts = answers.get(TEXT), answers.get(START)
        if isinstance(texts, list) and isinstance(starts, list) and len(texts) == len(starts):
            answers = [{TEXT: text, START: start} for text, start in zip(texts, starts, strict=True)]
    for answer in answers if isinstance(answers, list) else [answers]:
        text, start = (answer.get(TEXT), answer.get(START)) if isinstance(answer, dict) else (None, None)
        if not isinstance(text, str) or not isinstance(start, int):
            raise DataError(one.place, one.line, f"the answer {answer!r}", f"a {TEXT} and its {START}", _WAY_OUT)
        if text.strip():
            yield text, start


def _placed(context: str, text: str, start: int) -> int | None:
    """Where the answer stands, nearest to where it is said to; None where it does not."""
    if start >= 0 and context.startswith(text, start):
        return start
    found = [at for at in range(len(context)) if context.startswith(text, at)]
    return min(found, key=lambda at: abs(at - start), default=None)


# Files


def _of_file(path: Path) -> Iterator[_Question]:
    lines = list(read_lines(path))
    text = "\n".join(text for _, text in lines)
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        if _BEGINS.match(text):
            found = f"JSON that is broken, or ends too soon ({error.msg} at character {error.colno})"
            raise DataError(path, lines[error.lineno - 1][0], found, _LAYOUT, "Fetch it again.") from None
        whole = None  # several lines, a JSON each
    except (ValueError, RecursionError):
        whole = None  # the line will be named
    refuse_halves(whole, text, path, None, _LAYOUT, "Correct it.")
    if isinstance(whole, dict) and "data" in whole:
        return _of_squad(path, whole["data"])
    return _of_lines(path, lines)


def _by_language(path: Path, questions: list[_Question], codes: Sequence[str]) -> dict[str, list[_Question]]:
    """The questions of each language, where the rows say theirs; else all are of the only one."""
    if not all(one.language is not None for one in questions):
        if len(codes) > 1:
            found = f"one file for {len(codes)} languages ({', '.join(codes)}), whose rows do not say theirs"
            raise DataError(path, None, found, "a file or a key 'language'", "Write {lang} in the path.")
        return {codes[0]: questions}
    spoken = [language_of(one.language) for one in questions]
    check_languages(path, spoken, codes)
    return {code: [one for one, own in zip(questions, spoken, strict=True) if own == code] for code in codes}


def _of_squad(path: Path, articles: Any) -> Iterator[_Question]:
    """The questions of SQuAD's JSON, which errors name by their `id`, or else by number."""
    numbers = count(1)
    try:
        for article in articles:
            for paragraph in article["paragraphs"]:
                for asked in paragraph["qas"]:
                    number = next(numbers)
                    place = f"{path}, question {asked.get('id') or f'{number} (which has no id)'}"
                    yield _Question(place, None, asked["question"], paragraph["context"], asked.get(COLUMN))
    except (KeyError, TypeError, AttributeError) as error:
        found = f"JSON that is built otherwise ({type(error).__name__}: {error})"
        raise DataError(path, None, found, _LAYOUT, "Check how the file was written or fetched.") from None


def _of_lines(path: Path, lines: Sequence[tuple[int, str]]) -> Iterator[_Question]:
    for number, text in lines:
        if not text.strip():
            continue
        row = from_json(text, path, number, _LAYOUT, "Write one object a line (JSONL).")
        if not isinstance(row, dict) or not {"question", "context"} <= set(row):
            found = f"the keys {', '.join(row)}" if isinstance(row, dict) else f"a JSON {type(row).__name__}"
            raise DataError(path, number, found, _LAYOUT, _WAY_OUT)
        yield _Question(str(path), number, row["question"], row["context"], row.get(COLUMN), row.get("language"))


# The hub


def _of_hub(source: TableSource, code: str) -> Iterator[_Question]:
    data = load_dataset(source, code)
    texts = [source.columns.get(name, name) for name in SHAPE.texts]
    answers = source.columns.get(LABEL, COLUMN)
    check_columns(data.column_names, source, texts, SHAPE)
    for number, row in enumerate(data, start=1):
        question, context = (row[name] for name in texts)
        yield _Question(f"{source.name}, row {number}", None, question, context, row.get(answers))
