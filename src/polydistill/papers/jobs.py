"""The papers' jobs: their tables, figures and claims, the quickstart, and the list of what there is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from polydistill.bounds import Rate, Seed, Some
from polydistill.jobs.job import Argument, AsJson, Help, job
from polydistill.jobs.options import REPORT_TO, Console, Languages, Place, Runs, Several
from polydistill.jobs.placing import reporters

if TYPE_CHECKING:
    from polydistill.inspection.inspection import Inspected
    from polydistill.papers.ledger import Entry
    from polydistill.papers.listing import Listing
    from polydistill.papers.plan import Plan
    from polydistill.papers.quickstart import Quickstart
    from polydistill.papers.table import Table
    from polydistill.reports.figures import Figure

Scale = Annotated[
    Literal["paper", "real", "world", "quick", "smoke"],
    Help(
        "paper: as published; real: smaller, hours on one core; world: the mini-world; quick: shorter; smoke: a test."
    ),
]
Seeds = Annotated[Some, Help("How many seeds: 0, 1, ...")]
Models = Annotated[Place | None, Help("real: a folder with polyglot/ and english/ (docs/real.md); default: the hub's.")]
Data = Annotated[Place | None, Help("real: a folder with xnli/ and others; default: the hub's.")]
Langs = Annotated[Languages, Help("real: some languages only, such as en,fr,sw,ur.")]
ReportTo = Annotated[Several, Help(REPORT_TO)]
Finished = Annotated[bool, Help("Run nothing; show the runs that are done.")]


class AsText(AsJson, total=False):
    """What a command has whose result is for papers."""

    markdown: Annotated[Path | None, Help("Also write it as Markdown.")]
    page: Annotated[Path | None, Help("Also write it as an HTML page.")]


@job("Papers", "polydistill quickstart --seed 1", resumes=True)
def quickstart(
    runs: Runs = "runs",
    seed: Annotated[Seed, Help("Decides all that is random.")] = 0,
    *,
    report_to: ReportTo = (),
    scale: Annotated[
        Literal["world", "quick", "smoke"],
        Help("world: as the tables, longer; smoke: seconds, to see that all parts work."),
    ] = "quick",
    console: Console = None,
) -> "Quickstart":
    """The main job at once, offline: a small polyglot, tuned on English, learns five languages without labels."""
    from polydistill.papers.quickstart import quickstart as do

    return do(Path(runs), seed, console, reporters(report_to), scale)


@job("Papers", "polydistill table xd/3 --scale world --seeds 5 --json table.json", showing=AsText, resumes=True)
def table(
    id: Annotated[str, Argument("Such as xd/3; see: polydistill list tables.")],
    scale: Scale = "world",
    seeds: Seeds = 1,
    *,
    plan: Annotated[bool, Help("Run nothing; say what it would take.")] = False,
    finished: Finished = False,
    rows_a_second: Annotated[
        Rate | None, Help("With --plan: how many rows a model learns a second where you would run it.")
    ] = None,
    select: Annotated[
        Literal["supervised", "all"] | None,
        Help("multikd: whose dev rows choose the weights; the paper's are all languages'."),
    ] = None,
    search: Annotated[
        bool, Help("Give each system the same search on dev; multikd: all rates and epochs of the paper.")
    ] = False,
    split: Annotated[
        Literal["test", "dev"], Help("mono: dev, for tables that are dev in the thesis (4.6 to 4.9, 4.11, 4.13).")
    ] = "test",
    models: Models = None,
    data: Data = None,
    langs: Langs = "",
    report_to: ReportTo = (),
    runs: Runs = "runs",
    console: Console = None,
) -> "Table | Plan":
    """Print a paper's table with our numbers beside the published ones; run what is missing first."""
    from polydistill.papers import catalogue

    if plan:
        return catalogue.plan(id, scale, seeds, rows_a_second, select, search, models, data, langs, split)
    told = reporters(report_to)
    return catalogue.table(id, scale, seeds, runs, console, finished, select, search, models, data, langs, split, told)


@job("Papers", "polydistill figure mono/4.1 --seeds 3 --out figure.png", showing=AsText, resumes=True)
def figure(
    id: Annotated[str, Argument("Such as mono/4.1; see: polydistill list figures.")],
    scale: Scale = "world",
    seeds: Seeds = 1,
    *,
    finished: Finished = False,
    models: Models = None,
    data: Data = None,
    langs: Langs = "",
    out: Annotated[Place | None, Help("Also draw it, into a .png or .svg file.")] = None,
    report_to: ReportTo = (),
    runs: Runs = "runs",
    console: Console = None,
) -> "Figure | Inspected":
    """Print the points of a paper's figure and draw it; run what is missing first."""
    from polydistill.papers import catalogue
    from polydistill.reports import figures, inspection
    from polydistill.whole import write_bytes

    picture = None if out is None else figures.drawing(Path(out))  # a wrong name is said before anything is run
    told = reporters(report_to)
    made = catalogue.figure(id, scale, seeds, runs, console, finished, models, data, langs, told)
    if out is not None and picture is not None:
        plot = figures.draw(made) if isinstance(made, figures.Figure) else inspection.main_plot(made)
        write_bytes(Path(out), picture(plot))
    return made


@job("Papers", "polydistill claims --tables docs/results --markdown claims.md", showing=AsText)
def claims(
    tables: Annotated[Place, Help("A folder of tables as `table --json` writes them.")] = "docs/results",
) -> "list[Entry]":
    """Print every claim of the papers, and whether stored tables reproduce it; nothing is run."""
    from polydistill.papers import ledger

    return ledger.ledger(Path(tables))


@job("This machine", "polydistill list tables", command="list")
def listing(
    what: Annotated[
        Literal["runs", "tables", "figures", "tasks", "languages", "methods"],
        Argument("runs, tables, figures, tasks, languages or methods."),
    ] = "runs",
    runs: Runs = "runs",
) -> "Listing":
    """List what there is: runs (finished and begun), tables, figures, tasks, languages, methods."""
    from polydistill.papers.listing import listed

    return listed(what, Path(runs))
