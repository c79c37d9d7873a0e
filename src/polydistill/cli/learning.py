"""Commands that train: tune, xd, run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from polydistill.cli.screen import errors, say
from polydistill.defaults import MAX_LENGTH

if TYPE_CHECKING:
    from polydistill.training.run import Run

_SOURCE = "world:..., file:PATH or hub:NAME@COMMIT"
Model = Annotated[str, typer.Option(help="A folder, or a hub name (owner/name, or owner/name@COMMIT).")]
Out = Annotated[
    Path | None, typer.Option(help="Folder for run.json, model/ and results.json. Default: a new one in --runs.")
]
Runs = Annotated[Path, typer.Option(help="Folder of all runs, where --out is not given.")]
Dev = Annotated[str | None, typer.Option(help="Rows that choose the weights to keep.")]
Test = Annotated[str | None, typer.Option(help="Rows to score the result on.")]
TestLanguages = Annotated[str | None, typer.Option("--test-langs", help="Languages of the test, if not those above.")]
Steps = Annotated[int | None, typer.Option(help="Optimiser steps. Default: one pass over the rows.")]
MaxLength = Annotated[
    int | None, typer.Option(help=f"Tokens of an input. Default: {MAX_LENGTH}, or what the model reads.")
]
Branches = Annotated[
    int | None, typer.Option(help="Make it an MBLM: so many of its lowest blocks become a branch a language.")
]
Parallel = Annotated[
    list[str] | None, typer.Option(help="Plain parallel text, en-de=FILE or en-de=FILE,FILE; once a language.")
]
Seed = Annotated[int, typer.Option(help="Decides order, dropout and a new head.")]
Precision = Annotated[Literal["fp32", "bf16"], typer.Option(help="Numbers to compute in.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Change a setting, such as training.clip=0.5.")]
Print = Annotated[bool, typer.Option("--print", help="Only print the run as JSON, to edit and run later.")]
Tensorboard = Annotated[bool, typer.Option(help="Also log for TensorBoard.")]


def do(
    wanted: "Run", changes: list[str] | None, out: Path | None, runs: Path, only_print: bool, tensorboard: bool
) -> None:
    """Print the run, or do it and print its scores and where it lies."""
    from polydistill import api
    from polydistill.cli.scores import show_scores
    from polydistill.jobs.run import do as run_it
    from polydistill.training.starting import described

    changed = api.changed(wanted, changes or [])
    if only_print:
        say(changed.model_dump_json(indent=2))
        return
    training = changed.training
    errors().print(
        f"{changed.name}: {training.steps} steps of {training.batch_size * training.accumulation} rows, learning rate "
        f"{training.learning_rate:g}, seed {changed.seed}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    if more := described(changed):
        errors().print(more, markup=False, highlight=False, soft_wrap=True)
    done = run_it(changed, out, runs, tensorboard, errors())
    if done.result.scores:
        show_scores(done.result.scores)
    for name, folder in done.students.items():
        say(f"student {name}: {folder}")
    say(("" if done.students else f"model: {done.model}\n") + f"run: {done.folder / 'run.json'}")


def options(**given: Any) -> Any:
    """Options of the training that were said."""
    return {name: value for name, value in given.items() if value is not None}
