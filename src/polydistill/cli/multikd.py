"""The command that makes one multilingual student of many teachers: multikd."""

from pathlib import Path
from typing import Annotated

import typer

from polydistill.cli.learning import (
    Branches,
    Dev,
    MaxLength,
    Out,
    Precision,
    Print,
    Runs,
    Seed,
    Set,
    Steps,
    Tensorboard,
    Test,
    do,
    options,
)
from polydistill.cli.screen import codes, example
from polydistill.cli.tasks import Task, task_named
from polydistill.defaults import MULTIKD


def add(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        epilog=example(
            "polydistill multikd --student FacebookAI/xlm-roberta-base --teacher en=english --teacher fr=french "
            "--train 'file:nli.{lang}.tsv' --branches 4 --out both"
        )
    )(multikd)


def multikd(
    student: Annotated[str, typer.Option(help="A multilingual encoder: a folder, or a hub name.")],
    teacher: Annotated[
        list[str], typer.Option(help="A model tuned on the task in a language, fr=FOLDER or fr=owner/name; once each.")
    ],
    train: Annotated[str, typer.Option(help="Rows of the task in these languages, labels unread: world:..., file:...")],
    out: Out = None,
    task: Task = "nli",
    branches: Branches = None,
    temperature: Annotated[float, typer.Option(help="Of the distillation.")] = 8.0,
    dev: Dev = None,
    dev_langs: Annotated[str | None, typer.Option(help="Languages of the dev rows, if not the teachers'.")] = None,
    test: Test = None,
    test_langs: Annotated[str | None, typer.Option(help="Languages of the test, if not the teachers'.")] = None,
    steps: Steps = None,
    batch_size: Annotated[int, typer.Option(help="Rows a step.")] = MULTIKD["batch_size"],
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = MULTIKD["learning_rate"],
    max_length: MaxLength = None,
    seed: Seed = 0,
    precision: Precision = "fp32",
    runs: Runs = Path("runs"),
    set_: Set = None,
    print_: Print = False,
    tensorboard: Tensorboard = False,
) -> None:
    """Distil models of single languages, whatever their families, into one multilingual student."""
    from polydistill.jobs.multikd import multikd_run

    wanted = multikd_run(
        student,
        _teachers(teacher),
        train,
        task=task_named(task),
        branches=branches,
        temperature=temperature,
        dev=dev,
        dev_languages=codes(dev_langs or ""),
        test=test,
        test_languages=codes(test_langs or ""),
        max_length=max_length,
        seed=seed,
        **options(steps=steps, batch_size=batch_size, learning_rate=learning_rate, precision=precision),
    )
    do(wanted, set_, out, runs, print_, tensorboard)


def _teachers(given: list[str]) -> dict[str, str]:
    """Models by language, of `fr=FOLDER` and the like."""
    from polydistill.languages import language

    teachers: dict[str, str] = {}
    for one in given:
        name, equals, model = one.partition("=")
        if not (name and equals and model):
            raise ValueError(f"--teacher {one}: expected a language and its model, such as fr=french.")
        code = language(name).code
        if code in teachers:
            raise ValueError(f"--teacher gives {code} twice. Name one teacher a language.")
        teachers[code] = model
    return teachers
