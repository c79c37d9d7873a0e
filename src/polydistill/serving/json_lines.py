"""Rows from lines of JSON; a line that cannot be used is named, or left out and counted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from polydistill.data.files.json_text import from_json
from polydistill.data.files.text_lines import decoded
from polydistill.errors import DataError
from polydistill.tasks import AnyTask, task_of

_WAY_OUT = "Correct or remove the line, or leave such lines out with --skip-bad."


@dataclass
class LeftOut:
    """The lines that could not be used: how many, and what was wrong with the first."""

    count: int = 0
    first: DataError | None = None

    def add(self, error: DataError) -> None:
        """One more."""
        self.count += 1
        self.first = self.first or error


def read_rows(
    lines: Iterable[tuple[int, bytes]], name: str, task: AnyTask, left_out: LeftOut | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of numbered lines, blank ones aside. With `left_out`, it collects what otherwise is an error."""
    for number, raw in lines:
        if not raw.strip():
            continue
        try:
            row = _row(raw, name, number, task)
        except DataError as error:
            if left_out is None:
                raise
            left_out.add(error)
        else:
            yield row


def _row(raw: bytes, name: str, number: int, task: AnyTask) -> dict[str, Any]:
    text = decoded(name, number, raw)
    row = from_json(text, name, number, "one JSON object a line", _WAY_OUT)
    expected = f"an object such as {task_of(task).example}"
    if wrong := task_of(task).wrong_with(row if isinstance(row, dict) else None):
        raise DataError(name, number, wrong, expected, _WAY_OUT)
    assert isinstance(row, dict), "what is no object has no texts"
    return row
