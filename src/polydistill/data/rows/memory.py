"""Rows that are given as objects: tables of `datasets` and `pandas`, and rows one by one.

A source is plain data and holds no rows. So the rows are kept here, by the hash of their content, as long as the
process lives; small ones in memory, large ones in a file without a name. A run that read them says their hash. Another
process can do the run again once it was given rows with the same hash.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polydistill.data.rows.sources import MemorySource
from polydistill.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

_AT_ONCE = 8192  # ours: rows that are Python objects at a time
_TEXT = "text"
_tables: dict[str, Dataset] = {}


def is_table(given: object) -> bool:
    """Whether these are rows: a table of `datasets` or `pandas`, or anything that can be gone through but a mapping."""
    if isinstance(given, str | bytes | Mapping):
        return False
    return _is(given, "pandas", "DataFrame") or isinstance(given, Iterable)


def rows_of(given: Any) -> Iterable[Any]:
    """Row by row what was given: the rows of a table of pandas, and of a text or a mapping alone that one row."""
    if isinstance(given, str | Mapping):
        return [given]
    return given.to_dict("records") if _is(given, "pandas", "DataFrame") else given  # type: ignore[no-any-return]


def refuse_splits(given: Mapping[str, Any]) -> None:
    """A data set with its splits is no table."""
    if _is(given, "datasets", "DatasetDict") or _is(given, "datasets", "IterableDatasetDict"):
        raise ValueError(f"A data set has the splits {', '.join(given)}. Give one of them, such as data['train'].")


def from_memory(given: Any, **options: Any) -> MemorySource:
    """The source that stands for these rows; they are read through once and kept."""
    table = _table(given)
    if not len(table):
        raise ValueError("Rows were given as an object that holds none. Expected at least one row.")
    fingerprint = _fingerprint(table)
    _tables.setdefault(fingerprint, table)
    header = tuple(table.column_names)
    return MemorySource(fingerprint=fingerprint, header=header, count=len(table), **options)


def table_of(source: MemorySource) -> Dataset:
    """The rows that a source stands for, if this process was given them."""
    if source.fingerprint not in _tables:
        raise ValueError(
            f"Rows of this run came from memory and are in no file: {source.count:,} rows with the columns "
            f"{', '.join(source.header)} (fingerprint {source.fingerprint}). Give the same rows again in Python before "
            "the run is done (polydistill.as_source(rows)), or give other rows, or a file."
        )
    return _tables[source.fingerprint]


def _table(given: Any) -> Dataset:
    """One table, whatever it was."""
    if _is(given, "datasets", "Dataset"):
        return given.with_format(None)  # type: ignore[no-any-return, attr-defined, unused-ignore]
    if _is(given, "pandas", "DataFrame"):
        return _of_frame(given)
    return _of_rows(iter(given))


def _is(given: object, library: str, name: str) -> bool:
    """Whether it is of this class, without importing a library that nobody has imported yet."""
    kind = getattr(sys.modules.get(library), name, None)
    return kind is not None and isinstance(given, kind)


def _of_frame(frame: Any) -> Dataset:
    import pyarrow as pa

    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise ValueError(f"The table has the columns {', '.join(names)}. Expected each name once.")
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    except (pa.ArrowException, UnicodeError) as error:
        raise _not_one_kind(error, "the table") from None
    return _growing(table.rename_columns(names).to_batches(_AT_ONCE), table.rename_columns(names).schema)


def _of_rows(rows: Iterator[Any]) -> Dataset:
    import pyarrow as pa

    first = _some(rows, 1)
    if first and set(first[0]) == {_TEXT} and Path(str(first[0][_TEXT])).is_file():
        raise ValueError(
            f"{first[0][_TEXT]!r} is a file, but a list holds rows. Name one file (its path may have {{lang}} or *), "
            "or give rows."
        )
    names = list(dict.fromkeys(name for row in first for name in row))
    columns = _columns(first, names, 1)
    schema = pa.schema([(name, pa.string() if pa.types.is_null(one.type) else one.type) for name, one in columns])

    def chunks() -> Iterator[pa.RecordBatch]:
        number, some = 1, first
        while some:
            yield _chunk(some, schema, number)
            number += len(some)
            some = _some(rows, number)

    return _growing(chunks(), schema)


def _some(rows: Iterator[Any], number: int) -> list[dict[str, Any]]:
    """The next rows, each a mapping; a text alone is a row with a text."""
    found = []
    for at, given in enumerate(islice(rows, _AT_ONCE), start=number):
        row = {_TEXT: given} if isinstance(given, str) else given
        if not isinstance(row, Mapping):
            way_out = "Give each row as {'column': value, ...}, or a table of pandas or datasets."
            raise DataError("rows from memory", at, f"{row!r:.80}", "a row as a mapping, or a text", way_out)
        found.append({str(name): value for name, value in row.items()})
    return found


def _columns(rows: list[dict[str, Any]], names: Iterable[str], number: int) -> list[tuple[str, pa.Array]]:
    import pyarrow as pa

    try:
        return [(name, pa.array([row.get(name) for row in rows])) for name in names]
    except (pa.ArrowException, UnicodeError) as error:
        raise _not_one_kind(error, f"rows {number} to {number + len(rows) - 1}") from None


def _chunk(rows: list[dict[str, Any]], schema: pa.Schema, number: int) -> pa.RecordBatch:
    import pyarrow as pa

    stray = next((name for row in rows for name in row if name not in schema.names), None)
    if stray is not None:
        raise ValueError(
            f"Row {number} or one soon after it has a column {stray!r}, which the first rows have not "
            f"({', '.join(schema.names)}). Give every row the same columns."
        )
    try:
        arrays = [pa.array([row.get(field.name) for row in rows], type=field.type) for field in schema]
    except (pa.ArrowException, UnicodeError, TypeError) as error:
        raise _not_one_kind(error, f"rows {number} to {number + len(rows) - 1}") from None
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _not_one_kind(error: Exception, where: str) -> ValueError:
    return ValueError(
        f"Rows from memory: {where} hold values that make no column ({error}). Give each column values of one kind: "
        "texts, numbers, or lists of them."
    )


def _growing(chunks: Iterable[pa.RecordBatch], schema: pa.Schema) -> Dataset:
    """What is large goes to a file as it comes."""
    from polydistill.data.files.growing import GrowingTable

    table = GrowingTable(schema)
    for chunk in chunks:
        table.add(chunk)
    return table.dataset()


def _fingerprint(table: Dataset) -> str:
    """A hash of names and values, whatever kind of table held them."""
    names = {name: getattr(feature, "names", None) for name, feature in table.features.items()}  # of a label's classes
    digest = hashlib.sha256(json.dumps(names).encode())
    for chunk in table.with_format("arrow").iter(_AT_ONCE):
        rows = [list(row.values()) for row in chunk.to_pylist()]
        digest.update(json.dumps(rows, ensure_ascii=True, default=repr).encode())
    return digest.hexdigest()[:32]
