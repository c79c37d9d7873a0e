"""Commands that show: world, text, list."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich import box
from rich.table import Table as View
from rich.text import Text

from polydistill.cli.screen import codes, example, results, say
from polydistill.cli.tasks import Task, task_named

Runs = Annotated[Path, typer.Option(help="Folder of all runs.")]
What = Literal["runs", "tables", "figures", "tasks", "languages", "methods"]


def add(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(epilog=example("polydistill world --langs en,tr --task nli --rows 8"))(world)
    app.command(epilog=example("polydistill text 'file:corpus/*.txt.gz' --lang tr --rows 5"))(text)
    app.command("list", epilog=example("polydistill list tables"))(list_)


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
    from polydistill.jobs.world import texts

    for line in texts(source, lang, rows, seed=seed, buffer=buffer):
        say(line)


def _cell(value: object) -> str:
    """Words and their tags side by side, of answers their texts, other things as they are."""
    if isinstance(value, dict):
        return " | ".join(value["text"])
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


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
