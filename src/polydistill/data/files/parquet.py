"""Rows of Parquet files, with labels by name where the file names its classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polydistill.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 8192  # ours: rows that are Python objects at a time


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Row by row, column by column."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            named = _named(file.schema_arrow)
            for batch in file.iter_batches(_AT_ONCE):
                for row in batch.to_pylist():
                    yield row | {column: name(row[column]) for column, name in named.items()}
    except pa.ArrowException as error:
        found = f"what cannot be read as Parquet ({error})"
        raise DataError(path, None, found, "a whole Parquet file", "Check how the file was written.") from None


def _named(schema: pa.Schema) -> dict[str, Callable[[Any], Any]]:
    """For each column of classes, from its numbers to their names, as `datasets` writes them beside the schema."""
    if b"huggingface" not in (schema.metadata or {}):
        return {}
    from datasets import ClassLabel, Features

    found = {}
    for column, feature in Features.from_arrow_schema(schema).items():
        inner = getattr(feature, "feature", feature)
        if isinstance(inner, ClassLabel):
            found[column] = _name_of(inner.names)
    return found


def _name_of(names: list[str]) -> Callable[[Any], Any]:
    def name(value: Any) -> Any:
        if isinstance(value, list):
            return [name(one) for one in value]
        return names[value] if value in range(len(names)) else value

    return name
