"""How the results of jobs are printed: one function a job, found when it is needed."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polydistill.cli.screen import errors, say, tell
from polydistill.jobs.job import Job
from polydistill.jobs.placing import taken

if TYPE_CHECKING:
    from polydistill.jobs.run import Done
    from polydistill.training.run import Run

SCREENS = {
    "evaluate": "polydistill.cli.scores:show_evaluated",
    "retrieve": "polydistill.cli.retrieval:show",
    "mteb": "polydistill.cli.rulers:show",
    "small": "polydistill.cli.shrinking:show",
    "inspect": "polydistill.cli.inspection:show",
    "corpora": "polydistill.cli.corpora:show",
    "world": "polydistill.cli.tables:show_world",
    "text": "polydistill.cli.tables:show_texts",
    "list": "polydistill.cli.tables:show_listing",
    "doctor": "polydistill.cli.tables:show_findings",
    "report": "polydistill.cli.papers:show_page",
    "predict": "polydistill.cli.answers:show",
    "compare": "polydistill.cli.comparing:show",
    "bench": "polydistill.cli.bench:show",
    "trim": "polydistill.cli.trimming:show",
    "export": "polydistill.cli.exporting:show_exports",
    "push": "polydistill.cli.exporting:show_push",
    "quickstart": "polydistill.cli.papers:show_quickstart",
    "table": "polydistill.cli.papers:show_table",
    "figure": "polydistill.cli.papers:show_figure",
    "claims": "polydistill.cli.papers:show_claims",
    "verify": "polydistill.cli.verifying:show",
}
"""Which function prints the result of which job, with the options that only its command has."""
_TELLS = {"inspect", "predict", "figure", "compare"}
"""The jobs of which it is said that they wrote `out`; the others print where their work lies."""


def show(job: Job, result: Any, asked: Mapping[str, Any], out: Path | None) -> None:
    """Print a result."""
    module, _, name = SCREENS[job.command].partition(":")
    printing: Callable[..., None] = getattr(import_module(module), name)
    printing(result, **asked)
    if job.command in _TELLS and out is not None:
        tell(f"Written: {out}")


def do_run(job: Job, given: Mapping[str, Any], print: bool) -> None:
    """Print the run, or do it and print its scores and where it lies."""
    from polydistill.jobs.run import do

    said = dict(given)
    placing = taken(said)
    run = job.public.run(**said)
    if print:
        say(run.model_dump_json(indent=2))
        return
    for line in _announced(run):
        tell(line)
    show_done(do(run, **placing, console=errors()))


def _announced(run: "Run") -> list[str]:
    """What begins now."""
    from polydistill.training.starting import described

    training = run.training
    lines = [
        f"{run.name}: {training.steps} steps of {training.batch_size * training.accumulation} rows, learning rate "
        f"{training.learning_rate:g}, seed {run.seed}"
    ]
    return [line for line in (*lines, described(run)) if line]


def show_done(done: "Done") -> None:
    """Scores, and where all lies."""
    from polydistill.cli.scores import show_scores

    if done.result.scores:
        show_scores(done.result.scores)
    for name, folder in done.students.items():
        say(f"student {name}: {folder}")
    say(("" if done.students else f"model: {done.model}\n") + f"run: {done.folder / 'run.json'}\npage: {done.page}")
