"""Folders of models on disk: which run left one, and what it holds."""

import hashlib
from functools import lru_cache
from pathlib import Path

from polydistill.results import MODEL, STUDENTS


def run_folder(model: Path) -> Path | None:
    """The folder of the run that left this model's folder, if it lies as in one."""
    if model.name == MODEL:
        return model.parent
    return model.parent.parent if model.parent.name == STUDENTS else None


def model_content(folder: Path) -> list[tuple[str, str]]:
    """Name and hash of each file that a model is loaded from."""
    kinds = (".json", ".safetensors", ".bin", ".model", ".txt")
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix in kinds)
    return [_file_content(path, path.stat().st_size, path.stat().st_mtime_ns) for path in files]


@lru_cache(maxsize=256)
def _file_content(path: Path, size: int, changed: int) -> tuple[str, str]:
    """Name and hash of a file; read again only when its size or time of change differ."""
    del size, changed
    with path.open("rb") as file:
        return path.name, hashlib.file_digest(file, "sha256").hexdigest()
