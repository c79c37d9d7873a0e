"""Arrays and tables that grow: the same whether they stay in memory or go to a file."""

import mmap

import numpy as np
import pyarrow as pa
import pytest

from polydistill.data.files import growing
from polydistill.data.files.growing import GrowingArray, GrowingTable, pieces, room_for

SCHEMA = pa.schema([("text", pa.string())])


def where(file_from, monkeypatch):
    monkeypatch.setattr(growing, "IN_MEMORY", file_from)


@pytest.mark.parametrize(("file_from", "in_file"), [(0, True), (100, True), (1 << 20, False)])
def test_an_array(monkeypatch, file_from, in_file):
    where(file_from, monkeypatch)
    parts = [np.arange(start, 3 * start).reshape(-1, 2) for start in (2, 40, 6, 1)]
    array = GrowingArray(np.int32)
    for part in parts:
        array.add(part)
    whole = array.array()
    assert whole.tolist() == np.concatenate(parts).reshape(-1).tolist()
    assert whole.dtype == np.int32
    assert isinstance(getattr(whole.base, "obj", None), mmap.mmap) == in_file
    del array
    assert whole[-1] == 2  # the file is there as long as something reads it


def test_nothing_was_added():
    assert GrowingArray(np.int64).array().tolist() == []
    assert GrowingTable(SCHEMA).dataset()["text"] == []


def test_a_table(monkeypatch):
    texts = [["one", "İki", ""], [], ["x" * 200], ["last"]]
    rows = []
    for file_from in (0, 100, 1 << 20):
        where(file_from, monkeypatch)
        before = pa.total_allocated_bytes()
        table = GrowingTable(SCHEMA)
        for some in texts:
            table.add(pa.RecordBatch.from_arrays([pa.array(some, type=pa.string())], schema=SCHEMA))
        rows.append(table.dataset())
        del table
        assert rows[-1]["text"] == ["one", "İki", "", "x" * 200, "last"]
        assert (pa.total_allocated_bytes() - before < 200) == (file_from < 1 << 20)
    assert len({one._fingerprint for one in rows}) == 1


@pytest.mark.parametrize(("file_from", "in_file"), [(23, True), (24, False)])
def test_an_array_of_a_known_size(monkeypatch, file_from, in_file):
    where(file_from, monkeypatch)
    room = room_for((3, 2), np.float32)
    assert isinstance(room.base, np.memmap) == in_file
    for row in (2, 0, 1):
        room[row] = row
    assert room.tolist() == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize("size", [1, 3, 8])
def test_pieces(monkeypatch, size):
    monkeypatch.setattr(growing, "_PIECE", size)
    values = np.arange(7)
    assert np.concatenate(list(pieces(values))).tolist() == values.tolist()
    assert all(len(piece) <= size and np.shares_memory(piece, values) for piece in pieces(values))
