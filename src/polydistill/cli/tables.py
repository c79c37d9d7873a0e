"""Rows of the mini-world, texts, lists of what there is, and what this machine offers, on a terminal."""

from collections.abc import Sequence
from json import dumps
from typing import TYPE_CHECKING

from polydistill.cli.screen import errors, say, show_grid

if TYPE_CHECKING:
    from polydistill.jobs.world import WorldRows
    from polydistill.papers.listing import Listing
    from polydistill.serving.doctor import Finding


def show_world(made: "WorldRows", json: bool = False) -> None:
    """Print rows that say the same below one another, or each as JSON."""
    records = made.in_turn()
    if json:
        for row in records:
            say(dumps(row, ensure_ascii=False))
        return
    several = len(made.records)
    labels = [name for name in ("label", "ner_tags", "stars", "answers") if name in records[0]]
    texts = [name for name in records[0] if name not in (*labels, "language")]
    lines = []
    for at, row in enumerate(records):
        first = at % several == 0
        number = str(at // several + 1) if first else ""
        shown = [_cell(row[name]) if first or isinstance(row[name], list | dict) else "" for name in labels]
        lines.append((number, *shown, str(row["language"]), *(_cell(row[name]) for name in texts)))
    headings = ("row", *labels, "", *texts)
    show_grid(headings, lines, left=headings, section=several)


def _cell(value: object) -> str:
    """Words and their tags side by side, of answers their texts, other things as they are."""
    if isinstance(value, dict):
        return " | ".join(value["text"])
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def show_texts(lines: Sequence[str]) -> None:
    """Print texts as they are."""
    for line in lines:
        say(line)


def show_listing(found: "Listing") -> None:
    """Print what there is, or how to begin."""
    if found.rows:
        show_grid(found.headings, found.rows, left=found.headings)
    else:
        say(f"No runs in {found.runs}. Begin with: polydistill quickstart")


def show_findings(found: "Sequence[Finding]") -> None:
    """Print what was looked at, found, and is to be done."""
    headings = ("", "found", "what to do")
    show_grid(headings, [(one.what, one.found, one.todo) for one in found], left=headings)
    if not any(one.todo for one in found):
        errors().print("All is well. Begin with: polydistill quickstart")
