"""A folder that is put into its place leaves nothing of the old one behind, whenever an earlier try was cut off."""

import pytest

from polydistill import whole


def folder_with(path, text):
    path.mkdir(parents=True)
    (path / "file").write_text(text)
    return path


def names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("there", [True, False])
def test_what_an_earlier_removal_left_goes(tmp_path, there):
    folder_with(tmp_path / ".model.removed", "older")
    if there:
        folder_with(tmp_path / "model", "old")
    whole.install(folder_with(tmp_path / "staged", "new"), tmp_path / "model")
    assert names(tmp_path) == {"model"}
    assert (tmp_path / "model" / "file").read_text() == "new"


def test_a_cut_while_the_old_one_is_removed(tmp_path, monkeypatch):
    folder_with(tmp_path / "model", "old")
    remove = whole.shutil.rmtree

    def cut(path, ignore_errors=False):
        if not ignore_errors:
            raise KeyboardInterrupt
        remove(path, ignore_errors)

    monkeypatch.setattr(whole.shutil, "rmtree", cut)
    with pytest.raises(KeyboardInterrupt):
        whole.install(folder_with(tmp_path / "staged", "new"), tmp_path / "model")
    monkeypatch.undo()
    assert names(tmp_path) == {".model.removed", "staged"}
    whole.install(tmp_path / "staged", tmp_path / "model")
    assert names(tmp_path) == {"model"}
