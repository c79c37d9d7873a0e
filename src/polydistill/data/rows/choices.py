"""Questions with choices, from files and the hub: COPA and XCOPA, SIQA, and any others with a column a choice.

The columns are read as those of any other task, one a choice, and then gathered. In the public files of XCOPA the
`question` (`cause` or `effect`) is wrong in some languages: rows are those of the English COPA, so its file decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from polydistill.data.files.paths import find_file
from polydistill.data.files.records import first_record
from polydistill.data.files.tables import TableBuilder
from polydistill.data.files.text_lines import read_lines, without_trailing_blanks
from polydistill.data.rows.files import load_files, wanted_rows
from polydistill.data.rows.hub import column_names, load_hub
from polydistill.data.rows.labels import LabelReader
from polydistill.data.rows.shapes import CHOICES, LABEL, Corpus, RowShape
from polydistill.data.rows.sources import FileSource, TableSource
from polydistill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

WRONG_QUESTION = "question unlike the English COPA's"
_SIQA = {"premise": "context", "question": "question", "choice1": "answerA", "choice2": "answerB", "choice3": "answerC"}


def choice_names(count: int) -> tuple[str, ...]:
    """choice1, choice2, ..."""
    return tuple(f"choice{place}" for place in range(1, count + 1))


def load_choices(source: FileSource | TableSource, languages: Sequence[str]) -> Corpus:
    """The questions of `source` for each language, put right where it names an English file (`questions`)."""
    flat = _load_flat(source, languages)
    questions = getattr(source, "questions", None)
    english = None if questions is None else _english(questions, source)
    tables, corrected = {}, {}
    for code, rows in flat.rows.items():
        wrong = {} if english is None else wrong_questions(rows, english, f"{_name(source)} ({code})")
        tables[code] = _gathered(rows, flat.shape, wrong)
        if wrong:
            corrected[code] = {WRONG_QUESTION: len(wrong)}
    return Corpus(CHOICES, tables, flat.aligned, flat.skipped, corrected)


def wrong_questions(rows: Dataset, english: Dataset, name: str) -> dict[int, str]:
    """The rows whose question is not that of the English COPA, each with the right one; row i is row i of both."""
    if len(rows) != len(english):
        found, expected = f"{len(rows)} rows", f"the {len(english)} rows of the English file"
        raise DataError(name, None, found, expected, "Name the English file of the same split in questions=.")
    if LABEL in rows.column_names and LABEL in english.column_names:
        for number, (ours, theirs) in enumerate(zip(rows[LABEL][:], english[LABEL][:], strict=True), start=1):
            if ours != theirs:
                found, expected = f"row {number} with label {ours}", f"label {theirs}, as the English file has it"
                way_out = "Name the English file of the same rows in questions=."
                raise DataError(name, None, found, expected, way_out)
    pairs = enumerate(zip(rows["question"], english["question"], strict=True))
    return {row: right for row, (said, right) in pairs if said != right}


def _name(source: FileSource | TableSource) -> str:
    return source.path if isinstance(source, FileSource) else source.name


def _english(file: str, source: FileSource | TableSource) -> Dataset:
    """The same rows of the English file."""
    return _load_flat(FileSource(path=file, rows=source.rows, skip=source.skip), ["en"]).rows["en"]


def _load_flat(source: FileSource | TableSource, languages: Sequence[str]) -> Corpus:
    """A table a language with a column a choice."""
    if isinstance(source, TableSource):
        return _flat_hub(source, languages)
    names = first_record(find_file(source.path, languages[0]))
    resolved = source.model_copy(update=_known_columns(source, names))
    shape = _flat_shape(resolved.columns, names)
    if source.label_file is None:
        return load_files(resolved, shape, languages)
    return _with_labels(source.label_file, resolved, shape, languages)


def _flat_hub(source: TableSource, languages: Sequence[str]) -> Corpus:
    names = column_names(source, languages[0])
    resolved = source.model_copy(update=_known_columns(source, names))
    return load_hub(resolved, _flat_shape(resolved.columns, names), languages)


def _known_columns(source: FileSource | TableSource, names: Collection[str]) -> Mapping[str, object]:
    """What has to be said of SIQA's own columns; nothing for COPA's, or where the user says it."""
    if source.columns or not set(_SIQA.values()) <= set(names):
        return {}
    label = next((name for name in ("correct", "label") if name in names), None)
    columns = _SIQA if label is None else {**_SIQA, LABEL: label}
    return {"columns": columns, "labels": source.labels or tuple("ABC" if label == "correct" else "123")}


def _flat_shape(columns: Mapping[str, str], names: Collection[str]) -> RowShape:
    """As many choices as there are columns choice1, choice2, ...; at least two."""
    count = 2
    while f"choice{count + 1}" in (columns or names):
        count += 1
    choices = choice_names(count)
    return RowShape(("premise", "question", *choices), choices)


def _with_labels(file: str, source: FileSource, shape: RowShape, languages: Sequence[str]) -> Corpus:
    """Rows whose labels are the lines of another file."""
    if len(languages) > 1:
        raise ValueError(f"label_file= has the labels of one language, not of {', '.join(languages)}.")
    read = LabelReader(shape, source.labels)
    lines = list(without_trailing_blanks(read_lines(Path(file))))
    unlabelled = {name: theirs for name, theirs in source.columns.items() if name != LABEL}
    plain = source.model_copy(update={"columns": unlabelled, "labels": (), "rows": None, "skip": 0})
    (rows,) = load_files(plain, RowShape(shape.texts), languages).rows.values()
    if len(lines) != len(rows):
        way_out = "Name the labels of the same split."
        raise DataError(file, None, f"{len(lines)} labels", f"one for each of {len(rows)} rows", way_out)
    labels = [read.given(text, file, number) for number, text in lines]
    table = rows.add_column(LABEL, labels)
    return Corpus(shape, {languages[0]: wanted_rows(table, source)})


def _gathered(rows: Dataset, shape: RowShape, questions: Mapping[int, str]) -> Dataset:
    """The table with the choices in one column, and with these questions put right."""
    labelled = LABEL in rows.column_names
    table = TableBuilder(CHOICES, labelled)
    for number, row in enumerate(rows):
        choices = [row[name] for name in shape.texts[2:]]
        label = [row[LABEL]] if labelled else []
        table.add([row["premise"], questions.get(number, row["question"]), choices, *label])
    return table.dataset()
