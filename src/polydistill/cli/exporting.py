"""What export has written, and what a push takes to the hub, on a terminal."""

from typing import TYPE_CHECKING

from polydistill.cli.screen import say

if TYPE_CHECKING:
    from polydistill.exports.exporting import Exported
    from polydistill.exports.push import Push


def show_exports(done: "tuple[Exported, ...]") -> None:
    """Print a line a folder."""
    for one in done:
        say(f"{one.folder}: {one.size / 1e6:,.1f} MB, {one.check.said}")


def show_push(found: "Push") -> None:
    """Print the files of a push, and whether it was done."""
    for name, size in found.files:
        say(f"{size / 1024:>12,.1f} KiB  {name}")
    if found.url is not None:
        say(f"Pushed: {found.url}")
        return
    kind = "public" if found.public else "private"
    say(
        f"Nothing was pushed. --confirm pushes these {len(found.files)} files, {found.size / 1e6:,.1f} MB, "
        f"to the {kind} repository {found.repository}."
    )
