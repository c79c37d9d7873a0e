"""Commands of the papers: quickstart, table, figure, claims."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from polydistill.cli.screen import errors, example, results, save, say

Runs = Annotated[Path, typer.Option(help="Folder of all runs.")]
ScaleName = Literal["paper", "real", "world", "quick", "smoke"]


def add(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(epilog=example("polydistill quickstart --seed 1"))(quickstart)
    app.command(epilog=example("polydistill table xd/3 --scale world --seeds 5 --json table.json"))(table)
    app.command(epilog=example("polydistill figure mono/4.1 --seeds 3 --out figure.png"))(figure)
    app.command(epilog=example("polydistill claims --tables docs/results --markdown claims.md"))(claims)


def quickstart(
    seed: Annotated[int, typer.Option(help="Decides all that is random.")] = 0,
    runs: Runs = Path("runs"),
    tensorboard: Annotated[bool, typer.Option(help="Also log for TensorBoard.")] = False,
    scale: Annotated[
        Literal["world", "quick", "smoke"],
        typer.Option(help="world: as the tables, longer; smoke: seconds, to see that all parts work."),
    ] = "quick",
) -> None:
    """The main job at once, offline: a small polyglot, tuned on English, learns five languages without labels."""
    from polydistill.papers.quickstart import quickstart as do
    from polydistill.papers.rendering import to_rich

    made = do(runs, seed, errors(), tensorboard, scale)
    console = results()
    console.print(to_rich(made.table, console.width))
    say(f"page: {made.page}\nsummary: {made.summary}")


def table(
    id: Annotated[str, typer.Argument(help="Such as xd/3; see: polydistill list tables.")],
    scale: Annotated[
        ScaleName,
        typer.Option(
            help="paper: as published; real: smaller, hours on one core; world: the mini-world; quick: shorter; "
            "smoke: a test."
        ),
    ] = "world",
    seeds: Annotated[int, typer.Option(help="How many: 0, 1, ...")] = 1,
    plan: Annotated[bool, typer.Option("--plan", help="Run nothing; say what it would take.")] = False,
    finished: Annotated[bool, typer.Option("--finished", help="Run nothing; show the runs that are done.")] = False,
    rows_a_second: Annotated[
        float | None, typer.Option(help="With --plan: how many rows a model learns a second where you would run it.")
    ] = None,
    select: Annotated[
        Literal["supervised", "all"] | None,
        typer.Option(help="multikd: whose dev rows choose the weights; the paper's are all languages'."),
    ] = None,
    search: Annotated[
        bool,
        typer.Option(
            "--search", help="Give each system the same search on dev; multikd: all rates and epochs of the paper."
        ),
    ] = False,
    models: Annotated[
        Path | None, typer.Option(help="real: a folder with polyglot/ and english/ (docs/real.md); default: the hub's.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="real: a folder with xnli/ and others; default: the hub's.")] = None,
    langs: Annotated[str, typer.Option(help="real: some languages only, such as en,fr,sw,ur.")] = "",
    json_: Annotated[Path | None, typer.Option("--json", help="Also write it as JSON.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write it as Markdown.")] = None,
    runs: Runs = Path("runs"),
) -> None:
    """Print a paper's table with our numbers beside the published ones; run what is missing first."""
    from polydistill import api
    from polydistill.papers import plan as plans
    from polydistill.papers import rendering

    console = results()
    if plan:
        planned = api.plan(id, scale, seeds, rows_a_second, select, search, models, data, langs)
        console.print(plans.to_rich(planned))
        save(json_, planned.model_dump_json(indent=2) + "\n")
        save(markdown, plans.to_markdown(planned))
        return
    made = api.table(id, scale, seeds, runs, errors(), finished, select, search, models, data, langs)
    console.print(rendering.to_rich(made, console.width))
    save(json_, rendering.to_json(made) + "\n")
    save(markdown, rendering.to_markdown(made))


def figure(
    id: Annotated[str, typer.Argument(help="Such as mono/4.1; see: polydistill list figures.")],
    scale: Annotated[ScaleName, typer.Option(help="As of a table.")] = "world",
    seeds: Annotated[int, typer.Option(help="How many: 0, 1, ...")] = 1,
    finished: Annotated[bool, typer.Option("--finished", help="Run nothing; show the runs that are done.")] = False,
    out: Annotated[Path | None, typer.Option(help="Draw it: a .png or .svg file.")] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="Also write its points as JSON.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write them as Markdown.")] = None,
    runs: Runs = Path("runs"),
) -> None:
    """Print the points of a paper's figure and draw it; run what is missing first."""
    from polydistill import api
    from polydistill.cli.inspection import show
    from polydistill.reports import figures, inspection

    picture = None if out is None else figures.drawing(out)  # a wrong name is said before anything is run
    made = api.figure(id, scale, seeds, runs, errors(), finished)
    if isinstance(made, figures.Figure):
        results().print(figures.to_rich(made))
        said, plot = figures.to_markdown(made), partial(figures.draw, made)
    else:
        show(made)
        said, plot = inspection.to_markdown(made), partial(inspection.main_plot, made)
    save(json_, made.model_dump_json(indent=2) + "\n")
    save(markdown, said)
    if out is not None and picture is not None:
        save(out, picture(plot()))


def claims(
    tables: Annotated[Path, typer.Option(help="A folder of tables as `table --json` writes them.")] = Path(
        "docs/results"
    ),
    json_: Annotated[Path | None, typer.Option("--json", help="Also write it as JSON.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write it as Markdown, with the papers' words.")] = None,
) -> None:
    """Print every claim of the papers, and whether stored tables reproduce it; nothing is run."""
    from polydistill.papers import ledger

    found = ledger.ledger(tables)
    results().print(ledger.to_rich(found))
    save(json_, json.dumps([one.model_dump(mode="json") for one in found], indent=2) + "\n")
    save(markdown, ledger.to_markdown(found))
