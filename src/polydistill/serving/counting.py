"""How far reading is, where nobody knows how much there is: rows so far and rows a second, on standard error."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

_QUIET_SECONDS = 15.0

T = TypeVar("T")


def counted(rows: Iterable[T], console: Console, bar: bool = True) -> Iterator[T]:
    """The rows as they come, counted by a line that moves in a terminal (if `bar`), or now and then elsewhere."""
    if console.is_terminal:
        yield from _in_a_terminal(rows, console) if bar else rows
        return
    began = last = time.monotonic()
    for number, row in enumerate(rows, start=1):
        yield row
        now = time.monotonic()
        if now - last > _QUIET_SECONDS:
            last = now
            console.print(_said(number, now - began), markup=False, highlight=False)


def _in_a_terminal(rows: Iterable[T], console: Console) -> Iterator[T]:
    began = time.monotonic()
    with Progress(TextColumn("{task.fields[said]}"), TimeElapsedColumn(), console=console, transient=True) as shown:
        line = shown.add_task("", total=None, said=_said(0, 0.0))
        number = 0
        for number, row in enumerate(rows, start=1):
            yield row
            shown.update(line, said=_said(number, time.monotonic() - began))
    console.print(_said(number, time.monotonic() - began), markup=False, highlight=False)


def _said(rows: int, seconds: float) -> str:
    return f"{rows:,} rows" + (f", {rows / seconds:,.1f} a second" if seconds > 0 else "")
