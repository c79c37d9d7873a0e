"""Folders of models on disk: the one inside a run's folder, which run left one, and what it holds."""

import hashlib
from functools import lru_cache
from pathlib import Path

from polydistill.manifest import FILES
from polydistill.results import MODEL, STUDENTS

MEMORY = "memory:"
"""How the name of a model begins that was given as an object (`memory.py`)."""
GIVEN: dict[str, Path] = {}
"""The folders of these models, as long as the process lives."""


def here(name: str | Path) -> str | Path:
    """What opens a model of this name: the name itself, or the folder of one that was given as an object."""
    if not str(name).startswith(MEMORY):
        return name
    if str(name) not in GIVEN:
        raise ValueError(
            f"The model {name} came from memory and is in no folder. Give the same model again in Python before the "
            "run is done (polydistill.as_model((network, tokenizer))), or give another, or a folder."
        )
    return GIVEN[str(name)]


def run_folder(model: Path) -> Path | None:
    """The folder of the run that left this model's folder, if it lies as in one."""
    if model.name == MODEL:
        return model.parent
    return model.parent.parent if model.parent.name == STUDENTS else None


def model_folder(folder: Path) -> Path:
    """The model inside a run's folder, or the folder itself where it is a model's."""
    if (folder / "config.json").exists():
        return folder
    students = students_in(folder)
    if len(students) > 1:
        names = ", ".join(f"{STUDENTS}/{name}" for name in students)
        raise ValueError(f"{folder} holds {len(students)} students. Name the folder of one: {names} in it.")
    inner = next(iter(students.values()), folder / MODEL)
    return inner if inner.is_dir() else folder


def students_in(folder: Path) -> dict[str, Path]:
    """The folders of the students that a run has left, by name; none where it leaves one model without a name."""
    return {file.parent.name: file.parent for file in sorted((folder / STUDENTS).glob("*/config.json"))}


def model_content(folder: Path) -> list[tuple[str, str]]:
    """Name and hash of each file that a model is loaded from; the list of its files is none of them."""
    kinds = (".json", ".safetensors", ".bin", ".model", ".txt")
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix in kinds and path.name != FILES)
    return [_file_content(path, path.stat().st_size, path.stat().st_mtime_ns) for path in files]


@lru_cache(maxsize=256)
def _file_content(path: Path, size: int, changed: int) -> tuple[str, str]:
    """Name and hash of a file; read again only when its size or time of change differ."""
    del size, changed
    with path.open("rb") as file:
        return path.name, hashlib.file_digest(file, "sha256").hexdigest()
