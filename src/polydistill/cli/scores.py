"""Scores as a table for a terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from polydistill.cli.screen import results
from polydistill.languages import called
from polydistill.results import Score


def show_scores(scores: Sequence[Score]) -> None:
    """Print one line a language, and the mean."""
    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("language", scores[0].metric, "rows"):
        view.add_column(heading, justify="left" if heading == "language" else "right")
    for score in scores:
        view.add_row(f"{score.language} {called(score.language)}", _points(score.value), str(score.examples))
    if len(scores) > 1:
        view.add_row(f"mean of {len(scores)}", _points(sum(score.value for score in scores) / len(scores)), "")
    results().print(view)


def _points(value: float) -> str:
    return f"{100 * value:.1f}"
