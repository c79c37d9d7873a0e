"""Scores as a table for a terminal."""

from collections.abc import Sequence
from pathlib import Path

from polydistill.cli.screen import save_json, show_grid
from polydistill.languages import called
from polydistill.results import LOWER_IS_BETTER, Score

_COLUMNS = 12  # ours: labels whose confusion fits a screen


def show_scores(scores: Sequence[Score], json: Path | None = None) -> None:
    """Print one line a language, with a column a metric, and the means."""
    metrics = tuple(dict.fromkeys(score.metric for score in scores))
    values = {metric: {score.language: score.value for score in scores if score.metric == metric} for metric in metrics}
    rows = {
        score.language: str(score.examples) for score in reversed(scores)
    }  # the first score's: a ranking has queries
    codes = tuple(dict.fromkeys(score.language for score in scores))
    lines = [
        (f"{code} {called(code)}", *(_points(values[metric].get(code)) for metric in metrics), rows[code])
        for code in codes
    ]
    if len(rows) > 1:
        means = (_points(sum(values[metric].values()) / len(values[metric])) for metric in metrics)
        lines.append((f"mean of {len(rows)}", *means, ""))
    show_grid(("language", *map(_heading, metrics), "rows"), lines, left=("language",))
    save_json(json, scores)


def show_evaluated(scores: Sequence[Score], json: Path | None = None, by_label: bool = False) -> None:
    """The same; by label also what became of each, in each language."""
    show_scores(scores, json)
    for score in scores:
        if by_label and score.by_label:
            _show_labels(score)


def _show_labels(score: Score) -> None:
    """Precision, recall and F1 of each label, and what it was taken for."""
    taken = bool(score.confusion) and len(score.labels) <= _COLUMNS
    language = f"{score.language} {called(score.language)}"
    headings = (language, "precision", "recall", "f1", "rows", *(f"as {name}" for name in score.labels if taken))
    lines = []
    for place, (name, (right, said, there)) in enumerate(zip(score.labels, score.by_label, strict=True)):
        shares = (_share(right, said), _share(right, there), _share(2 * right, said + there))
        lines.append((name, *shares, str(there), *(map(str, score.confusion[place]) if taken else ())))
    show_grid(headings, lines, left=(language,))


def _share(part: int, whole: int) -> str:
    return _points(part / whole if whole else None)


def _heading(metric: str) -> str:
    """The name of a metric; errors say that they are shown x 100, as they are no shares."""
    return f"{metric} x 100" if metric in LOWER_IS_BETTER else metric


def _points(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"
