"""Systems beside the first one, for a terminal."""

from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from polydistill.cli.screen import results, save_json, say
from polydistill.reports.comparing import Compared, grid


def show(found: Compared, json: Path | None = None) -> None:
    """Print a table for each of the others."""
    save_json(json, found)
    for other in found.others:
        shown = grid(found, other)
        view = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(shown.heading), title_justify="left")
        for at, heading in enumerate(shown.columns):
            view.add_column(Text(heading), justify="left" if at in (0, len(shown.columns) - 1) else "right")
        for row in shown.rows:
            view.add_row(*map(Text, row))
        results().print(view)
        say(shown.remark)
