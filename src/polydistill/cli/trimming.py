"""What a trimmed model was and is, on a terminal."""

from typing import TYPE_CHECKING

from polydistill.cli.screen import say, show_grid

if TYPE_CHECKING:
    from polydistill.exports.trimming import Trimmed

MEGABYTE = 1_000_000


def show(done: "tuple[Trimmed, ...]") -> None:
    """Print each model: what it was and is, and a line a language of what its text loses."""
    for one in done:
        report = one.report
        sizes = (f"{size / MEGABYTE:,.1f}" for size in (report.size, report.size_after))
        lines = [
            ("pieces", f"{report.pieces:,}", f"{report.pieces_after:,}"),
            ("parameters", f"{report.parameters:,}", f"{report.parameters_after:,}"),
            ("megabytes", *sizes),
        ]
        show_grid(("", "before", "after"), lines, left=("",))
        if report.occurring is not None:
            budget = "" if report.keep is None else f", at most {report.keep:,}"
            say(
                f"{report.occurring:,} of {report.pieces:,} pieces occur in the text. With what they are merged from "
                f"and what always stays, --by frequency keeps {report.by_frequency:,}. Kept by {report.by}{budget}: "
                f"{report.pieces_after:,}."
            )
        if report.fallback:
            _show_fallback(one)
        same = f"on {report.compared} texts with all their pieces within {report.difference:.1g}"
        say(f"{one.folder}: says the same {same}" if report.compared else f"{one.folder}")


def _show_fallback(done: "Trimmed") -> None:
    """Shares in percent: what is written with other pieces now, what with none, and pieces a word."""
    lines = []
    for one in done.report.fallback:
        shares = (
            (one.changed_pieces, one.pieces),
            (one.changed_words, one.words),
            (one.changed_characters, one.characters),
            (one.unknown_after, one.characters),
            (one.unknown, one.characters),
        )
        percent = (f"{100 * part / max(1, whole):.2f}" for part, whole in shares)
        lengths = (f"{length / max(1, one.words):.2f}" for length in (one.pieces_after, one.pieces))
        lines.append((one.language, *percent, *lengths))
    headings = ("text", "pieces lost %", "words %", "characters %", "unknown %", "was", "pieces a word", "was")
    show_grid(headings, lines, left=("text",))
