"""The command for parallel corpora: corpora."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from polydistill.cli.screen import example, results, save, say

if TYPE_CHECKING:
    from polydistill.data.translations.corpora import CorpusCount

Sample = Annotated[Literal["first", "random"], typer.Option(help="Which pairs, where there are more.")]
Duplicates = Annotated[Literal["drop", "keep"], typer.Option(help="Pairs that came before.")]
SameSides = Annotated[Literal["drop", "keep"], typer.Option(help="Pairs whose sides are the same.")]


def add(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        epilog=example(
            "polydistill corpora en-de=de-en.txt.zip en-de=news.{lang} --tokenizer FacebookAI/xlm-roberta-base"
        )
    )(corpora)


def corpora(
    text: Annotated[
        list[str],
        typer.Argument(
            help="Such as en-tr=FILE: a Moses zip, a TSV, CSV or JSONL file, a.{lang}, a.en,a.tr, hub:NAME@COMMIT. "
            "Several of one pair of languages are read in order."
        ),
    ],
    tokenizer: Annotated[str | None, typer.Option(help="What counts tokens: a model's folder or hub name.")] = None,
    shortest: Annotated[
        int | None, typer.Option(help="Tokens of a side, at least. Default: 10 with --tokenizer, else any.")
    ] = None,
    longest: Annotated[int | None, typer.Option(help="At most. Default: 128 with --tokenizer, else any.")] = None,
    at_most: Annotated[int, typer.Option(help="Pairs of each corpus.")] = 2_000_000,
    sample: Sample = "first",
    duplicates: Duplicates = "drop",
    same_sides: SameSides = "drop",
    rows: Annotated[int, typer.Option(help="Also print so many pairs of each language.")] = 0,
    seed: Annotated[int, typer.Option(help="Decides which, with --sample random.")] = 0,
    json_: Annotated[Path | None, typer.Option("--json", help="Also write the counts as JSON.")] = None,
) -> None:
    """Read parallel corpora as a model would, and print how many pairs were dropped, why, and how many are left."""
    from polydistill.jobs.corpora import corpora as read

    said = {"shortest": shortest, "longest": longest}
    lengths = {name: value for name, value in said.items() if value is not None}
    pairs = read(
        text,
        tokenizer,
        seed=seed,
        at_most=at_most,
        sample=sample,
        duplicates=duplicates,
        same_sides=same_sides,
        **lengths,
    )
    _show(pairs.counts)
    for code, table in pairs.rows.items():
        for row in table.take(min(rows, len(table))):
            say(f"{code}\t{row['source']}\t{row['target']}")
    save(json_, json.dumps([count.model_dump(mode="json") for count in pairs.counts], indent=2) + "\n")


def _show(counts: "Sequence[CorpusCount]") -> None:
    """Print a line a corpus, with a column a reason that there is."""
    from rich import box
    from rich.table import Table

    from polydistill.data.translations.filters import REASONS

    reasons = [reason for reason in REASONS if any(count.dropped.get(reason) for count in counts)]
    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("language", "corpus", "read", *reasons, "kept"):
        view.add_column(heading, justify="left" if heading in ("language", "corpus") else "right", overflow="fold")
    for count in counts:
        dropped = (f"{count.dropped.get(reason, 0):,}" for reason in reasons)
        view.add_row(count.target, count.corpus, f"{count.read:,}", *dropped, f"{count.kept:,}")
    if len(counts) > 1:
        totals = (f"{sum(count.dropped.get(reason, 0) for count in counts):,}" for reason in reasons)
        read, kept = (f"{sum(numbers):,}" for numbers in zip(*((one.read, one.kept) for one in counts), strict=True))
        view.add_row("", "all", read, *totals, kept)
    results().print(view)
