"""The command that looks inside models: inspect."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from polydistill.cli.screen import codes, errors, example, results, say
from polydistill.cli.tasks import task_named

if TYPE_CHECKING:
    from polydistill.inspection.inspection import Inspected
    from polydistill.reports.page import Grid


def add(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        epilog=example(
            "polydistill inspect before=tuned after=student --data file:tatoeba.tur-eng.{lang} --langs en,tr"
        )
    )(inspect)


def inspect(
    models: Annotated[
        list[str],
        typer.Argument(
            help="Models' or runs' folders, or hub names, each also as NAME=MODEL; compared with the first."
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(
            help="Rows that say the same: world:..., file:PATH or hub:NAME. Default: those of the run's test."
        ),
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option(help="Instead, one file a language, line by line the same: en=FILE.")
    ] = None,
    langs: Annotated[str, typer.Option(help="Languages, or pairs, that all models read, such as en,tr.")] = "",
    reads: Annotated[list[str] | None, typer.Option(help="Or those of each model: NAME=en-fr; once a model.")] = None,
    task: Annotated[
        str | None, typer.Option(help="Read rows of this task (nli, paraphrase, stars), and not sentences.")
    ] = None,
    layers: Annotated[str, typer.Option(help="all, last, or numbers such as 4 or 1,2,3 (0 = embeddings).")] = "all",
    pooling: Annotated[
        Literal["mean", "first"], typer.Option(help="A vector is that of mean or first token.")
    ] = "mean",
    special_tokens: Annotated[
        Literal["counted", "dropped"], typer.Option(help="Whether <s> and the like are part of the mean.")
    ] = "counted",
    sentences: Annotated[int, typer.Option(help="Rows that are read, at most.")] = 200,
    neighbours: Annotated[int, typer.Option(help="Of which same language and same model are shares.")] = 10,
    cka: Annotated[
        Literal["unbiased", "biased"], typer.Option(help="Which estimate; see docs/inspect.md.")
    ] = "unbiased",
    drawn: Annotated[int, typer.Option(help="Rows that are drawn, in every language.")] = 20,
    perplexity: Annotated[float, typer.Option(help="Of t-SNE; less where there are few points.")] = 30.0,
    seed: Annotated[int, typer.Option(help="Of t-SNE.")] = 0,
    out: Annotated[Path, typer.Option(help="A folder for numbers (JSON), plots (PNG) and a page.")] = Path("inspect"),
) -> None:
    """Measure and draw where models put the same sentences: by language, by layer, and beside another model."""
    from polydistill import api
    from polydistill.cli.retrieval import layers_named

    if data is not None and text:
        raise ValueError("--data and --text both say what is read. Give one of them.")
    found = api.inspect(
        _named(models),
        _by_name("--text", text, "en=FILE") if text else data,
        {name: codes(read) for name, read in _by_name("--reads", reads, "student=en-fr").items()} or codes(langs),
        task=None if task is None else task_named(task),
        layers=layers_named(layers),
        pooling=pooling,
        special_tokens=special_tokens,
        sentences=sentences,
        neighbours=neighbours,
        unbiased=cka == "unbiased",
        drawn=drawn,
        perplexity=perplexity,
        seed=seed,
        out=out,
    )
    show(found)
    errors().print(f"Written: {out}", markup=False, highlight=False, soft_wrap=True)


def show(found: "Inspected") -> None:
    """Print the numbers of the last layers, and the other models beside the first."""
    from polydistill.reports.inspection import comparisons_grid, layers_grid

    _print(layers_grid(found))
    if found.comparisons:
        _print(comparisons_grid(found))


def _print(grid: "Grid") -> None:
    from rich import box
    from rich.table import Table

    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for at, heading in enumerate(grid.columns):
        view.add_column(heading, justify="right" if at else "left")
    for row in grid.rows:
        view.add_row(*row)
    results().print(view)
    if grid.remark:
        say(grid.remark)


def _named(models: Sequence[str]) -> Any:
    """Models by name where any is named."""
    if not any("=" in one and not Path(one).is_dir() for one in models):
        return models
    return _by_name("MODEL", models, "NAME=MODEL for each, or for none")


def _by_name(option: str, given: Sequence[str] | None, expected: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given or ():
        name, equals, value = one.partition("=")
        if not (name and equals and value):
            raise ValueError(f"{option} {one}: expected {expected}.")
        if name in found:
            raise ValueError(f"{option} {name}= is given twice. Give each once.")
        found[name] = value
    return found
