"""The bytes of input files. A file is opened once: it is counted, hashed and loaded from what is held of it.

Small files are held in memory, of large ones the open file; those are hashed while they are first read through. What is
held is known by path, size and time of change. A file that was written a moment ago may change again within one tick of
its time stamp, so it is opened anew each time.
"""

import hashlib
import io
import os
import time
import weakref
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any

_LARGE = 1 << 26  # ours: bytes of a file that is not held in memory
_TOGETHER = 1 << 28  # ours: bytes of all that are
_OPEN = 64  # ours: files that are held at a time
_JUST_WRITTEN = 2_000_000_000  # ns: the coarsest time stamp of a file system
_AT_ONCE = 1 << 20

State = tuple[Path, int, int]


class _Held:
    """One file: its bytes, or the open file."""

    def __init__(self, path: Path, size: int) -> None:
        file = path.open("rb")
        weakref.finalize(self, file.close)
        self._number, self.size = file.fileno(), size
        self._data = file.read() if size < _LARGE else None
        self._digest: str | None = None if self._data is None else hashlib.sha256(self._data).hexdigest()
        if self._data is not None:
            file.close()

    @property
    def known(self) -> str | None:
        """The SHA-256 of the bytes, if all were read already."""
        return self._digest

    @property
    def in_memory(self) -> int:
        """Bytes."""
        return 0 if self._data is None else len(self._data)

    def reader(self) -> IO[bytes]:
        """The bytes from the beginning."""
        return io.BytesIO(self._data) if self._data is not None else io.BufferedReader(_Reading(self), _AT_ONCE)

    def digest(self) -> str:
        """The SHA-256 of the bytes."""
        if self._digest is None:
            with self.reader() as reader:
                while reader.read(_AT_ONCE):
                    pass
        assert self._digest is not None, "whoever reads a file to its end has hashed it"
        return self._digest

    def piece(self, start: int, size: int) -> bytes:
        """Some bytes of an open file."""
        return os.pread(self._number, size, start)

    def learn(self, digest: str) -> None:
        """Take the hash from who has read it all."""
        self._digest = digest


class _Reading(io.RawIOBase):
    """One pass over an open file; if it goes from the beginning to the end without a jump, it has hashed the file."""

    def __init__(self, held: _Held) -> None:
        self._held, self._at, self._hashed, self._hash = held, 0, 0, hashlib.sha256()

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._held.size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        data = self._held.piece(self._at, len(buffer))
        buffer[: len(data)] = data
        if data and self._at == self._hashed:
            self._hash.update(data)
            self._hashed += len(data)
            if self._hashed == self._held.size:
                self._held.learn(self._hash.hexdigest())
        self._at += len(data)
        return len(data)


_held: OrderedDict[State, _Held] = OrderedDict()


def opened(path: Path) -> IO[bytes]:
    """The bytes of a file."""
    return _hold(path).reader()


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return _hold(path).digest()


def known_digest(path: Path) -> str | None:
    """The same, where it is known without reading a large file for it."""
    return _hold(path).known


def forget() -> None:
    """Let go of all that is held."""
    _held.clear()


def _hold(path: Path) -> _Held:
    found = path.stat()
    state = path.resolve(), found.st_size, found.st_mtime_ns
    if state not in _held:
        held = _Held(path, found.st_size)
        if time.time_ns() - found.st_mtime_ns < _JUST_WRITTEN:
            return held
        _held[state] = held
    _held.move_to_end(state)
    while len(_held) > _OPEN or (len(_held) > 1 and sum(one.in_memory for one in _held.values()) > _TOGETHER):
        _held.popitem(last=False)
    return _held[state]
