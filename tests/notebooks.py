"""Notebooks: executed in a kernel of their own, at full size or as tests do it.

A code cell may say in its metadata what tests put in place of what stands there, to be quick:
`{"in_tests": {"steps=600": "steps=2"}}`.

`python tests/notebooks.py docs/notebooks/NAME.ipynb` executes one as a reader would, and writes its outputs into it.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"


def as_in_tests(notebook: Any) -> Any:
    """The notebook as tests execute it."""
    for cell in notebook.cells:
        for long, short in cell.metadata.get("in_tests", {}).items():
            assert long in cell.source, f"{long!r} is not in the cell:\n{cell.source}"
            cell.source = cell.source.replace(long, short)
    return notebook


def executed(notebook: Any, folder: Path) -> Any:
    """The notebook, executed in a folder; the first cell that fails is an error."""
    return NotebookClient(
        notebook, timeout=3600, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()


def tidy(notebook: Any) -> Any:
    """Without what changes from one execution to the next, and without what is not for readers."""
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [one for one in map(_kept, cell.outputs) if one is not None]
    return notebook


def _kept(output: Any) -> Any:
    """What is printed, and the value of a cell; not progress."""
    if output.output_type == "stream":
        return output if output.name == "stdout" else None
    if output.output_type != "execute_result":
        return None
    output.data = {"text/plain": output.data["text/plain"]}
    return output


def rewrite(path: Path) -> None:
    """Execute a notebook at full size and write what its cells show into it."""
    with tempfile.TemporaryDirectory() as folder:
        done = executed(nbformat.read(path, 4), Path(folder))
    path.write_text(nbformat.writes(tidy(done)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    rewrite(Path(sys.argv[1]))
