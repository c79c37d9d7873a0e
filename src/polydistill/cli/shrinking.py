"""Small models beside the large one, on a terminal."""

from typing import TYPE_CHECKING

from polydistill.cli.screen import say, show_grid

if TYPE_CHECKING:
    from polydistill.reports.pareto import Shrunk


def show(found: "Shrunk") -> None:
    """Print a line a model, and where the page is."""
    from polydistill.reports.pareto import points_grid

    grid = points_grid(found)
    show_grid(grid.columns, grid.rows, left=grid.columns[:1])
    say(grid.remark)
    say(f"page: {found.page}")
