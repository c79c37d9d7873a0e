"""Commands that show: quickstart, world, text, table, list, report."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich import box
from rich.table import Table as View
from rich.text import Text

from polydistill.cli.screen import codes, errors, example, results, save, say
from polydistill.cli.tasks import Task, task_named

if TYPE_CHECKING:
    pass

Runs = Annotated[Path, typer.Option(help="Folder of all runs.")]
What = Literal["runs", "tables", "figures", "tasks", "languages", "methods"]
ScaleName = Literal["paper", "world", "quick", "smoke"]


def add(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(epilog=example("polydistill quickstart --seed 1"))(quickstart)
    app.command(epilog=example("polydistill world --langs en,tr --task nli --rows 8"))(world)
    app.command(epilog=example("polydistill text 'file:corpus/*.txt.gz' --lang tr --rows 5"))(text)
    app.command(epilog=example("polydistill table xd/3 --scale world --seeds 5 --json table.json"))(table)
    app.command(epilog=example("polydistill figure mono/4.1 --seeds 3 --out figure.png"))(figure)
    app.command("list", epilog=example("polydistill list tables"))(list_)
    app.command(epilog=example("polydistill report runs --out report.html"))(report)


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
    from polydistill import api
    from polydistill.papers.rendering import to_rich

    made = api.quickstart(runs, seed, errors(), tensorboard, scale)
    console = results()
    console.print(to_rich(made.table, console.width))
    say(f"page: {made.page}\nsummary: {made.summary}")


def world(
    langs: Annotated[str, typer.Option(help="Languages, such as en,tr.")] = "en,tr",
    task: Task = "nli",
    rows: Annotated[int, typer.Option(help="How many.")] = 8,
    split: Annotated[Literal["train", "dev", "test"], typer.Option(help="Of which part of the world.")] = "train",
    seed: Annotated[int, typer.Option(help="Which world.")] = 0,
    difficulty: Annotated[str, typer.Option(help="How rich its sentences are.")] = "mini",
    json_: Annotated[
        bool, typer.Option("--json", help="Print JSON lines, which --train, --data and predict read.")
    ] = False,
) -> None:
    """Print rows of the embedded mini-world, which say the same in every language."""
    from polydistill.data.rows.load import load_records
    from polydistill.data.rows.sources import WorldSource
    from polydistill.tasks import task_of

    asked = task_of(task_named(task))
    source = WorldSource.model_validate({"rows": rows, "split": split, "seed": seed, "difficulty": difficulty})
    by_language = load_records(source, asked.shape, codes(langs))
    records = [
        {"language": code, **asked.written(some[at])}
        for at in range(min(map(len, by_language.values())))
        for code, some in by_language.items()
    ]
    if json_:
        for row in records:
            say(json.dumps(row, ensure_ascii=False))
        return
    labels = [name for name in ("label", "ner_tags", "stars", "answers") if name in records[0]]
    texts = [name for name in records[0] if name not in (*labels, "language")]
    view = View(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("row", *labels, "", *texts):
        view.add_column(heading, overflow="fold")
    for at, row in enumerate(records):
        first = at % len(by_language) == 0
        number = str(at // len(by_language) + 1) if first else ""
        shown = [_cell(row[name]) if first or isinstance(row[name], list | dict) else "" for name in labels]
        last = at % len(by_language) == len(by_language) - 1
        cells = (Text(_cell(row[name])) for name in texts)
        view.add_row(number, *shown, str(row["language"]), *cells, end_section=last)
    results().print(view)


def text(
    source: Annotated[
        str, typer.Argument(help="Such as file:FOLDER, 'file:corpus/*.txt.xz', hub:NAME@COMMIT, world:.")
    ],
    lang: Annotated[str, typer.Option(help="The language of the text.")] = "en",
    rows: Annotated[int, typer.Option(help="How many.")] = 5,
    seed: Annotated[int, typer.Option(help="Which order.")] = 0,
    buffer: Annotated[int, typer.Option(help="Texts that are shuffled together; 1 = as they stand.")] = 10_000,
) -> None:
    """Print the first texts of a corpus, as a model that learns from it would read them."""
    from polydistill import api

    for line in api.texts(source, lang, rows, seed=seed, buffer=buffer):
        say(line)


def _cell(value: object) -> str:
    """Words and their tags side by side, of answers their texts, other things as they are."""
    if isinstance(value, dict):
        return " | ".join(value["text"])
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def table(
    id: Annotated[str, typer.Argument(help="Such as xd/3; see: polydistill list tables.")],
    scale: Annotated[
        ScaleName,
        typer.Option(help="paper: as published; world: the mini-world; quick: smaller, shorter; smoke: a test."),
    ] = "world",
    seeds: Annotated[int, typer.Option(help="How many: 0, 1, ...")] = 1,
    plan: Annotated[bool, typer.Option("--plan", help="Run nothing; say what it would take.")] = False,
    finished: Annotated[bool, typer.Option("--finished", help="Run nothing; show the runs that are done.")] = False,
    gpu: Annotated[str, typer.Option(help="With --plan: A100, H100, H200, V100 or T4.")] = "A100",
    select: Annotated[
        Literal["supervised", "all"] | None,
        typer.Option(help="multikd: whose dev rows choose the weights; the paper's are all languages'."),
    ] = None,
    search: Annotated[
        bool, typer.Option("--search", help="multikd: try all learning rates and epochs that the paper tries.")
    ] = False,
    json_: Annotated[Path | None, typer.Option("--json", help="Also write it as JSON.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write it as Markdown.")] = None,
    runs: Runs = Path("runs"),
) -> None:
    """Print a paper's table with our numbers beside the published ones; run what is missing first."""
    from polydistill import api
    from polydistill.papers import rendering
    from polydistill.papers.planning import text as plan_text

    console = results()
    if plan:
        planned = api.plan(id, scale, seeds, gpu, select, search)
        console.print(plan_text.to_rich(planned))
        save(json_, planned.model_dump_json(indent=2) + "\n")
        save(markdown, plan_text.to_markdown(planned))
        return
    made = api.table(id, scale, seeds, runs, errors(), finished, select, search)
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


def list_(
    what: Annotated[What, typer.Argument(help="runs, tables, figures, tasks, languages or methods.")] = "runs",
    runs: Runs = Path("runs"),
) -> None:
    """List what there is: runs (finished and begun), tables, figures, tasks, languages, methods."""
    from polydistill.cli.listing import HEADINGS, listing

    rows = listing(what, runs)
    if not rows:
        say(f"No runs in {runs}. Begin with: polydistill quickstart")
        return
    view = View(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in HEADINGS[what]:
        view.add_column(heading, overflow="fold")
    for row in rows:
        view.add_row(*map(Text, row))
    results().print(view)


def report(
    folder: Annotated[Path, typer.Argument(help="A run's folder, or a folder of runs.")],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
) -> None:
    """Write an HTML page of stored results: scores by language, loss curves, records."""
    from polydistill import api

    say(f"page: {api.report(folder, out)}")
