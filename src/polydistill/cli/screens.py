"""How each result is printed: one function a type."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from polydistill.cli.screen import errors, say
from polydistill.jobs.job import PLACING, Job

if TYPE_CHECKING:
    from polydistill.jobs.run import Done
    from polydistill.training.run import Run


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
