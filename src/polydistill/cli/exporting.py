"""The command that hands a model to other runtimes: export."""

from pathlib import Path
from typing import Annotated

import typer

from polydistill.cli.models import Model
from polydistill.cli.screen import example, say
from polydistill.cli.tasks import Task, task_named


def add(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(epilog=example("polydistill export german --onnx german-onnx"))(export)


def export(
    model: Model,
    onnx: Annotated[Path, typer.Option(help="Folder for model.onnx, the tokenizer and labels.json.")],
    task: Task = "nli",
    lang: Annotated[
        str | None, typer.Option(help="For models that are told the language (XLM, some MBLMs): which to read.")
    ] = None,
) -> None:
    """Write a model as ONNX, which runs without Python, and check that it says the same."""
    from polydistill import api

    done = api.export(model, onnx, task_named(task), lang)
    say(f"{done.folder / 'model.onnx'}: logits as the model's own within {done.difference:.1g}")
