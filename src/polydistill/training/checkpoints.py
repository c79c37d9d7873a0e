"""Checkpoints that are whole or absent, with a list of what they hold: a flipped bit is found.

checkpoint-500/
    model.safetensors, optimizer.pt, ...    what training goes on from
    files.json                              name and SHA-256 of each
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from polydistill.errors import DataError
from polydistill.whole import sweep_files, write_text

UNFINISHED, FILES = "unfinished", "files.json"
_NAME = re.compile(r"checkpoint-(\d+)")


def seal(folder: Path, beside: Sequence[Path] = ()) -> None:
    """List the files of a folder, and some that lie beside its place, with their checksums."""
    files = [*sorted(folder.iterdir()), *beside]
    sums = {file.name: _sum(file) for file in files if file.is_file() and file.name != FILES}
    write_text(folder / FILES, json.dumps(sums, indent=1))


def damage(folder: Path) -> str | None:
    """What is wrong with a sealed folder, or nothing."""
    try:
        sums = json.loads((folder / FILES).read_bytes())
        wanted = {str(name): str(wanted) for name, wanted in sums.items()}
    except (OSError, ValueError, AttributeError):
        return f"its {FILES} cannot be read"
    for name, value in wanted.items():
        file = next((place / name for place in (folder, folder.parent) if (place / name).is_file()), None)
        if file is None:
            return f"{name} is missing"
        if _sum(file) != value:
            return f"{name} was changed since it was written"
    return None


def _sum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def sweep(folder: Path) -> None:
    """Remove what a killed process left half-written or half-removed."""
    shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
    for leftover in folder.glob(".checkpoint-*.removed"):
        shutil.rmtree(leftover, ignore_errors=True)
    sweep_files(folder)


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in `folder`, the newest first."""
    found = [(int(match[1]), path) for path in folder.glob("checkpoint-*") if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found, reverse=True)]


def newest_whole(folder: Path, say: Callable[[str], None]) -> Path | None:
    """The newest checkpoint that is as it was written; of a damaged one it is said what is wrong."""
    found = checkpoints(folder)
    for checkpoint, older in zip(found, [*found, None][1:], strict=True):
        if (why := damage(checkpoint)) is None:
            return checkpoint
        if older is None:
            way_out = "Remove it: training begins anew."
            raise DataError(checkpoint, None, why, "a checkpoint as it was written", way_out)
        say(f"{checkpoint} is damaged ({why}); training goes on from {older.name}.")
    return None
