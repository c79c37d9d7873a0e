"""What an inspection found, on a terminal."""

from typing import TYPE_CHECKING

from polydistill.cli.screen import say, show_grid

if TYPE_CHECKING:
    from polydistill.inspection.inspection import Inspected


def show(found: "Inspected") -> None:
    """Print the numbers of the last layers, and the other models beside the first."""
    from polydistill.reports.inspection import comparisons_grid, layers_grid

    for grid in (layers_grid(found), *([comparisons_grid(found)] if found.comparisons else [])):
        show_grid(grid.columns, grid.rows, left=grid.columns[:1])
        if grid.remark:
            say(grid.remark)
