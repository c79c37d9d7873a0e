"""Where runs leave what they make: one folder a run, named by what decides its result.

runs/xd-1f3a9c.../
    run.json          the run, to read, edit and run again; or the examination, which leaves this and its scores alone
    numerics.json     threads and precision of matrix products, kept over interruptions
    checkpoints/      what an interrupted training resumes from; gone when the run is done
    log.json          every term and score by step
    tensorboard/      the same as events for TensorBoard, where asked for; wandb/ the same for wandb
    model/            the student, as plain `transformers` loads it
    students/NAME/    the same for each student, where a run leaves several
    files.json        the files of the model (or students), with their sizes and checksums
    predictions.json  rows of the evaluation, with what is right and what was said; up to 3,000, evenly spread
    report.html       its page
    results.json      the scores; there if and only if the run is done
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console

from polydistill.results import RESULTS_FILE, RUN_FILE, RunResult, load_result
from polydistill.training.examination import Examination
from polydistill.training.processes import agreed, processes
from polydistill.training.run import Run
from polydistill.whole import room_for, sweep_files

DEFAULT_ROOT = Path("runs")
_TURN = 60.0  # seconds of one wait: the processes of a distributed run wait for each other for half an hour only
LOG = "log.json"


def result_in(folder: Path) -> RunResult | None:
    """The result of the run of this folder, if it is done."""
    return load_result(folder) if (folder / RESULTS_FILE).is_file() else None


class Store:
    """The folder that holds all runs, the teacher signals that they share, and who else is told how they go."""

    def __init__(self, root: str | Path = DEFAULT_ROOT, report_to: Sequence[str] = ()) -> None:
        self.root, self.report_to = Path(root), tuple(report_to)

    def folder(self, run: Run | Examination) -> Path:
        """The folder of a run, or of an examination."""
        kind = run.method.kind if isinstance(run, Run) else run.kind
        return self.root / f"{kind}-{run.identity}"

    @property
    def signals(self) -> Path:
        """Where teacher signals are kept."""
        return self.root / "signals"

    def result(self, run: Run | Examination) -> RunResult | None:
        """Its result, if it is done."""
        return result_in(self.folder(run))

    def done(self) -> list[Path]:
        """Folders of runs that are done."""
        return sorted(path.parent for path in self.root.glob(f"*/{RESULTS_FILE}"))

    def finished(self) -> list[tuple[Path, RunResult]]:
        """Every run that is done, by folder."""
        return [(folder, load_result(folder)) for folder in self.done()]

    def unfinished(self) -> list[Path]:
        """Folders of runs that have begun and are not done."""
        begun = sorted(path.parent for path in self.root.glob(f"*/{RUN_FILE}"))
        return [folder for folder in begun if not (folder / RESULTS_FILE).exists()]


@contextmanager
def exclusively(folder: Path, console: Console) -> Iterator[None]:
    """Hold a run's folder: another process that starts the same run waits here until it is done or gives up.

    The processes of one distributed run hold it together: the first one takes the lock for all.
    """
    main = processes().is_main_process
    lock, owner = FileLock(folder / "lock"), folder / "owner"
    if main:
        with room_for(folder):
            folder.mkdir(parents=True, exist_ok=True)
    try:
        if not agreed(main and _taken(lock, 0)):
            if main:
                who = owner.read_text() if owner.exists() else "another process"
                said = f"{folder} is being worked on by {who}; waiting until it is done."
                console.print(said, highlight=False, soft_wrap=True)
            while not agreed(main and _taken(lock, _TURN)):
                pass
        if main:
            sweep_files(folder)  # which may make room
            with room_for(folder):
                owner.write_text(f"process {os.getpid()}")
        yield
    finally:
        if main:
            lock.release()


def _taken(lock: FileLock, seconds: float) -> bool:
    try:
        with room_for(Path(lock.lock_file)):
            lock.acquire(timeout=seconds)
    except Timeout:
        return False
    return True
