"""Doing a run: of a job that trains, or of a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack

from typing_extensions import TypeAliasType

from polydistill.jobs.job import Argument, training_job
from polydistill.jobs.options import Placing
from polydistill.jobs.placing import reporters

if TYPE_CHECKING:
    from rich.console import Console

    from polydistill.results import RunResult
    from polydistill.training.run import Run

RunOrFile = TypeAliasType("RunOrFile", "Run | str | Path")


@dataclass(frozen=True)
class Done:
    """A finished run: what it was, what it scored, and where it lies."""

    run: "Run"
    result: "RunResult"
    folder: Path

    @property
    def model(self) -> Path:
        """The student, as plain `transformers` loads it."""
        from polydistill.results import MODEL

        return self.folder / MODEL

    @property
    def students(self) -> dict[str, Path]:
        """The students by name, where the run leaves several; each as `model` is."""
        from polydistill.results import STUDENTS

        return {name: self.folder / STUDENTS / name for name in self.run.students}

    @property
    def page(self) -> Path:
        """The page of the run: scores, rows to look through, curves, resources."""
        from polydistill.reports.stored import PAGE

        return self.folder / PAGE


def do(
    run: "Run",
    out: str | Path | None = None,
    runs: str | Path = "runs",
    report_to: str | Sequence[str] = (),
    console: "Console | None" = None,
) -> Done:
    """Do a run in the folder `out`, or in a folder of its own among `runs`, and write its page there."""
    from polydistill.data.files.contents import forget
    from polydistill.data.rows.load import forget_rows
    from polydistill.training.execute import execute
    from polydistill.training.out import claim, free_if_refused
    from polydistill.training.processes import processes
    from polydistill.training.store import Store

    told = reporters(report_to)
    store = Store(runs, told) if out is None else claim(out, run, told)
    folder = store.folder(run)  # asked for before: its rows may be changed while the run is under way
    try:
        with free_if_refused(folder):
            done = Done(run, execute(run, store, console), folder)
        if processes().is_main_process:
            from polydistill.reports.stored import report  # here, for what draws takes seconds to import

            report(done.folder, done.page)
        return done
    finally:
        forget()  # the files it read
        forget_rows()


@training_job("polydistill run german/run.json --set training.learning_rate=1e-5 --out slower")
def run(
    what: Annotated[RunOrFile, Argument("A run as JSON or YAML, such as the run.json of a run's folder.")],
    **options: Unpack[Placing],
) -> "Run":
    """Do the run of a file, changed where you say so; what is done already is not done again."""
    assert not options, "all options say how it is done"
    from polydistill.training.edit import read_run
    from polydistill.training.run import Run

    return what if isinstance(what, Run) else read_run(what)
