"""A paper's table as a section of a page."""

from dataclasses import dataclass

from markupsafe import Markup

from polydistill.papers.rendering import average_heading, column_heading, notes, row_cells
from polydistill.papers.table import Table
from polydistill.reports.page import shown


@dataclass(frozen=True)
class Scores:
    """A table of results."""

    heading: str
    table: Table

    def html(self) -> Markup:
        """The table and its notes."""
        table = self.table
        return shown(
            "scores.html",
            "polydistill.papers",
            table=table,
            width=1 + len(table.columns) + bool(table.average_over),
            heading=column_heading,
            average=average_heading(table),
            cells=row_cells,
            notes=notes(table),
        )
