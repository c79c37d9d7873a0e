"""What a finished run has left: listed with its checksums when the run ends, held against the folder before "done"."""

from pathlib import Path

from polydistill.errors import DataError
from polydistill.manifest import FILES, SMALL, changes
from polydistill.results import MODEL, RESULTS_FILE, RUN_FILE, STUDENTS, RunResult, load_result
from polydistill.training.store import LOG

IDENTITY = "identity"
_ANEW = f"Remove {RESULTS_FILE} there, and the run is done again; or bring the file back."


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
    places = (MODEL, STUDENTS)
    if not (folder / FILES).is_file() and not any((folder / place).is_dir() for place in places):  # an older version's
        raise DataError(folder, None, "a result without a model", f"{MODEL}/ or {STUDENTS}/ beside it", _ANEW)
    for problem in changes(folder, within=(RUN_FILE, LOG, *(f"{place}/" for place in places)), most=SMALL):
        raise problem
    return result
