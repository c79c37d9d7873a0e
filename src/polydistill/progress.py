"""How far longer work is, on standard error: in a terminal a line that moves, elsewhere one now and then.

It says how much is done and, where it is known how much there is, the time left. What is done in two seconds says
nothing. One piece of work is shown at a time: what is done inside of another, such as a look at dev rows in a training,
is part of that.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

PATIENCE, BETWEEN = 2.0, 15.0
"""Ours: seconds before anything is shown, and between two lines where there is no terminal."""

T = TypeVar("T")
_shown: list["Shown"] = []  # the one that is shown


class Shown:
    """One piece of work. `first` is how much of it had been done before; without `patience` it is always shown."""

    def __init__(
        self,
        what: str,
        total: int | None = None,
        console: "Console | None" = None,
        *,
        unit: str = "",
        first: int = 0,
        patience: float | None = None,
    ) -> None:
        self.what, self.total, self.unit = what, total, unit
        self.first, self.patience = first, PATIENCE if patience is None else patience
        self._console, self._said = console, patience == 0
        self._bar: Progress | None = None
        self._on_terminal: bool | None = None  # asked for once: finding it out takes longer than many an item
        self._done, self._beside = first, ""
        self._began = self._last = time.monotonic()
        self._hidden = bool(_shown) or os.environ.get("RANK", "0") != "0"
        if not self._hidden:
            _shown.append(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def more(self, count: int) -> None:
        """So much more is done."""
        self.at(self._done + count)

    def at(self, done: int, beside: str = "") -> None:
        """So much is done; `beside` stands at the end of the line."""
        self._done, self._beside = done, beside
        now = time.monotonic()
        if self._hidden or now - self._began < self.patience:
            return
        if self._on_terminal is None:
            self._on_terminal = self.console.is_terminal
        if self._on_terminal:
            self._move()
        elif now - self._last > BETWEEN:
            self._say(now)

    def end(self) -> None:
        """It is over: the last line, where there was one before."""
        if self in _shown:
            _shown.remove(self)
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        elif self._said and not self._hidden:
            self._say(time.monotonic())

    @property
    def console(self) -> "Console":
        """Where it is shown."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(stderr=True)
        return self._console

    def _move(self) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        if self._bar is None:
            known: list[Any] = [BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left")]
            counted: list[Any] = [TextColumn("{task.fields[rate]}"), TimeElapsedColumn()]
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                *([*known, TimeRemainingColumn()] if self.total is not None else counted),
                TextColumn("{task.fields[beside]}", markup=False),
                console=self.console,
            )
            self._line = self._bar.add_task(self.what, total=self.total, completed=self.first, beside="", rate="")
            self._bar.start()
        rate = self._rate(time.monotonic())
        self._bar.update(self._line, completed=self._done, beside=self._beside, rate=rate)

    def _say(self, now: float) -> None:
        spent, done = now - self._began, self._done - self.first
        if self.total is None:
            said = self._rate(now) or f"{spent:.0f} s"
        else:
            left = (self.total - self._done) * spent / done if done else 0.0
            said = f"{self.unit} {self._done:,} of {self.total:,}, {spent:.0f} s, {left:.0f} s left".lstrip()
        line = f"{self.what}: {said}  {self._beside}".rstrip()
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._last, self._said = now, True

    def _rate(self, now: float) -> str:
        spent = now - self._began
        if self._done == self.first:
            return ""
        counted = f"{self._done:,} {self.unit}".rstrip()
        return counted + (f", {self._done / spent:,.1f} a second" if spent > 0 else "")


@contextmanager
def underway(what: str, console: "Console | None" = None) -> Iterator[None]:
    """Work that has no parts to be counted: that it goes on is shown, with the time that it has taken."""
    over = threading.Event()
    with Shown(what, console=console) as shown:

        def tell() -> None:
            while not over.wait(shown.patience):
                shown.at(shown.first)

        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        try:
            yield
        finally:
            over.set()
            teller.join()


def followed(
    items: Iterable[T],
    what: str,
    total: int | None = None,
    console: "Console | None" = None,
    *,
    unit: str = "",
    many: Callable[[T], int] | None = None,
) -> Iterator[T]:
    """The same items, while it is shown how far they are; each counts once, or as `many` says."""
    with Shown(what, total, console, unit=unit) as shown:
        for item in items:
            yield item
            shown.more(1 if many is None else many(item))
