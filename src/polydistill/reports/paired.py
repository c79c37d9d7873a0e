"""What scores are the mean of, row by row, where they say it: what a paired test over examples reads."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polydistill.results import LOWER_IS_BETTER, Score


def of_the_same_rows(scores: Sequence[Score]) -> bool:
    """Whether all were scored on the same rows, as far as they say."""
    fingerprints = {score.data_fingerprint for score in scores} - {""}
    return len(fingerprints) < 2 and len({score.examples for score in scores}) < 2


def examples(scores: Sequence[Score]) -> NDArray[np.float64] | None:
    """In what share of the scores each row is right; None where that is not what the scores are the mean of.

    Where all are F1s of entities: the counts behind them, by score and row. Of errors: each row's mean error; of F1s of
    words: each row's mean F1.
    """
    words = all(score.words is not None for score in scores)
    if all(score.metric == "f1" for score in scores) and not words:
        return _stacked([score.counts for score in scores])
    errors = all(score.metric in LOWER_IS_BETTER for score in scores)
    stored = _stacked(
        [score.f1_by_example if words else score.distances if errors else score.correct for score in scores]
    )
    # What is right by row says nothing of the differences of a score that is no mean over rows.
    if stored is None or any(
        abs(float(hits.mean()) - score.value) > 1e-6 for hits, score in zip(stored, scores, strict=True)
    ):
        return None
    return np.asarray(stored.mean(axis=0), dtype=np.float64)


def _stacked(parts: Sequence[NDArray[Any] | None]) -> NDArray[np.float64] | None:
    """One array of all scores' rows; None where one was not stored, or they differ in number."""
    stored = [part for part in parts if part is not None]
    if len(stored) < len(parts) or len({len(part) for part in stored}) > 1:
        return None
    return np.stack(stored).astype(np.float64)
