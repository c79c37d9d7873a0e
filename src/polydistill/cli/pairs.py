"""The command for texts in two languages: kld."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from polydistill.cli.learning import Dev, Model, Out, Precision, Print, Runs, Seed, Set, Tensorboard, Test, do, options
from polydistill.cli.screen import example
from polydistill.cli.tasks import Task, task_named
from polydistill.defaults import KLD, KLD_MAX_LENGTH, KLD_PASSES


def add(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        epilog=example(
            "polydistill kld --model FacebookAI/xlm-roberta-base --teacher tuned --teacher-pair en-fr --pair en-tr "
            "--data file:xnli/dev-{lang}.tsv --out student"
        )
    )(kld)


def kld(
    model: Model,
    teacher: Annotated[str, typer.Option(help="A model that was tuned on --teacher-pair: a folder, or a hub name.")],
    teacher_pair: Annotated[str, typer.Option(help="Languages of the teacher's first and second text, such as en-fr.")],
    pair: Annotated[str, typer.Option(help="Languages of the student's, whose labels it learns, such as en-tr.")],
    data: Annotated[
        str, typer.Option(help="Rows of the task, the same in all these languages: world:..., file:PATH or hub:NAME.")
    ],
    out: Out = None,
    task: Task = "nli",
    vector: Annotated[
        Literal["hidden", "logits"], typer.Option(help="What is compared; logits: classical distillation.")
    ] = "hidden",
    weight: Annotated[float, typer.Option(help="Of the teacher: lambda; with logits alpha, a share of 1.")] = 0.2,
    temperature: Annotated[float, typer.Option(help="Softens both sides.")] = 1.0,
    teacher_reads: Annotated[
        Literal["own_pair", "student_pair"], typer.Option(help="Each example in whose languages.")
    ] = "own_pair",
    dev: Dev = None,
    test: Test = None,
    steps: Annotated[int | None, typer.Option(help=f"Optimiser steps. Default: {KLD_PASSES} passes.")] = None,
    batch_size: Annotated[int, typer.Option(help="Rows a step.")] = KLD["batch_size"],
    learning_rate: Annotated[float, typer.Option(help="Learning rate.")] = KLD["learning_rate"],
    max_length: Annotated[
        int | None, typer.Option(help=f"Tokens of an input. Default: {KLD_MAX_LENGTH}, or what the model reads.")
    ] = None,
    seed: Seed = 0,
    precision: Precision = "fp32",
    runs: Runs = Path("runs"),
    set_: Set = None,
    print_: Print = False,
    tensorboard: Tensorboard = False,
) -> None:
    """Tune a model on texts in two languages, taught by a model that was tuned on two others."""
    from polydistill.jobs.kld import kld_run

    said = options(steps=steps, batch_size=batch_size, learning_rate=learning_rate, precision=precision)
    wanted = kld_run(
        model,
        teacher,
        data,
        pair,
        teacher_pair,
        vector=vector,
        weight=weight,
        temperature=temperature,
        teacher_reads=teacher_reads,
        task=task_named(task),
        dev=dev,
        test=test,
        max_length=max_length,
        seed=seed,
        **said,
    )
    do(wanted, set_, out, runs, print_, tensorboard)
