"""How well candidates are ranked for queries: rows of a pair with the same first text are the candidates of one query.

    nDCG@10 = mean over queries of DCG / the best DCG,    DCG = sum over the first ten of number / log2(1 + place)
    MRR     = mean over queries of 1 / the place of the first row that has the query's highest number

Equal answers share their places. A query whose candidates all have one number says nothing, and is left out; so is a
ranking with numbers below 0, which nDCG does not know.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polydistill.data.batches.encoding import Floats
from polydistill.results import Score

NDCG, MRR = "ndcg@10", "mrr"
_FIRST = 10
_CANDIDATES = 2  # ours: candidates a query in the mean; with fewer most rows are alone, and there is nothing to rank


def ranked(language: str, said_N: Floats, gold_N2: Any, split: str, data_fingerprint: str) -> tuple[Score, ...]:
    """Both scores, where queries have candidates."""
    from scipy.stats import rankdata
    from sklearn.metrics import ndcg_score

    numbers_N, query_N = gold_N2[:, 0], gold_N2[:, 1].astype(np.int64)
    if len(numbers_N) < _CANDIDATES * (query_N.max() + 1) or numbers_N.min() < 0:
        return ()
    order = np.argsort(query_N, kind="stable")
    found: dict[str, list[float]] = {NDCG: [], MRR: []}
    for rows in np.split(order, np.cumsum(np.bincount(query_N))[:-1]):
        wanted, given = numbers_N[rows], said_N[rows]
        if np.ptp(wanted) == 0:
            continue
        found[NDCG].append(float(ndcg_score(wanted[None], given[None], k=_FIRST)))
        found[MRR].append(1 / float(rankdata(-given)[wanted == wanted.max()].min()))
    return tuple(
        Score(
            language=language,
            metric=name,
            value=float(np.mean(each)),
            examples=len(each),
            split=split,
            data_fingerprint=data_fingerprint,
        )
        for name, each in found.items()
        if each
    )
