"""Scores as a table for a terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from polydistill.cli.screen import results
from polydistill.languages import called
from polydistill.results import LOWER_IS_BETTER, Score


def show_scores(scores: Sequence[Score]) -> None:
    """Print one line a language, with a column a metric, and the means."""
    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    metrics = tuple(dict.fromkeys(score.metric for score in scores))
    for heading in ("language", *map(_heading, metrics), "rows"):
        view.add_column(heading, justify="left" if heading == "language" else "right")
    values = {metric: {score.language: score.value for score in scores if score.metric == metric} for metric in metrics}
    rows = {score.language: str(score.examples) for score in scores}
    for code, number in rows.items():
        shown = (_points(values[metric][code]) for metric in metrics)
        view.add_row(f"{code} {called(code)}", *shown, number)
    if len(rows) > 1:
        means = (_points(sum(values[metric].values()) / len(rows)) for metric in metrics)
        view.add_row(f"mean of {len(rows)}", *means, "")
    results().print(view)


def _heading(metric: str) -> str:
    """The name of a metric; errors say that they are shown x 100, as they are no shares."""
    return f"{metric} x 100" if metric in LOWER_IS_BETTER else metric


def _points(value: float) -> str:
    return f"{100 * value:.1f}"
