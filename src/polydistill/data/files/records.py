"""Records of TSV, CSV, JSONL and Parquet files: which columns to take, and their values line by line."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from polydistill.data.files.json_text import from_json
from polydistill.data.files.parquet import parquet_rows
from polydistill.data.files.text_lines import read_lines, uncompressed, without_trailing_blanks
from polydistill.errors import DataError

Quoted = Literal["never", "some", "as csv"]
_FORMATS = {
    ".tsv": "tsv",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".json": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


@dataclass(frozen=True)
class Columns:
    """Which columns of a file hold what, and how its rows are written.

    `shares` have a share for a label each, where there is no label. Without a header the names are the positions,
    "1", "2", ... `quoted`: which fields with quotes in them are quoted as Python's csv module does: all (`as csv`),
    or `some`, which double a quote inside (PAWS-X). `short_rows`: a row may end after the last column needed.
    `blank`: columns that a header or an object may lack (or an object have as null), which is read as an empty
    text.
    """

    texts: tuple[str, ...]
    label: str | None = None
    shares: tuple[str, ...] = ()
    language: str | None = None
    header: bool = True
    quoted: Quoted = "never"
    short_rows: bool = False
    blank: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns to take, in the order of a record's values: texts, shares, label, language."""
        return (*self.texts, *self.shares, *(name for name in (self.label, self.language) if name is not None))


def file_format(path: Path) -> str:
    """What a file is by its ending, apart from `.gz`, `.xz` or `.zst` after it: jsonl, csv, parquet, or else tsv."""
    return _FORMATS.get(Path(uncompressed(path.name)).suffix.lower(), "tsv")


def holds_objects(path: Path) -> bool:
    """Whether each of its records names its own fields, so that no first line does."""
    return file_format(path) in ("jsonl", "parquet")


def is_table(path: Path) -> bool:
    """Whether the file's ending says that its lines are records and not sentences."""
    return Path(uncompressed(path.name)).suffix.lower() in _FORMATS


def first_record(path: Path) -> tuple[str, ...]:
    """The fields of the first line of a TSV or CSV file, or the keys of the first object of another one."""
    records: Iterator[tuple[int, Iterable[str]]]
    records = _objects(path) if holds_objects(path) else _fields(path, Columns(()))
    for _, record in records:
        return tuple(record)
    way_out = "Check how the file was written or fetched."
    raise DataError(path, None, "only blank lines", "at least one record", way_out)


def read_records(path: Path, columns: Columns) -> Iterator[tuple[int, list[Any]]]:
    """Line number and values (in the order of `columns.wanted`) of every record."""
    if holds_objects(path):
        return _from_objects(path, columns)
    return _from_fields(path, columns)


def whole_records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and every field by its name, of every record; the first line of a TSV or CSV file has the names."""
    if holds_objects(path):
        yield from _objects(path)
        return
    names = first_record(path)
    for line, values in _from_fields(path, Columns(names)):
        yield line, dict(zip(names, values, strict=True))


def _from_objects(path: Path, columns: Columns) -> Iterator[tuple[int, list[Any]]]:
    for line, record in _objects(path):
        record |= {name: "" for name in columns.blank if record.get(name) is None}
        missing = [name for name in columns.wanted if record.get(name) is None]
        if missing:
            found = f"no value for {missing[0]!r} (the keys are {', '.join(record)})"
            way_out = "Complete or remove the line, or name other keys with columns=."
            raise DataError(path, line, found, f"keys {', '.join(columns.wanted)}", way_out)
        yield line, [record[name] for name in columns.wanted]


def _from_fields(path: Path, columns: Columns) -> Iterator[tuple[int, list[Any]]]:
    rows = _fields(path, columns)
    first_line, first = next(rows)
    names = first if columns.header else [str(position) for position in range(1, len(first) + 1)]
    lacking = [name for name in columns.blank if name not in names]
    picked = [None if name in lacking else names.index(name) for name in columns.wanted]
    least = max(index for index in picked if index is not None) + 1 if columns.short_rows else len(names)
    if not columns.header:
        yield first_line, _picked(first, picked)
    for line, fields in rows:
        if not least <= len(fields) <= len(names):
            way_out = "Look for a stray or missing separator, or a line break inside a text."
            raise DataError(path, line, _count(len(fields)), f"{_count(len(names))}, as in the first line", way_out)
        yield line, _picked(fields, picked)


def _picked(fields: Sequence[str], picked: Sequence[int | None]) -> list[str]:
    return ["" if index is None else fields[index] for index in picked]


def _count(fields: int) -> str:
    return f"{fields} field" + ("" if fields == 1 else "s")


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    if file_format(path) == "parquet":
        yield from enumerate(parquet_rows(path), start=1)
        return
    for line, text in without_trailing_blanks(read_lines(path)):
        record = from_json(text, path, line, "one JSON object a line", "Write one object a line (JSONL).")
        if not isinstance(record, dict):
            found = f"a JSON {type(record).__name__}"
            raise DataError(path, line, found, "one JSON object a line", "Write one object a line (JSONL).")
        yield line, record


def _fields(path: Path, columns: Columns) -> Iterator[tuple[int, list[str]]]:
    if file_format(path) == "csv":
        yield from _csv_fields(path)
        return
    for line, text in without_trailing_blanks(read_lines(path)):
        fields = text.split("\t")
        if columns.quoted == "as csv":
            fields = [_unquoted(path, line, field) for field in fields]
        elif columns.quoted == "some":
            fields = [(_inside(field) if '""' in field[1:-1] else None) or field for field in fields]
        yield line, fields


def _csv_fields(path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((text + "\n" for _, text in without_trailing_blanks(read_lines(path))), strict=True)
    try:
        for fields in reader:
            yield reader.line_num, fields
    except csv.Error as error:
        way_out = "Quote fields that hold commas, quotes or line breaks, and double the quotes inside."
        raise DataError(path, reader.line_num, f"broken CSV ({error})", "comma-separated values", way_out) from None


def _unquoted(path: Path, line: int, field: str) -> str:
    """A field as Python's csv module writes it for TSV: in quotes, those inside doubled, if it holds any quote."""
    if '"' not in field:
        return field
    inside = _inside(field)
    if inside is None:
        way_out = "If quotes are plain text in this file, say layout=headerless."
        raise DataError(path, line, f"a bare quote in {field!r}", "quoted fields, as XTREME's script writes", way_out)
    return inside


def _inside(field: str) -> str | None:
    """What a field in quotes, which doubles those inside, says; None where it is not such a field."""
    inner = field[1:-1]
    bare = len(field) < 2 or field[0] != '"' or field[-1] != '"' or '"' in inner.replace('""', "")
    return None if bare else inner.replace('""', '"')
