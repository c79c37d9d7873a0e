"""Nearest neighbours by cosine among any number of vectors, without the full matrix of similarities.

Vectors have length one, so that their products are cosines. N = queries, M = candidates, D = width, K = neighbours.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from polydistill.data.batches.encoding import Ints
from polydistill.progress import followed

Search = Literal["exact", "faiss", "faiss-ivf"]
QUERIES, CANDIDATES = 1024, 16384  # ours: rows and columns of the similarities that are held at once, 64 MB
CELLS_PER_ROOT, PROBES = 4, 64  # IVF: cells by sqrt(M), and how many are looked into; by measurement
LEARNED_FROM, ROUNDS = (
    39,
    10,
)  # vectors a cell and rounds of k-means; faiss's 256 and 25 take long for 1 % more


def nearest(queries_ND: Tensor, candidates_MD: Tensor, k: int, search: Search = "exact") -> tuple[Tensor, Tensor]:
    """Cosines and places of each query's `k` nearest candidates, the nearest first, both [N, K].

    `exact` keeps the best while it goes through the candidates in chunks; `faiss` is the exact search of that library;
    `faiss-ivf` looks into the nearest of many cells only, so it is faster and may miss some (places -1 where it found
    fewer than `k`).
    """
    if not 1 <= k <= len(candidates_MD):
        raise ValueError(f"k is {k}; expected 1 to {len(candidates_MD)}, the number of candidates.")
    if search == "exact":
        some = followed(torch.split(queries_ND, QUERIES), "Searched", len(queries_ND), unit="text", many=len)
        parts = [_exact(some_ND, candidates_MD, k) for some_ND in some]
        return torch.cat([values for values, _ in parts]), torch.cat([places for _, places in parts])
    found, places = _index(candidates_MD, search).search(_array(queries_ND), k)
    return torch.from_numpy(found), torch.from_numpy(places)


def similarities(queries_ND: Tensor, candidates_MD: Tensor, block: int = QUERIES * CANDIDATES) -> Iterator[Tensor]:
    """The rows of the matrix of cosines, so many at a time that a part has about `block` numbers."""
    for some_ND in torch.split(queries_ND, max(1, block // max(1, len(candidates_MD)))):
        yield some_ND @ candidates_MD.T


def ranks(rows: Iterable[Tensor]) -> Ints:
    """The rank (1 = best) of candidate i for query i, from the rows of a matrix of similarities.

    Of equally similar candidates the first is ranked first, as `argmax` does it.
    """
    found, start = [], 0
    for rows_BM in rows:
        places = torch.arange(start, start + len(rows_BM), device=rows_BM.device)
        right_B1 = rows_BM.gather(1, places[:, None])
        before_BM = torch.arange(rows_BM.shape[1], device=rows_BM.device)[None, :] < places[:, None]
        better_BM = (rows_BM > right_B1) | ((rows_BM == right_B1) & before_BM)
        found.append(1 + better_BM.sum(1).cpu().numpy())
        start += len(rows_BM)
    return np.concatenate(found).astype(np.int64)


def found_ranks(places_NK: Tensor) -> Ints:
    """The rank of candidate i among the neighbours of query i; 0 where it is none of them."""
    right_NK = (places_NK == torch.arange(len(places_NK), device=places_NK.device)[:, None]).cpu().numpy()
    return np.where(right_NK.any(1), 1 + right_NK.argmax(1), 0).astype(np.int64)


def _exact(queries_ND: Tensor, candidates_MD: Tensor, k: int) -> tuple[Tensor, Tensor]:
    values, places = queries_ND.new_empty(len(queries_ND), 0), torch.empty(len(queries_ND), 0, dtype=torch.int64)
    places = places.to(queries_ND.device)
    for start in range(0, len(candidates_MD), CANDIDATES):
        some_NM = queries_ND @ candidates_MD[start : start + CANDIDATES].T
        best, where = some_NM.topk(min(k, some_NM.shape[1]), dim=1)
        all_values, all_places = torch.cat([values, best], 1), torch.cat([places, where + start], 1)
        values, kept = all_values.topk(min(k, all_values.shape[1]), dim=1)
        places = all_places.gather(1, kept)
    return values, places


def _index(candidates_MD: Tensor, search: Search) -> Any:
    """A faiss index that holds the candidates."""
    try:
        import faiss
    except ImportError:
        raise ValueError(
            f"search={search!r} needs faiss, which is not installed: pip install 'polydistill[faiss]'. "
            "Or take search='exact', which needs nothing."
        ) from None
    vectors = _array(candidates_MD)
    count, width = vectors.shape
    if search == "faiss":
        index: Any = faiss.IndexFlatIP(width)
    else:
        cells = max(1, min(count // LEARNED_FROM, round(CELLS_PER_ROOT * math.sqrt(count))))
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, cells, faiss.METRIC_INNER_PRODUCT)
        index.nprobe, index.cp.niter = min(PROBES, cells), ROUNDS
        chosen = np.random.default_rng(0).permutation(count)[: LEARNED_FROM * cells]
        index.train(vectors[np.sort(chosen)])
    index.add(vectors)
    return index


def _array(vectors: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(vectors.float().cpu().numpy())
