"""Scores as a table for a terminal."""

from collections.abc import Sequence
from pathlib import Path

from polydistill.cli.screen import save_json, show_grid
from polydistill.languages import called
from polydistill.results import LOWER_IS_BETTER, Score


def show_scores(scores: Sequence[Score], json: Path | None = None) -> None:
    """Print one line a language, with a column a metric, and the means."""
    metrics = tuple(dict.fromkeys(score.metric for score in scores))
    values = {metric: {score.language: score.value for score in scores if score.metric == metric} for metric in metrics}
    rows = {score.language: str(score.examples) for score in scores}
    lines = [
        (f"{code} {called(code)}", *(_points(values[metric][code]) for metric in metrics), number)
        for code, number in rows.items()
    ]
    if len(rows) > 1:
        means = (_points(sum(values[metric].values()) / len(rows)) for metric in metrics)
        lines.append((f"mean of {len(rows)}", *means, ""))
    show_grid(("language", *map(_heading, metrics), "rows"), lines, left=("language",))
    save_json(json, scores)


def _heading(metric: str) -> str:
    """The name of a metric; errors say that they are shown x 100, as they are no shares."""
    return f"{metric} x 100" if metric in LOWER_IS_BETTER else metric


def _points(value: float) -> str:
    return f"{100 * value:.1f}"
