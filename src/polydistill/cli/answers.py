"""What a model says of rows, on a terminal."""

import sys
from typing import TYPE_CHECKING

from polydistill.cli.screen import errors, say, tell
from polydistill.progress import followed

if TYPE_CHECKING:
    from polydistill.serving.asking import Predicted


def show(found: "Predicted") -> None:
    """Print what is said of the one row, or a line of JSON a row where no file took them."""
    if found.single and found.out is None:
        say(next(found).line)
        return
    lines = found.lines()
    for line in lines if sys.stdout.isatty() else followed(lines, "Answered", console=errors(), unit="rows"):
        sys.stdout.write(line)
        sys.stdout.flush()
    if found.left_out.first is not None:
        count = "1 line" if found.left_out.count == 1 else f"{found.left_out.count:,} lines"
        tell(f"Left out {count} that cannot be used. The first: {found.left_out.first}")
