"""BERTScore from Zhang et al. 2020 (Sec. 3), pair by pair in float64 NumPy; the query is the paper's reference x."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def idf(sentences: Sequence[Sequence[int]], token: int) -> float:
    """-log of the share of sentences that hold a token, with plus-one smoothing."""
    holding = sum(token in sentence for sentence in sentences)
    return float(-np.log((holding + 1) / (len(sentences) + 1)))


def bertscore(
    query: Array, candidate: Array, query_weights: Array, candidate_weights: Array
) -> tuple[float, float, float]:
    """Precision, recall and F1 of one pair, from vectors of length one."""
    cosines = query @ candidate.T
    recall = float((query_weights * cosines.max(axis=1)).sum() / query_weights.sum())
    precision = float((candidate_weights * cosines.max(axis=0)).sum() / candidate_weights.sum())
    return precision, recall, 2 * precision * recall / (precision + recall)
