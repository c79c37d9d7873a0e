"""The notebooks run, are short, and show what they print."""

import nbformat
import pytest

from notebooks import FOLDER, as_in_tests, executed, tidy

ALL = sorted(FOLDER.glob("*.ipynb"))


def test_there_are_three():
    assert [path.stem for path in ALL] == ["my_classifier", "my_loss", "small_encoder"]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_they_are_short_and_show_their_outputs(path):
    notebook = nbformat.read(path, 4)
    assert len(notebook.cells) < 15
    assert notebook == tidy(nbformat.read(path, 4))
    assert any(cell.get("outputs") for cell in notebook.cells)


@pytest.mark.slow
@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_they_run(path, tmp_path):
    executed(as_in_tests(nbformat.read(path, 4)), tmp_path)
