"""What is put in place is whole, readable by whom its folder is for, and a full disk is one line."""

import errno
import os
import re
import stat
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from polydistill import whole
from polydistill.whole import DiskFullError, install, room_for, sweep_files, write_bytes, write_text, written_whole


@pytest.fixture(params=[0o022, 0o002, 0o077])
def mode(request):
    before = os.umask(request.param)
    yield 0o666 & ~request.param
    os.umask(before)


def mode_of(file):
    return stat.S_IMODE(file.stat().st_mode)


def test_weights_have_the_mode_of_the_umask(tmp_path, mode):
    with written_whole(tmp_path / "best.safetensors") as unfinished:
        save_file({"a": torch.zeros(1)}, unfinished)
    (tmp_path / "aside").mkdir()
    save_file({"a": torch.zeros(1)}, tmp_path / "aside" / "model.safetensors")
    install(tmp_path / "aside", tmp_path / "model")
    assert mode_of(tmp_path / "best.safetensors") == mode_of(tmp_path / "model" / "model.safetensors") == mode
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["best.safetensors", "model", "model.safetensors"]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    write_text(tmp_path / "run.json", "old")
    with pytest.raises(RuntimeError), written_whole(tmp_path / "run.json") as unfinished:
        unfinished.write_text("half")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
    assert (tmp_path / "run.json").read_text() == "old"


def test_what_somebody_named_is_whole_a_link_stays_one_and_a_device_takes_it(tmp_path, monkeypatch):
    write_bytes(tmp_path / "new" / "scores.json", b"1")
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "new" / "scores.json")
    write_bytes(link, b"22")
    assert link.is_symlink() and (tmp_path / "new" / "scores.json").read_bytes() == b"22"
    with pytest.raises(DiskFullError, match=r"left where /dev/full was written"):
        write_bytes(Path("/dev/full"), b"333")

    def fails(file, _):
        file.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fails)
    with pytest.raises(DiskFullError):
        write_bytes(link, b"444")
    assert link.read_bytes() == b"22" and [file.name for file in (tmp_path / "new").iterdir()] == ["scores.json"]


def test_a_file_that_may_not_become_so_large_is_one_line(tmp_path):
    for error in (OSError(errno.EFBIG, "File too large"), RuntimeError("I/O error: File too large (os error 27)")):
        with pytest.raises(DiskFullError, match="weights became larger than a file"), room_for(tmp_path / "weights"):
            raise error


def test_what_a_kill_left_is_swept(tmp_path):
    (tmp_path / ".results.json.17.unfinished").write_text("half")
    (tmp_path / "results.json").write_text("whole")
    sweep_files(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
    ids=["python", "quota", "rust"],
)
def test_a_full_disk_is_one_line(tmp_path, error):
    with (
        pytest.raises(DiskFullError, match=r"full: [\d.]+ MB are left where .*model was written.*newest checkpoint"),
        room_for(tmp_path),
        room_for(tmp_path / "model"),
    ):
        raise error


@pytest.mark.parametrize(
    "said",
    [
        "PytorchStreamWriter failed writing file data/3: file write failed",
        "[enforce fail at inline_container.cc:672] . unexpected pos 39872 vs 39764",
    ],
    ids=["write", "end"],
)
def test_torch_says_only_that_it_failed(tmp_path, monkeypatch, said):
    failed = RuntimeError(said)
    with pytest.raises(RuntimeError, match=re.escape(said)), room_for(tmp_path):
        raise failed
    monkeypatch.setattr(whole, "_free", lambda place: 0)
    with pytest.raises(DiskFullError), room_for(tmp_path):
        raise failed


def test_another_error_stays_what_it_is(tmp_path):
    with pytest.raises(PermissionError), room_for(tmp_path):
        raise PermissionError(errno.EACCES, "no")
