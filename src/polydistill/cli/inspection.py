"""What an inspection found, on a terminal."""

from typing import TYPE_CHECKING

from polydistill.cli.screen import results, say

if TYPE_CHECKING:
    from polydistill.inspection.inspection import Inspected
    from polydistill.reports.page import Grid


def show(found: "Inspected") -> None:
    """Print the numbers of the last layers, and the other models beside the first."""
    from polydistill.reports.inspection import comparisons_grid, layers_grid

    _print(layers_grid(found))
    if found.comparisons:
        _print(comparisons_grid(found))


def _print(grid: "Grid") -> None:
    from rich import box
    from rich.table import Table

    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for at, heading in enumerate(grid.columns):
        view.add_column(heading, justify="right" if at else "left")
    for row in grid.rows:
        view.add_row(*row)
    results().print(view)
    if grid.remark:
        say(grid.remark)
