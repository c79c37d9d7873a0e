"""Arrays and tables that grow at their end, and may become larger than memory.

What is small stays in memory. What is larger goes to a file as it comes and is read from there as if it were memory: of
its pages the system keeps those that are in use, as far as there is room. The file has no name, lies where temporary
files do (`TMPDIR`), and is gone as soon as nothing reads it any more.
"""

from __future__ import annotations

import hashlib
import math
import mmap
import weakref
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

IN_MEMORY = 1 << 24  # ours: bytes of one array or table that wait in memory before they are written
_PIECE = 1 << 20  # ours: numbers


class GrowingArray:
    """Numbers of one kind, put one after another."""

    def __init__(self, kind: DTypeLike) -> None:
        self._kind = np.dtype(kind)
        self._waiting: list[NDArray[Any]] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None

    def add(self, values: NDArray[Any]) -> None:
        """Put these after what is there."""
        flat = np.asarray(values, dtype=self._kind).reshape(-1)
        self._waiting.append(flat)
        self._bytes += flat.nbytes
        if self._bytes > IN_MEMORY:
            self._file = self._file or _nameless(self)
            self._write(self._file)

    def array(self) -> NDArray[Any]:
        """All that was added; not to be written to."""
        if self._file is None:
            return np.concatenate([np.zeros(0, dtype=self._kind), *self._waiting])
        self._write(self._file)
        return np.frombuffer(_mapped(self._file), dtype=self._kind)

    def _write(self, file: IO[bytes]) -> None:
        for values in self._waiting:
            file.write(values.tobytes())
        self._waiting, self._bytes = [], 0


class GrowingTable:
    """Rows of one schema as an Arrow table, chunk by chunk."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None
        self._writer: pa.RecordBatchStreamWriter | None = None
        self._digest = hashlib.sha256(schema.serialize())

    def add(self, chunk: pa.RecordBatch) -> None:
        """Put these rows after those that are there."""
        self._digest.update(chunk.serialize())
        self._waiting.append(chunk)
        self._bytes += chunk.nbytes
        if self._bytes > IN_MEMORY:
            if self._writer is None:
                import pyarrow as pa

                self._file = _nameless(self)
                self._writer = pa.ipc.new_stream(self._file, self._schema)
            self._write(self._writer)

    def dataset(self) -> Dataset:
        """All rows; to be asked for once, at the end."""
        from datasets import Dataset

        # the fingerprint is given because `datasets` would find it by pickling the whole table, at four times its size
        return Dataset(self._table(), fingerprint=self._digest.hexdigest()[:16])

    def _table(self) -> pa.Table:
        import pyarrow as pa

        if self._file is None or self._writer is None:
            return pa.Table.from_batches(self._waiting, schema=self._schema)
        self._write(self._writer)
        self._writer.close()
        return pa.ipc.open_stream(pa.py_buffer(_mapped(self._file))).read_all()

    def _write(self, writer: pa.RecordBatchStreamWriter) -> None:
        for chunk in self._waiting:
            writer.write_batch(chunk)
        self._waiting, self._bytes = [], 0


def room_for(shape: tuple[int, ...], kind: DTypeLike) -> NDArray[Any]:
    """An array of a size that is known, to be written to in any order."""
    if math.prod(shape) * np.dtype(kind).itemsize <= IN_MEMORY:
        return np.empty(shape, kind)
    with TemporaryFile() as file:
        return np.asarray(np.memmap(file, kind, "w+", shape=shape))


def pieces(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """One part after another (views, no copies), so that what is made of them takes little memory at a time."""
    return (values[start : start + _PIECE] for start in range(0, len(values), _PIECE))


def _nameless(writer: object) -> IO[bytes]:
    """A file that is closed when its writer is gone; what is mapped of it stays."""
    file: IO[bytes] = TemporaryFile()  # noqa: SIM115
    weakref.finalize(writer, file.close)
    return file


def _mapped(file: IO[bytes]) -> mmap.mmap:
    """What was written to a file."""
    file.flush()
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
