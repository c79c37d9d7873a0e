"""A table as plain text, as a file or a pipe gets it."""

import io

from rich.console import Console

from polydistill.papers.rendering import TERMINAL_WIDTH, to_rich
from polydistill.papers.table import Table


def to_text(table: Table, width: int = TERMINAL_WIDTH) -> str:
    """Without colours."""
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(to_rich(table, width))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"
