"""The command that scores a model: evaluate."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from polydistill.cli.screen import codes, example, save
from polydistill.cli.tasks import Task, task_named

Model = Annotated[str, typer.Argument(help="A model's or a run's folder, or a hub name.")]
ReadableModel = Annotated[str, typer.Argument(help="A model's or a run's folder, a hub name, or an ONNX folder.")]


def add(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(epilog=example("polydistill evaluate german --data file:xnli/dev-{lang}.tsv --langs en,de"))(evaluate)


def evaluate(
    model: ReadableModel,
    data: Annotated[str, typer.Option(help="Labelled rows: world:..., file:PATH or hub:NAME@COMMIT.")],
    langs: Annotated[str, typer.Option(help="Languages to score, such as en,de.")],
    task: Task = "nli",
    normaliser: Annotated[
        Literal["squad", "mlqa"], typer.Option(help="qa: compare answers as SQuAD does, or as MLQA does by language.")
    ] = "squad",
    json_: Annotated[Path | None, typer.Option("--json", help="Also write the scores as JSON.")] = None,
) -> None:
    """Print a model's score by language: accuracy (stars: also mean absolute error) or F1 (qa: also exact matches)."""
    from polydistill import api
    from polydistill.cli.scores import show_scores

    scores = api.evaluate(model, data, codes(langs), task_named(task), normaliser)
    show_scores(scores)
    save(json_, json.dumps([score.model_dump(mode="json") for score in scores], indent=2) + "\n")
