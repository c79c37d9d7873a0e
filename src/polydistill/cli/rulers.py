"""What tasks of mteb say of a model, on a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING

from polydistill.cli.screen import save_json, say, show_grid

if TYPE_CHECKING:
    from polydistill.serving.mteb import RuledModel


def show(done: "RuledModel", json: Path | None = None) -> None:
    """Print a line a task and language, and a mean where a task has several."""
    lines = []
    for task, mean in done.means().items():
        own = [one for one in done.results if one.task == task]
        lines += [(task, one.language, one.metric, f"{100 * one.value:.1f}") for one in own]
        if len(own) > 1:
            lines.append((task, f"mean of {len(own)}", own[0].metric, f"{100 * mean:.1f}"))
    show_grid(("task", "language", "score", "x 100"), lines, left=("task", "language", "score"))
    say(f"mteb {done.mteb}, on its task classes")
    save_json(json, done)
