"""What a trimmed model was and is, on a terminal."""

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from polydistill.cli.screen import results, say

if TYPE_CHECKING:
    from polydistill.jobs.trimming import Trimmed

MEGABYTE = 1_000_000


def show(done: "tuple[Trimmed, ...]") -> None:
    """Print each model."""
    for one in done:
        _show(one)


def _show(done: "Trimmed") -> None:
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
