"""Task rows from files in the benchmarks' own layouts: a corpus of any row shape."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polydistill.data.files.paths import find_file
from polydistill.data.files.records import Columns, read_records
from polydistill.data.files.tables import TableBuilder
from polydistill.data.rows.labels import LabelReader
from polydistill.data.rows.layouts import find_columns
from polydistill.data.rows.shapes import LABEL, Corpus, RowShape
from polydistill.data.rows.sources import LANGUAGE_PLACEHOLDER, FileSource, TableSource, window
from polydistill.data.rows.usual import is_logits, label_of_share
from polydistill.errors import DataError
from polydistill.languages import language

if TYPE_CHECKING:
    from datasets import Dataset

NO_LABEL = "no gold label"
ReadFile = Callable[[Path, Sequence[str]], dict[str, TableBuilder]]


def load_files(source: FileSource, shape: RowShape, languages: Sequence[str]) -> Corpus:
    """The rows of `source` in `shape` for each language, from one file a language or one with a column `language`."""
    tables = in_languages(source.path, languages, lambda path, codes: _read(path, source, shape, codes))
    rows = {code: wanted_rows(tables[code].dataset(), source) for code in languages}
    skipped = {code: dict(tables[code].skipped) for code in languages if tables[code].skipped}
    return Corpus(shape, rows, is_aligned(source.path, rows, source.aligned), skipped)


def in_languages(path: str, languages: Sequence[str], read: ReadFile) -> dict[str, TableBuilder]:
    """A table for each language, from one file a language or from one with all of them."""
    if LANGUAGE_PLACEHOLDER not in path:
        return read(find_file(path, languages[0]), languages)
    tables: dict[str, TableBuilder] = {}
    for code in languages:
        tables |= read(find_file(path, code), [code])
    return tables


def wanted_rows(dataset: Dataset, source: FileSource | TableSource) -> Dataset:
    """The rows that the source asks for: all, the first ones, or some after the first."""
    start, stop, _ = window(source).indices(len(dataset))
    if source.skip and start >= stop:
        name = source.path if isinstance(source, FileSource) else source.name
        raise DataError(name, None, f"{len(dataset)} rows", f"more than skip={source.skip}", "Skip fewer.")
    return dataset if (start, stop) == (0, len(dataset)) else dataset.select(range(start, stop))


def is_aligned(name: str, rows: dict[str, Dataset], claimed: bool | None) -> bool:
    """Whether row i says the same in every language: as claimed (then checked), or where all labels are equal."""
    counts = {code: len(dataset) for code, dataset in rows.items()}
    if claimed and len(set(counts.values())) > 1:
        found = "row counts " + ", ".join(f"{count} ({code})" for code, count in counts.items())
        way_out = "Complete the shorter file, or say aligned=false if the rows are not translations of each other."
        raise DataError(name, None, found, "equal row counts in aligned languages", way_out)
    if claimed is not None or len(rows) == 1:
        return claimed is not False
    if len(set(counts.values())) > 1 or not all(LABEL in dataset.column_names for dataset in rows.values()):
        return False
    labels = [dataset.data.column(LABEL) for dataset in rows.values()]
    return all(column.equals(labels[0]) for column in labels[1:])


def _read(path: Path, source: FileSource, shape: RowShape, languages: Sequence[str]) -> dict[str, TableBuilder]:
    """The rows of one file, by language."""
    labels = LabelReader(shape, source.labels)
    columns = find_columns(path, shape, source.layout, source.columns, labels)
    if columns.language is None and len(languages) > 1:
        found = f"no column 'language', but {len(languages)} languages asked for ({', '.join(languages)})"
        way_out = "Write {lang} in the path for one file a language, or name the column: columns=language:NAME,..."
        raise DataError(path, 1, found, "a column that says each row's language", way_out)
    labelled = columns.label is not None or bool(columns.shares)
    tables = {code: TableBuilder(shape, labelled) for code in languages}
    seen: dict[str, int] = {}
    for line, values in read_records(path, columns):
        code = language_of(values[-1]) if columns.language is not None else languages[0]
        seen[code] = seen.get(code, 0) + 1
        if code in tables:
            _add(tables[code], path, line, values, columns, labels)
    check_languages(path, seen, languages)
    return tables


def _add(table: TableBuilder, path: Path, line: int, values: list[Any], columns: Columns, labels: LabelReader) -> None:
    """Add one record, unless it lacks a text that it needs, or its annotators gave no label."""
    texts = list(_texts(path, line, values[: len(columns.texts)], columns))
    if (reason := table.lacks(texts)) is not None:
        table.skipped[reason] += 1
        return
    after = len(columns.texts)
    if columns.shares:
        value: object = dict(zip(map(label_of_share, columns.shares), values[after:], strict=False))
    elif columns.label is None:
        table.add(texts)
        return
    else:
        value = values[after]
    label = labels.read(value, path, line, is_logits(columns.shares or (columns.label or "",)))
    if label is None:
        table.skipped[NO_LABEL] += 1
    else:
        table.add([*texts, label])


def _texts(path: Path, line: int, values: list[Any], columns: Columns) -> Iterator[str]:
    for name, value in zip(columns.texts, values, strict=True):
        if not isinstance(value, str):
            way_out = "Correct the line, or name another column with columns=."
            raise DataError(path, line, f"{name} = {value!r}", "text", way_out)
        yield value


def language_of(value: object) -> str:
    """The two-letter code of a row's language, or its own spelling where the toolkit does not know the language."""
    try:
        return language(str(value)).code
    except ValueError:
        return str(value)


def check_languages(path: str | Path, seen: Collection[str], languages: Sequence[str]) -> None:
    """Each language that is asked for must have rows among those seen in the file."""
    if not seen:
        raise DataError(path, None, "a header and no rows", "at least one row", "Check how the file was written.")
    for code in languages:
        if code not in seen:
            found = f"no row for language {code!r} (there are {', '.join(sorted(seen))})"
            raise DataError(path, None, found, "rows for each language", "Leave the language out, or add its rows.")
