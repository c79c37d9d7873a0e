"""What the papers' jobs made, on a terminal and as files."""

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


def show_page(page: Path) -> None:
    """Print where a page lies."""
    say(f"page: {page}")


def show_quickstart(made: "Quickstart") -> None:
    """Print the table, and where the page lies."""
    from polydistill.papers.rendering import to_rich

    console = results()
    console.print(to_rich(made.table, console.width))
    say(f"page: {made.page}\nsummary: {made.summary}")


def show_table(made: "Table | Plan", json: Path | None = None, markdown: Path | None = None) -> None:
    """Print a table, or what it would take."""
    from polydistill.papers import plan, rendering

    console = results()
    if isinstance(made, plan.Plan):
        console.print(plan.to_rich(made))
        said = plan.to_markdown(made)
    else:
        console.print(rendering.to_rich(made, console.width))
        said = rendering.to_markdown(made)
    save_json(json, made)
    save(markdown, said)


def show_figure(made: "Figure | Inspected", json: Path | None = None, markdown: Path | None = None) -> None:
    """Print the points of a figure."""
    from polydistill.cli.inspection import show
    from polydistill.reports import figures, inspection

    if isinstance(made, figures.Figure):
        results().print(figures.to_rich(made))
        said = figures.to_markdown(made)
    else:
        show(made)
        said = inspection.to_markdown(made)
    save_json(json, made)
    save(markdown, said)


def show_claims(found: "list[Entry]", json: Path | None = None, markdown: Path | None = None) -> None:
    """Print every claim, and whether it holds."""
    from polydistill.papers import ledger

    results().print(ledger.to_rich(found))
    save_json(json, found)
    save(markdown, ledger.to_markdown(found))
