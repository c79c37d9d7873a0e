"""A file of answers, a line of JSON each, which bears its name only when all of them are in it.

Until then they stand in `NAME.part` beside it, not compressed, so that an interrupted work can go on from there.
"""

import contextlib
import gzip
import itertools
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from polydistill.errors import DataError
from polydistill.whole import room_for

ADDED = ("predicted", "probabilities")
"""What an answer has beside its row."""


def part_of(file: Path) -> Path:
    """Where the answers of a file stand until all are there."""
    if file.is_dir():
        raise DataError(file, None, "a folder", "a file to write", "Name one in it.")
    return file.with_name(f"{file.name}.part")


@contextlib.contextmanager
def writing(file: Path, goes_on: bool = False) -> Iterator[TextIO]:
    """What takes the lines of a file, after those that are there if work goes on. The file appears at the end."""
    part = part_of(file)
    if file.exists() and not file.is_file():  # a device or a pipe: nothing may take its place
        with room_for(file), file.open("w", encoding="utf-8") as lines:
            yield lines
        return
    with room_for(file):
        part.parent.mkdir(parents=True, exist_ok=True)
    with room_for(file), part.open("a" if goes_on else "w", encoding="utf-8") as lines:
        yield lines
    if file.suffix == ".gz":
        packed = part.with_name(f"{part.name}.gz")
        with room_for(file), part.open("rb") as plain, gzip.open(packed, "wb") as target:
            shutil.copyfileobj(plain, target)
        packed.replace(file)
        part.unlink()
    else:
        part.replace(file)


def rows_left(file: Path, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows that the unfinished answers of a file do not have yet; a line that was cut off is taken away."""
    part, coming = part_of(file), iter(rows)
    if not part.is_file():
        return coming
    for number, answer in enumerate(_whole_lines(part), start=1):
        row = next(coming, None)
        if row is None or any(answer.get(name) != value for name, value in row.items() if name not in ADDED):
            found = "the answer of another row" if row is not None else "more answers than there are rows"
            way_out = "Give the input that it was begun with, or remove it and begin again."
            raise DataError(part, number, found, f"the answer of row {number} of the input", way_out)
    return coming


def _whole_lines(part: Path) -> Iterator[Mapping[str, Any]]:
    """The lines of a file, which then ends after the last one that is whole."""
    with part.open("rb+") as lines:
        for number in itertools.count(1):
            start = lines.tell()
            line = lines.readline()
            if not line.endswith(b"\n"):
                lines.truncate(start)
                return
            try:
                yield json.loads(line)
            except ValueError:
                way_out = "Remove the file and begin again."
                raise DataError(part, number, "no JSON", "an answer, as predict writes it", way_out) from None
