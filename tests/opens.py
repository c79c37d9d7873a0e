"""Counts how often files are opened, by whatever way."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

_counted: list[Counter[str]] = []
_hooked: list[bool] = []


def _listen(event: str, given: tuple[object, ...]) -> None:
    if _counted and event == "open" and isinstance(given[0], str | os.PathLike):
        _counted[-1][os.path.realpath(given[0])] += 1


@contextmanager
def opens_counted() -> Iterator[Counter[str]]:
    """How often each path is opened inside."""
    if not _hooked:
        sys.addaudithook(_listen)  # can never be taken off, so it is there once
        _hooked.append(True)
    _counted.append(Counter())
    try:
        yield _counted[-1]
    finally:
        _counted.pop()
