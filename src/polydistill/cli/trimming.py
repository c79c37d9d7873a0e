"""The command that leaves out pieces of the vocabulary: trim."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich import box
from rich.table import Table

from polydistill.cli.learning import Model
from polydistill.cli.screen import codes, example, results, say

if TYPE_CHECKING:
    from polydistill.jobs.trimming import Texts, Trimmed

MEGABYTE = 1_000_000


def add(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        epilog=example(
            "polydistill trim --model FacebookAI/xlm-roberta-base --langs tr,en --text tr=turkish.txt.gz "
            "--text en=english.txt.gz --keep 30000 --out small"
        )
    )(trim)


def trim(
    model: Model,
    langs: Annotated[str, typer.Option(help="Languages to serve, such as tr,en.")],
    out: Annotated[Path, typer.Option(help="Folder for the model, with trim.json and kept.json.")],
    text: Annotated[
        list[str] | None,
        typer.Option(help="Text to count pieces in: tr=FILE once a language, or FILE for text in any of them."),
    ] = None,
    keep: Annotated[int | None, typer.Option(help="Pieces to keep at most, special ones included.")] = None,
    by: Annotated[
        Literal["frequency", "script", "both"] | None,
        typer.Option(help="What stays. Default: both, or script where there is no text."),
    ] = None,
) -> None:
    """Leave out the pieces (and their weights) that some languages do not need."""
    from polydistill import api

    for done in api.trim(model, codes(langs), _texts(text or []), keep=keep, by=by, out=out):
        show(done)


def _texts(given: list[str]) -> "Texts":
    """Text by language where each says its own, and text in any of them where none does."""
    from polydistill.jobs.making import by_language
    from polydistill.languages import language

    def named(one: str) -> bool:
        name, equals, _ = one.partition("=")
        try:
            return bool(equals and language(name))
        except ValueError:
            return False

    own = [one for one in given if named(one)]
    if own and len(own) < len(given):
        raise ValueError(
            f"--text {own[0]} is of one language, and another --text says none. Name the language of each, or of none."
        )
    return by_language("text", given, "a language and its text, such as tr=turkish.txt") if own else given


def show(done: "Trimmed") -> None:
    """Print what a model was and is, and a line a language of what its text loses."""
    report = done.report
    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", "before", "after"):
        view.add_column(heading, justify="right" if heading else "left")
    for name, before, after in (
        ("pieces", report.pieces, report.pieces_after),
        ("parameters", report.parameters, report.parameters_after),
        ("megabytes", report.size / MEGABYTE, report.size_after / MEGABYTE),
    ):
        shown = "{:,.1f}" if name == "megabytes" else "{:,}"
        view.add_row(name, shown.format(before), shown.format(after))
    results().print(view)
    if report.fallback:
        _show_fallback(done)
    same = f"on {report.compared} texts with all their pieces within {report.difference:.1g}"
    say(f"{done.folder}: says the same {same}" if report.compared else f"{done.folder}")


def _show_fallback(done: "Trimmed") -> None:
    """Shares in percent: what is written with other pieces now, what with none, and pieces a word."""
    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    headings = ("text", "pieces lost %", "words %", "characters %", "unknown %", "was", "pieces a word", "was")
    for heading in headings:
        view.add_column(heading, justify="left" if heading == "text" else "right")
    for one in done.report.fallback:
        shares = (
            (one.changed_pieces, one.pieces),
            (one.changed_words, one.words),
            (one.changed_characters, one.characters),
            (one.unknown_after, one.characters),
            (one.unknown, one.characters),
        )
        lengths = (one.pieces_after, one.pieces)
        view.add_row(
            one.language,
            *(f"{100 * part / max(1, whole):.2f}" for part, whole in shares),
            *(f"{length / max(1, one.words):.2f}" for length in lengths),
        )
    results().print(view)
