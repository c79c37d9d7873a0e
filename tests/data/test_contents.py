"""Input files are opened once, whatever is done with them; what changes is seen."""

import hashlib
import os

import pytest

from opens import opens_counted
from polydistill.data.files import contents
from polydistill.data.files.contents import digest, opened


@pytest.fixture
def opens():
    """How often each path is opened from now on."""
    contents.forget()
    with opens_counted() as counted:
        yield counted
    contents.forget()


def old(path):
    """Make a file one that was not written a moment ago."""
    os.utime(path, (1_000_000_000, 1_000_000_000))
    return path


@pytest.fixture(params=[False, True], ids=["in memory", "as an open file"])
def large(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(contents, "_LARGE", 10)
        monkeypatch.setattr(contents, "_AT_ONCE", 64)


@pytest.mark.usefixtures("large")
def test_read_and_hashed_twice_opened_once(opens, tmp_path):
    text = b"line\n" * 1000
    file = tmp_path / "text"
    file.write_bytes(text)
    old(file)
    opens.clear()
    assert opened(file).read() == text
    assert digest(file) == digest(file) == hashlib.sha256(text).hexdigest()
    first, second = opened(file), opened(file)
    assert first.readline() == second.readline() == b"line\n"
    first.seek(-5, os.SEEK_END)
    assert first.read() == b"line\n" and second.read() == text[5:]
    assert opens[os.path.realpath(file)] == 1


@pytest.mark.usefixtures("large")
def test_a_jump_is_no_hash(opens, tmp_path):
    file = tmp_path / "text"
    file.write_bytes(b"0123456789" * 30)
    reader = opened(old(file))
    reader.seek(200)
    reader.read()
    assert digest(file) == hashlib.sha256(b"0123456789" * 30).hexdigest()
    assert opens[os.path.realpath(file)] == 2  # one of them wrote it


def test_what_changes_is_read_again(opens, tmp_path):
    file = tmp_path / "text"
    file.write_text("one")
    before = digest(file)
    file.write_text("two")  # as long, and perhaps in the same tick of the clock
    assert digest(file) != before
    old(file)
    assert opened(file).read() == b"two"
    file.write_text("six")
    assert opened(file).read() == b"six"


def test_what_is_held_is_bounded(opens, tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "_TOGETHER", 100)
    for name in "abcdef":
        file = tmp_path / name
        file.write_bytes(b"x" * 40)
        digest(old(file))
    assert [path.name for path, _, _ in contents._held] == ["e", "f"]
