"""Rows from lines of JSON; a line that cannot be used is named, or left out and counted."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

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
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and thousands of brackets
        why = f"{error.msg} at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else error
        raise DataError(name, number, f"text that is not JSON ({why})", "one JSON object a line", _WAY_OUT) from None
    expected = f"an object such as {task_of(task).example}"
    if wrong := task_of(task).wrong_with(row if isinstance(row, dict) else None):
        raise DataError(name, number, wrong, expected, _WAY_OUT)
    if not _is_unicode(text, row):
        raise DataError(name, number, r"half of a surrogate pair (such as \ud83d alone)", expected, _WAY_OUT)
    assert isinstance(row, dict), "what is no object has no texts"
    return row


def _is_unicode(text: str, row: object) -> bool:
    """JSON can spell halves of characters, which no tokenizer reads and no file holds."""
    if "\\ud" not in text.lower():
        return True
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
