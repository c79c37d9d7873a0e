"""Rows from lines of JSON, or of a table; a line that cannot be used is named, or left out and counted."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from polydistill.data.files.json_text import from_json
from polydistill.data.files.records import file_format, is_table, whole_records
from polydistill.data.files.text_lines import decoded, raw_lines
from polydistill.errors import DataError
from polydistill.tasks import AnyTask, task_of

_WAY_OUT = (
    "Correct or remove the line, name its columns (--columns text=NAME), or leave such lines out with --skip-bad."
)


@dataclass
class LeftOut:
    """The lines that could not be used: how many, and what was wrong with the first."""

    count: int = 0
    first: DataError | None = None

    def add(self, error: DataError) -> None:
        """One more."""
        self.count += 1
        self.first = self.first or error


def renamed(row: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """The row with our names in place of those that its fields have."""
    ours = {theirs: our for our, theirs in columns.items()}
    return {ours.get(name, name): value for name, value in row.items()}


@dataclass(frozen=True)
class Reading:
    """How a row is read: for which task, and which of its fields are called otherwise (our name: theirs)."""

    task: AnyTask
    columns: Mapping[str, str] = field(default_factory=dict)

    def parsed(self, raw: bytes, name: str, number: int) -> dict[str, Any]:
        """The row of a line."""
        text = decoded(name, number, raw)
        return self.row(from_json(text, name, number, "one JSON object a line", _WAY_OUT), name, number)

    def row(self, given: object, name: str, number: int) -> dict[str, Any]:
        """The row with our names, refused where it lacks a text."""
        task, row = task_of(self.task), renamed(given, self.columns) if isinstance(given, dict) else None
        if wrong := task.wrong_with(row):
            lacks = row is not None and not set(task.shape.texts) <= row.keys()
            there = f" (there are {', '.join(row or ()):.200})" if lacks else ""
            raise DataError(name, number, wrong + there, f"an object such as {task.example}", _WAY_OUT)
        assert row is not None, "what is no object has no texts"
        return row


def read_rows(
    lines: Iterable[tuple[int, bytes]], name: str, reading: Reading, left_out: LeftOut | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of numbered lines, blank ones aside. With `left_out`, it collects what otherwise is an error."""
    for number, raw in lines:
        if raw.strip() and (row := _kept(partial(reading.parsed, raw, name, number), left_out)) is not None:
            yield row


def file_rows(path: Path, reading: Reading, left_out: LeftOut | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a file: of a table, or of lines of JSON."""
    if is_table(path) and file_format(path) != "jsonl":
        return table_rows(path, reading, left_out)
    return read_rows(raw_lines(path), str(path), reading, left_out)


def table_rows(path: Path, reading: Reading, left_out: LeftOut | None = None) -> Iterator[dict[str, Any]]:
    """The same of a TSV, CSV or Parquet file."""
    for number, record in whole_records(path):
        if (row := _kept(partial(reading.row, record, str(path), number), left_out)) is not None:
            yield row


def _kept(row: Callable[[], dict[str, Any]], left_out: LeftOut | None) -> dict[str, Any] | None:
    try:
        return row()
    except DataError as error:
        if left_out is None:
            raise
        left_out.add(error)
        return None
