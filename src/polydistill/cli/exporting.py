"""The commands that hand a model on, to other libraries and to the hub: export, push."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from polydistill.cli.models import Model
from polydistill.cli.screen import codes, example, say
from polydistill.cli.tasks import task_named


def add(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(epilog=example("polydistill export german --to german-int8 --format onnx --int8"))(export)
    app.command(epilog=example("polydistill push german-int8 me/german-int8"))(push)


def export(
    model: Model,
    to: Annotated[Path, typer.Option(help="New folder; of a run with several students, a folder a student in it.")],
    format_: Annotated[
        Literal["transformers", "sentence-transformers", "onnx"], typer.Option("--format", help="Who is to load it.")
    ] = "transformers",
    int8: Annotated[bool, typer.Option("--int8", help="onnx: weights and products in 8 bits.")] = False,
    pooling: Annotated[
        Literal["mean", "first"] | None,
        typer.Option(
            help="Sentence vectors: the mean of all tokens, or the first. sentence-transformers: as learned, else mean."
        ),
    ] = None,
    normalize: Annotated[bool, typer.Option("--normalize", help="Sentence vectors of length one.")] = False,
    task: Annotated[
        str | None, typer.Option(help="nli, paraphrase, ner, choice, stars or qa, if the model does not say it.")
    ] = None,
    lang: Annotated[
        str | None, typer.Option(help="onnx, models that are told the language (XLM, some MBLMs): which to read.")
    ] = None,
    check: Annotated[
        str | None, typer.Option(help="Rows it is tried on: world:..., file:PATH or hub:NAME@COMMIT.")
    ] = None,
    check_langs: Annotated[str, typer.Option(help="Their languages, such as en,tr.")] = "",
    licence: Annotated[str | None, typer.Option(help="Of the model, as the hub names it, for its card.")] = None,
    data_licence: Annotated[str | None, typer.Option(help="Of the data it learned from, for its card.")] = None,
    tolerance: Annotated[float | None, typer.Option(help="Largest difference in fp32 [default: 0.0001].")] = None,
    agreement: Annotated[
        float | None, typer.Option(help="int8: smallest share of equal answers, or cosine [default: 0.98].")
    ] = None,
) -> None:
    """Write a model as a folder of transformers, sentence-transformers or ONNX, and check that it says the same."""
    from polydistill import api

    done = api.export(
        model,
        to,
        format_,
        task=None if task is None else task_named(task),
        language=lang,
        pooling=pooling,
        normalize=normalize,
        int8=int8,
        check_on=check,
        languages=codes(check_langs),
        licence=licence,
        data_licence=data_licence,
        **{name: value for name, value in (("tolerance", tolerance), ("agreement", agreement)) if value is not None},
    )
    for one in done:
        say(f"{one.folder}: {one.size / 1e6:,.1f} MB, {one.check.said}")


def push(
    folder: Annotated[Path, typer.Argument(help="A folder that export has written.")],
    repository: Annotated[str, typer.Argument(help="owner/name on the hub; a new one is private.")],
    public: Annotated[bool, typer.Option("--public", help="A repository that everybody reads.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Push. Without it nothing leaves this machine.")] = False,
) -> None:
    """Show what a push to the hub would take there, and with --confirm, push it."""
    from polydistill import api

    found = api.push(folder, repository, public=public, confirm=confirm)
    for name, size in found.files:
        say(f"{size / 1024:>12,.1f} KiB  {name}")
    if found.url is not None:
        say(f"Pushed: {found.url}")
        return
    kind = "public" if public else "private"
    say(
        f"Nothing was pushed. --confirm pushes these {len(found.files)} files, {found.size / 1e6:,.1f} MB, "
        f"to the {kind} repository {repository}."
    )
