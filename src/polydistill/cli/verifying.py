"""What verify has found, on a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from polydistill.cli.screen import errors, save_json, say
from polydistill.errors import printable

if TYPE_CHECKING:
    from polydistill.jobs.verify import Verified

CHANGED = 1


def show(found: "tuple[Verified, ...]", json: Path | None = None) -> None:
    """Print a line a folder, and a line a problem; the command ends with 1 where there is one."""
    save_json(json, found)
    for one in found:
        made = f", of the run {one.run_id}" if one.run_id else ""
        said = f"{len(one.problems)} of its files changed" if one.problems else "whole and unchanged"
        say(printable(f"{one.folder}: {said} ({one.files} files, {one.bytes / 1e6:,.1f} MB{made})"))
        for problem in one.problems:
            errors().print(printable(problem), style="bold red", markup=False, highlight=False, soft_wrap=True)
    if any(one.problems for one in found):
        raise typer.Exit(CHANGED)
