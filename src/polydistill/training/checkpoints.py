"""Checkpoints that are whole or absent: written aside, flushed to the disk, then renamed into place."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = "unfinished"
_NAME = re.compile(r"checkpoint-(\d+)")


def flush(path: Path) -> None:
    """Make sure that a file's (or folder's) content is on the disk and not only in the system's memory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def install(folder: Path, place: Path) -> None:
    """Move a finished folder to its place in one step; whoever looks finds the old state or the new one."""
    for path in [*folder.rglob("*"), folder]:
        flush(path)
    shutil.rmtree(_doomed(place), ignore_errors=True)  # a kill may have left it
    if place.exists():
        discard(place)
    folder.replace(place)
    flush(place.parent)


def discard(folder: Path) -> None:
    """Remove a folder: first from its place, in one step, then its content."""
    doomed = _doomed(folder)
    shutil.rmtree(doomed, ignore_errors=True)
    folder.replace(doomed)
    shutil.rmtree(doomed)


def _doomed(folder: Path) -> Path:
    """What a folder is called while it is removed."""
    return folder.with_name(f".{folder.name}.removed")


@contextmanager
def written_whole(file: Path) -> Iterator[Path]:
    """A temporary path to write to; on success it becomes `file` in one step."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    yield unfinished
    flush(unfinished)
    unfinished.replace(file)
    flush(file.parent)


def sweep(folder: Path) -> None:
    """Remove what a killed process left half-written or half-removed."""
    shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
    for leftover in folder.glob(".checkpoint-*.removed"):
        shutil.rmtree(leftover, ignore_errors=True)
    for leftover in folder.glob(".*.unfinished"):
        leftover.unlink()


def latest(folder: Path) -> Path | None:
    """The newest whole checkpoint in `folder`."""
    found = [(int(match[1]), path) for path in folder.glob("checkpoint-*") if (match := _NAME.fullmatch(path.name))]
    return max(found)[1] if found else None
