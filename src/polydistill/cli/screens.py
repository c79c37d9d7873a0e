"""How the results of jobs are printed: one function a job, found when it is needed."""

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polydistill.cli.screen import errors, save, say
from polydistill.jobs.job import PLACING, Job

if TYPE_CHECKING:
    from polydistill.jobs.run import Done
    from polydistill.training.run import Run

SCREENS = {
    "evaluate": "polydistill.cli.scores:show_scores",
    "retrieve": "polydistill.cli.retrieval:show",
    "inspect": "polydistill.cli.inspection:show",
    "bench": "polydistill.cli.bench:show",
    "trim": "polydistill.cli.trimming:show",
    "export": "polydistill.cli.exporting:show_exports",
    "push": "polydistill.cli.exporting:show_push",
}
"""Which function prints the result of which job; the other results are the paths of pages."""


def show(job: Job, result: Any, asked: Path | None, out: Path | None) -> None:
    """Print a result, and write it as JSON where that is asked for."""
    if job.command in SCREENS:
        module, _, name = SCREENS[job.command].partition(":")
        printing: Callable[[Any], None] = getattr(import_module(module), name)
        printing(result)
        if job.panel == "Look" and out is not None:
            errors().print(f"Written: {out}", markup=False, highlight=False, soft_wrap=True)
    else:
        say(f"page: {result}")
    if asked is not None:
        save(asked, _as_json(result))


def _as_json(result: Any) -> str:
    if isinstance(result, tuple):
        return json.dumps([one.model_dump(mode="json") for one in result], indent=2) + "\n"
    return str(result.model_dump_json(indent=1)) + "\n"


def do_run(job: Job, given: Mapping[str, Any], only_print: bool) -> None:
    """Print the run, or do it and print its scores and where it lies."""
    from polydistill.jobs.run import do

    placing = {name: given[name] for name in PLACING if name in given}
    run = job.public.run(**{name: value for name, value in given.items() if name not in PLACING})
    if only_print:
        say(run.model_dump_json(indent=2))
        return
    for line in _announced(run):
        errors().print(line, markup=False, highlight=False, soft_wrap=True)
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
    say(("" if done.students else f"model: {done.model}\n") + f"run: {done.folder / 'run.json'}")
