"""Files and folders that are whole or absent: written aside, flushed to the disk, then renamed into place.

What is put in place has the mode that the umask gives, whoever wrote it: safetensors writes for its owner alone. A full
disk is one clear error, whichever library met it.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_UNFINISHED = ".unfinished"
_FULL = ("No space left on device", "os error 28", "Disk quota exceeded", "os error 122")
_TOO_LARGE = ("File too large", "os error 27")
_TORCH = ("PytorchStreamWriter failed", "inline_container.cc")  # torch says no more than that a write failed
_NEXT_TO_NOTHING = 1 << 20


class DiskFullError(OSError):
    """There was no room for a file."""


def flush(path: Path) -> None:
    """Make sure that a file's (or folder's) content is on the disk and not only in the system's memory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def install(folder: Path, place: Path) -> None:
    """Move a finished folder to its place in one step; whoever looks finds the old state or the new one."""
    with room_for(place):
        paths = [*folder.rglob("*"), folder]
        _open_to_all([path for path in paths if path.is_file()], folder)
        for path in paths:
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
    """A path of this process to write to; on success it becomes `file` in one step, else it is gone."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}{_UNFINISHED}")
    with room_for(file):
        try:
            yield unfinished
            _open_to_all([unfinished], file.parent)
            flush(unfinished)
            unfinished.replace(file)
            flush(file.parent)
        finally:
            unfinished.unlink(missing_ok=True)


def write_text(file: Path, text: str) -> None:
    """Write a text, whole or not at all."""
    with written_whole(file) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def write_bytes(file: Path, content: bytes) -> None:
    """Write what somebody has named, whole or not at all; a device or a pipe takes it, as nothing may replace it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    place = file.resolve()  # a link stays one
    if place.exists() and not place.is_file():
        with room_for(file):
            place.write_bytes(content)
    else:
        with written_whole(place) as unfinished:
            unfinished.write_bytes(content)


def sweep_files(folder: Path, name: str = "*") -> None:
    """Remove the files in `folder` that a killed process left half-written; of the file of this name, or of all."""
    for leftover in folder.glob(f".{name}{_UNFINISHED}"):
        if leftover.is_file():
            leftover.unlink()


def _open_to_all(files: list[Path], folder: Path) -> None:
    """Give files the mode that any other new file in the folder has."""
    probe = folder / f".mode.{os.getpid()}"
    try:
        probe.touch()
        mode = probe.stat().st_mode & 0o777
    finally:
        probe.unlink(missing_ok=True)
    for file in files:
        if file.stat().st_mode & 0o777 != mode:
            file.chmod(mode)


@contextmanager
def room_for(place: Path) -> Iterator[None]:
    """Say in one line that the disk is full, while `place` was written, whatever the writer makes of it."""
    try:
        yield
    except DiskFullError:
        raise
    except Exception as error:  # each library has its own
        free = _free(place)
        if _says(error, (errno.EFBIG,), _TOO_LARGE):
            found = f"{place} became larger than a file may be here (ulimit -f says how large). Nothing half-written"
            raise DiskFullError(errno.EFBIG, f"{found} bears its name") from error
        if not _is_full(error, free):
            raise
        raise DiskFullError(
            errno.ENOSPC,
            f"The disk is full: {free / 1e6:.1f} MB are left where {place} was written. Nothing half-written bears its "
            "name. Make room and give the same command again: a run goes on from its newest checkpoint",
        ) from error


def _free(place: Path) -> int:
    there = next(folder for folder in (place, *place.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


def _is_full(error: BaseException, free: int) -> bool:
    """Whether a full disk is at the bottom of an error."""
    return _says(error, (errno.ENOSPC, errno.EDQUOT), _FULL) or (free < _NEXT_TO_NOTHING and _says(error, (), _TORCH))


def _says(error: BaseException | None, numbers: tuple[int, ...], signs: tuple[str, ...]) -> bool:
    """Whether an error, or what led to it, has such a number or such words."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in numbers:
            return True
        if any(sign in str(error) for sign in signs):
            return True
        error = error.__cause__ or error.__context__
    return False
