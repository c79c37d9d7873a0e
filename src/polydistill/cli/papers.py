"""What the papers' jobs made, on a terminal and as files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from polydistill.cli.screen import results, save, save_json, say

if TYPE_CHECKING:
    from polydistill.inspection.inspection import Inspected
    from polydistill.papers.ledger import Entry
    from polydistill.papers.plan import Plan
    from polydistill.papers.quickstart import Quickstart
    from polydistill.papers.table import Table
    from polydistill.reports.figures import Figure
    from polydistill.reports.page import Section


def show_page(page: Path) -> None:
    """Print where a page lies."""
    say(f"page: {page}")


def show_quickstart(made: "Quickstart") -> None:
    """Print the table, and where the page lies."""
    from polydistill.papers.rendering import to_rich

    console = results()
    console.print(to_rich(made.table, console.width))
    say(f"page: {made.page}\nsummary: {made.summary}")


def show_table(
    made: "Table | Plan", json: Path | None = None, markdown: Path | None = None, page: Path | None = None
) -> None:
    """Print a table, or what it would take."""
    from polydistill.papers import plan, rendering
    from polydistill.papers.page import of_table

    console = results()
    if isinstance(made, plan.Plan):
        if page is not None:
            raise ValueError("--page shows results, and with --plan there are none. Take --markdown, or leave one out.")
        console.print(plan.to_rich(made))
        said = plan.to_markdown(made)
    else:
        console.print(rendering.to_rich(made, console.width))
        said = rendering.to_markdown(made)
        _save_page(page, f"{made.id}: {made.title}", of_table(made))
    save_json(json, made)
    save(markdown, said)


def show_figure(
    made: "Figure | Inspected", json: Path | None = None, markdown: Path | None = None, page: Path | None = None
) -> None:
    """Print the points of a figure."""
    from polydistill.cli.inspection import show
    from polydistill.papers.page import of_figure
    from polydistill.reports import figures, inspection

    if isinstance(made, figures.Figure):
        results().print(figures.to_rich(made))
        said, title = figures.to_markdown(made), f"{made.id}: {made.title}"
    else:
        show(made)
        said, title = inspection.to_markdown(made), f"Inside {', '.join(one.name for one in made.models)}"
    if page is not None:
        _save_page(page, title, of_figure(made))
    save_json(json, made)
    save(markdown, said)


def show_claims(
    found: "list[Entry]", json: Path | None = None, markdown: Path | None = None, page: Path | None = None
) -> None:
    """Print every claim, and whether it holds."""
    from polydistill.papers import ledger
    from polydistill.papers.page import of_claims

    results().print(ledger.to_rich(found))
    _save_page(page, "What the papers claim, and what ours say", of_claims(found))
    save_json(json, found)
    save(markdown, ledger.to_markdown(found))


def _save_page(file: Path | None, title: str, sections: "Sequence[Section]") -> None:
    """Write a page that was asked for, and say so."""
    from polydistill.reports.page import page_html

    if file is not None:
        save(file, page_html(title, sections))
