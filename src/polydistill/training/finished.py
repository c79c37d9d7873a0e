"""What a finished run has left: listed with its checksums when the run ends, held against the folder before "done"."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from polydistill.errors import DataError
from polydistill.results import MODEL, RESULTS_FILE, RUN_FILE, STUDENTS, RunResult, load_result
from polydistill.whole import write_text

FILES, IDENTITY = "files.json", "identity"
_ANEW = f"Remove {RESULTS_FILE} there, and the run is done again; or bring the file back."


def list_files(folder: Path, run_id: str) -> None:
    """Write down the files of the run's models, each with its size and SHA-256."""
    files = {str(file.relative_to(folder)): _entry(file) for file in _model_files(folder)}
    write_text(folder / FILES, json.dumps({"run_id": run_id, "files": files}, indent=1) + "\n")


def refuse_replaced(folder: Path, run: str) -> None:
    """Raise where the folder of a run that is under way is no longer its own."""
    file = folder / RUN_FILE
    if not file.is_file() or file.read_text(encoding="utf-8") != run:
        found = "no file" if not file.is_file() else "another run"
        raise DataError(
            file, None, found, "the run that is under way",
            "The folder was removed or replaced while the run was trained, so its result is not kept. Start it again.",
        )  # fmt: skip


def finished(folder: Path) -> RunResult | None:
    """The result of the run of this folder, if it is done: the result is of this run, and its models are there."""
    if not (folder / RESULTS_FILE).is_file():
        return None
    result = load_result(folder)
    mark = folder / IDENTITY
    wanted = mark.read_text(encoding="utf-8").strip() if mark.is_file() else folder.name.rpartition("-")[2]
    if result.run_id != wanted:
        raise DataError(
            folder / RESULTS_FILE, None, f"the result of the run {result.run_id}", f"that of {wanted}", _ANEW
        )
    for problem in changes(folder, contents=False):
        raise problem
    return result


def changes(folder: Path, *, contents: bool = True) -> Iterator[DataError]:
    """Each file of the run's models that is missing, of another size, or (`contents`) of another content."""
    file = folder / FILES
    if not file.is_file():  # a run of an older version
        if not any(_model_files(folder)):
            yield DataError(folder, None, "a result without a model", f"{MODEL}/ or {STUDENTS}/ beside it", _ANEW)
        return
    try:
        listed = {str(name): dict(entry) for name, entry in json.loads(file.read_bytes())["files"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        yield DataError(file, None, "no list of files", "what the run has left", _ANEW)
        return
    for name, entry in listed.items():
        if not (folder / name).is_file():
            yield DataError(folder / name, None, "no file", "what the finished run has left", _ANEW)
            continue
        size = (folder / name).stat().st_size
        if size != entry.get("bytes"):
            yield DataError(folder / name, None, f"{size} bytes", f"{entry.get('bytes')} as the run left it", _ANEW)
        elif contents and _entry(folder / name) != entry:
            yield DataError(folder / name, None, "another content", "what the run left (SHA-256)", _ANEW)


def _model_files(folder: Path) -> list[Path]:
    places = [folder / MODEL, folder / STUDENTS]
    return sorted(file for place in places for file in place.rglob("*") if file.is_file())


def _entry(file: Path) -> dict[str, Any]:
    with file.open("rb") as opened:
        return {"bytes": file.stat().st_size, "sha256": hashlib.file_digest(opened, "sha256").hexdigest()}
