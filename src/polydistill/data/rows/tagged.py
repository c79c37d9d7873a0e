"""Tagged words (WikiAnn, PAN-X, CoNLL): lines with a token and its tag, JSONL, Parquet, and the hub.

The original WikiAnn writes the language before each token (`en:Paris`); it is taken off.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polydistill.data.files.records import Columns, file_format, first_record, holds_objects, read_records
from polydistill.data.files.tables import TableBuilder
from polydistill.data.files.text_lines import read_lines
from polydistill.data.rows.files import check_languages, in_languages, is_aligned, language_of, wanted_rows
from polydistill.data.rows.hub import check_columns, check_configurations, load_dataset
from polydistill.data.rows.labels import LabelReader, plain
from polydistill.data.rows.shapes import LABEL, Corpus, RowShape
from polydistill.data.rows.sources import FileSource, TableSource
from polydistill.errors import DataError
from polydistill.languages import codes_of

if TYPE_CHECKING:
    import datasets

NO_WORDS = "no words"
TOKENS = "tokens"
_TAGS = ("ner_tags", "tags", LABEL, "labels", "pos_tags", "upos")  # as the hub, and others, call the column
_ENTITY = re.compile(r"O|[BIESLUM]-\S+")  # beginning, inside, end, single, last, unit, middle
_SPACED = re.compile("[^ ]+")
_DOCUMENT = "-DOCSTART-"  # CoNLL-2003 begins each document so
_LOOKED_AT = 20  # ours: lines that say what a file is
_EXPECTED = "a token and its tag, with a tab between them, as in the first line"
_WAY_OUT = "Write one token and its tag a line, with a tab between them and a blank line after each sentence."


@dataclass(frozen=True)
class _Sentence:
    """Words and, where there are, tags as the source spells them; `file` and `line` are where it begins."""

    file: str | Path
    line: int | None
    words: list[str]
    tags: list[Any] | None


def load_tagged(source: FileSource | TableSource, shape: RowShape, languages: Sequence[str]) -> Corpus:
    """The tagged sentences of `source` for each language; aligned only where that is claimed."""
    read = LabelReader(shape, source.labels)
    if isinstance(source, TableSource):
        check_configurations(source, languages)
        loaded = {code: _of_hub(load_dataset(source, code), source, shape) for code in languages}
        name, tables = source.name, {code: _table(sentences, shape, read) for code, sentences in loaded.items()}
    else:
        name, tables = (
            source.path,
            in_languages(source.path, languages, lambda path, codes: _of_file(path, source, shape, codes, read)),
        )
    rows = {code: wanted_rows(tables[code].dataset(), source) for code in languages}
    skipped = {code: dict(tables[code].skipped) for code in languages if tables[code].skipped}
    return Corpus(shape, rows, is_aligned(name, rows, source.aligned or len(rows) == 1), skipped)


def _table(sentences: Iterable[_Sentence], shape: RowShape, read: LabelReader) -> TableBuilder:
    """The sentences with their tags as indices; those without a word are left out."""
    table: TableBuilder | None = None
    for sentence in sentences:
        if table is None:
            table = TableBuilder(shape, labelled=sentence.tags is not None)
        if not sentence.words:
            table.skipped[NO_WORDS] += 1
        elif sentence.tags is None:
            table.add([sentence.words])
        else:
            table.add([sentence.words, _indices(sentence, read)])
    return TableBuilder(shape, labelled=False) if table is None else table


def _indices(sentence: _Sentence, read: LabelReader) -> list[int] | list[str]:
    assert sentence.tags is not None
    if len(sentence.tags) != len(sentence.words):
        found = f"{len(sentence.tags)} tags for {len(sentence.words)} words"
        raise DataError(sentence.file, sentence.line, found, "a tag for each word", "Correct or remove the row.")
    # in a file of lines each word has a line of its own, and so has its wrong tag
    step = 0 if sentence.line is None or holds_objects(Path(sentence.file)) else 1
    places = (None if sentence.line is None else sentence.line + step * at for at in range(len(sentence.tags)))
    if read.shape.written:
        return [plain(tag) for tag in sentence.tags]
    return [read.given(tag, sentence.file, line) for tag, line in zip(sentence.tags, places, strict=True)]


# Files


def _of_file(
    path: Path, source: FileSource, shape: RowShape, languages: Sequence[str], read: LabelReader
) -> dict[str, TableBuilder]:
    """The sentences of one file, by language."""
    if source.layout is not None:
        raise ValueError(f"layout={source.layout} is of sentence pairs; files of tagged words need none. Leave it out.")
    if holds_objects(path):
        return _of_records(path, source, shape, languages, read)
    if source.columns:
        raise ValueError(f"columns= is for JSONL; {path} is read as token<TAB>tag lines. Leave it out.")
    if len(languages) > 1:
        found = f"one file for {len(languages)} languages ({', '.join(languages)})"
        raise DataError(path, None, found, "a file a language", "Write {lang} in the path.")
    (code,) = languages
    table = _table(_without_prefix(_of_lines(path), code), shape, read)
    if not len(table):
        raise DataError(path, None, "only blank lines", "at least one sentence", _WAY_OUT)
    return {code: table}


def looks_tagged(path: Path) -> bool:
    """Whether each line of the first sentence of a file ends with a tag such as O or B-PER."""
    if file_format(path) != "tsv":
        return False
    lines = itertools.dropwhile(lambda line: not line[2], _parted(path))
    first = list(itertools.islice(itertools.takewhile(lambda line: bool(line[2]), lines), _LOOKED_AT))
    return bool(first) and all(len(fields) > 1 and _ENTITY.fullmatch(fields[-1]) for _, _, fields in first)


def _of_lines(path: Path) -> Iterator[_Sentence]:
    """Sentences of lines with a token, perhaps others' columns, and a tag; or with a token alone (test sets)."""
    width = 0
    words: list[str] = []
    tags: list[str] = []
    start = 1
    for number, text, fields in _parted(path):
        if not fields:
            if words:
                yield _Sentence(path, start, words, tags if width > 1 else None)
            words, tags, start = [], [], number + 1
            continue
        width = width or len(fields)
        if len(fields) != width or (width > 2 and not _ENTITY.fullmatch(fields[-1])):
            expected = _EXPECTED if width > 1 else "a token alone, as in the first line"
            raise DataError(path, number, f"{text!r:.80} ({len(fields)} fields)", expected, _WAY_OUT)
        words.append(fields[0])
        tags += fields[-1:] if width > 1 else []
    if words:
        yield _Sentence(path, start, words, tags if width > 1 else None)


def _parted(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Number, line, and its fields: between tabs, or between spaces (CoNLL) where the first line ends with a tag so.

    Blank lines have none, and so have those that only say which document or sentence begins.
    """
    spaced: bool | None = None
    begins = True
    for number, text in read_lines(path):
        words = _SPACED.findall(text)
        comment = begins and text.startswith("# ") and "\t" not in text and not _ENTITY.fullmatch(words[-1])
        begins = not text.strip() or comment or text.startswith(_DOCUMENT)
        if begins:
            yield number, text, []
            continue
        if spaced is None:
            spaced = "\t" not in text and len(words) > 1 and bool(_ENTITY.fullmatch(words[-1]))
        yield number, text, words if spaced else text.split("\t")


def _without_prefix(sentences: Iterator[_Sentence], code: str) -> Iterator[_Sentence]:
    """The sentences without the language before each token, if all tokens of the first sentence have it."""
    prefixes = tuple(f"{known}:" for known in codes_of(code))
    prefix: str | None = None
    for sentence in sentences:
        if prefix is None:
            every = (known for known in prefixes if all(word.startswith(known) for word in sentence.words))
            prefix = next(every, "")
        for at, word in enumerate(sentence.words):
            if not word.startswith(prefix):
                line = None if sentence.line is None else sentence.line + at
                way_out = "Write the language before every token, or before none."
                raise DataError(sentence.file, line, f"the token {word!r}", f"{prefix!r} before it", way_out)
        yield replace(sentence, words=[word.removeprefix(prefix) for word in sentence.words])


def _of_records(
    path: Path, source: FileSource, shape: RowShape, languages: Sequence[str], read: LabelReader
) -> dict[str, TableBuilder]:
    """Sentences of JSON lines with lists of words and of tags."""
    names = first_record(path)
    columns = _columns(path, source.columns, names)
    if columns.language is None and len(languages) > 1:
        found = f"no key 'language', but {len(languages)} languages asked for ({', '.join(languages)})"
        raise DataError(path, 1, found, "a key that says each row's language", "Write {lang} in the path.")
    by_language: dict[str, list[_Sentence]] = {code: [] for code in languages}
    seen: set[str] = set()
    for line, values in read_records(path, columns):
        code = languages[0] if columns.language is None else language_of(values[-1])
        seen.add(code)
        if code in by_language:
            tags = values[1] if columns.label is not None else None
            by_language[code].append(_sentence(path, line, values[0], tags))
    check_languages(path, seen, languages)
    return {code: _table(sentences, shape, read) for code, sentences in by_language.items()}


def _columns(file: str | Path, given: Mapping[str, str], names: Sequence[str]) -> Columns:
    """Where words, tags and language are."""
    if unknown := set(given) - {TOKENS, LABEL, "language"}:
        raise ValueError(f"columns= maps {', '.join(sorted(unknown))}; expected tokens, label or language.")
    other = "words" if TOKENS not in names and set(_TAGS) & set(names) else TOKENS
    tokens = given.get(TOKENS, other)
    if tokens not in names:
        way_out = "Say which key is which: columns=tokens:NAME,label:NAME."
        raise DataError(file, 1, f"the keys {', '.join(names)}", f"a key {tokens!r}", way_out)
    label = given.get(LABEL) or next((name for name in _TAGS if name in names), None)
    spoken = given.get("language") or ("language" if "language" in names else None)
    return Columns((tokens,), label, (), spoken)


def _sentence(file: str | Path, line: int | None, words: object, tags: object) -> _Sentence:
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise DataError(file, line, f"tokens = {words!r}", "a list of texts", "Correct or remove the row.")
    if tags is not None and not isinstance(tags, list):
        raise DataError(file, line, f"tags = {tags!r}", "a list of tags", "Correct or remove the row.")
    return _Sentence(file, line, words, tags)


# The hub


def _of_hub(data: datasets.Dataset, source: TableSource, shape: RowShape) -> Iterator[_Sentence]:
    """Sentences of a data set; tags are read by name where it names them, whatever its order."""
    columns = _columns(source.name, source.columns, data.column_names)
    check_columns(data.column_names, source, columns.wanted, shape)
    name = _tag_names(data, columns.label)
    for number, row in enumerate(data.select_columns(list(columns.wanted)), start=1):
        tags = None if columns.label is None else [name(tag) for tag in row[columns.label]]
        yield _sentence(f"{source.name}, row {number}", None, row[columns.texts[0]], tags)


def _tag_names(data: datasets.Dataset, column: str | None) -> Any:
    """From a stored tag to its name."""
    feature = None if column is None else getattr(data.features[column], "feature", None)
    from datasets import ClassLabel

    return feature.int2str if isinstance(feature, ClassLabel) else lambda tag: tag
