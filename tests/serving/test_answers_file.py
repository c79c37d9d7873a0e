"""A file of answers is whole or not there, and unfinished work goes on behind its last whole line."""

import errno
import gzip
import json
from pathlib import Path

import pytest

from polydistill.errors import DataError
from polydistill.serving.answers_file import part_of, rows_left, writing
from polydistill.whole import DiskFullError

ROWS = [{"premise": f"Row {at}.", "hypothesis": "It is."} for at in range(4)]


def line(row):
    return json.dumps({**row, "predicted": "neutral", "probabilities": {"neutral": 1.0}}) + "\n"


def write(file, rows, goes_on=False):
    with writing(file, goes_on) as lines:
        for row in rows:
            lines.write(line(row))


@pytest.mark.parametrize("name", ["said.jsonl", "said.jsonl.gz"])
def test_a_file_appears_when_all_is_in_it(tmp_path, name):
    file = tmp_path / name
    with pytest.raises(KeyboardInterrupt), writing(file) as lines:
        lines.write(line(ROWS[0]) + line(ROWS[1])[:20])
        raise KeyboardInterrupt
    assert not file.exists()
    left = list(rows_left(file, ROWS))
    assert left == ROWS[1:]
    write(file, left, goes_on=True)
    content = file.read_bytes()
    assert (gzip.decompress(content) if file.suffix == ".gz" else content).decode() == "".join(map(line, ROWS))
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path):
    file = tmp_path / "said.jsonl"
    file.write_text("old\n")
    with pytest.raises(OSError, match="full"), writing(file) as lines:
        lines.write("new\n")
        raise OSError("full")
    assert file.read_text() == "old\n"


def test_a_full_disk_is_one_line(tmp_path):
    new = tmp_path / "new" / "answers.jsonl"
    with pytest.raises(DiskFullError, match=r"left where .*answers.jsonl was written"), writing(new):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(DiskFullError, match=r"left where /dev/full was written"), writing(Path("/dev/full")) as lines:
        lines.write("{}")


def test_a_folder_is_no_file_of_answers(tmp_path):
    for use in (lambda: part_of(tmp_path), lambda: writing(tmp_path).__enter__()):
        with pytest.raises(DataError, match="found a folder; expected a file to write"):
            use()


def test_nothing_unfinished_means_all_rows(tmp_path):
    assert list(rows_left(tmp_path / "said.jsonl", ROWS)) == ROWS


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([ROWS[0], ROWS[2]], "line 2: found the answer of another row"),
        (ROWS[:1], "line 2: found more answers than there are rows"),
    ],
)
def test_another_input_is_refused(tmp_path, rows, says):
    file = tmp_path / "said.jsonl"
    part_of(file).write_text("".join(map(line, ROWS[:2])))
    with pytest.raises(ValueError, match=says):
        rows_left(file, rows)


def test_a_part_that_is_none_is_named(tmp_path):
    file = tmp_path / "said.jsonl"
    part_of(file).write_text("no answer\n")
    with pytest.raises(ValueError, match="line 1: found no JSON"):
        rows_left(file, ROWS)


def test_a_device_is_written_to_and_not_replaced(tmp_path):
    device = tmp_path / "null"
    device.symlink_to("/dev/null")
    write(device, ROWS)
    assert device.is_symlink()
    assert not part_of(device).exists()
