"""Numbers that say how vectors of sentences lie: to each other, by language and meaning, and across two models.

Pure functions in float64. N = vectors, M = as many in other languages, D and E = widths.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional as F

from polydistill.retrieval.neighbours import nearest, similarities

Floats = NDArray[np.float64]
_SAME = 1e-10  # ours: vectors whose spread is smaller than this share of their size differ by rounding only


def alignment(one: ArrayLike, other: ArrayLike) -> float:
    """Mean of |u_i - v_i|^2, row i of both saying the same, at length one (Wang & Isola 2020, Sec. 4.1, alpha = 2)."""
    one_ND, other_ND = _unit(one), _unit(other)
    if one_ND.shape != other_ND.shape:
        raise ValueError(f"Vectors of shapes {tuple(one_ND.shape)} and {tuple(other_ND.shape)}; expected equal ones.")
    return float((one_ND - other_ND).square().sum(-1).mean())


def uniformity(vectors: ArrayLike) -> float:
    """The log of the mean of exp(-2 |u_i - u_j|^2) over pairs i < j, at length one (Wang & Isola 2020, Sec. 4.1)."""
    points_ND = _unit(vectors)
    count, total = len(points_ND), 0.0
    if count < 2:
        raise ValueError(f"Uniformity is of pairs of vectors; there is {count} vector.")
    start = 0
    for cosines_BN in similarities(points_ND, points_ND):
        close_BN = torch.exp(-4 * (1 - cosines_BN))  # |u - v|^2 = 2 - 2 u.v
        total += float(close_BN.sum() - close_BN.diagonal(start).sum())
        start += len(cosines_BN)
    return float(np.log(total / (count * (count - 1))))


def translations_found(vectors: ArrayLike, meanings: Sequence[object], languages: Sequence[str]) -> float:
    """The share of nearest neighbours in other languages that have the same meaning.

    Every sentence has one nearest neighbour by cosine in each other language; counted are the pairs of a sentence and
    a language that holds its meaning at all. 1 means that every sentence finds its translation in every language.
    """
    points_ND, meaning, code = _unit(vectors), _numbered(meanings), _numbered(languages)
    _one_each(points_ND, meaning, code)
    right = total = 0
    for other in np.unique(code):
        inside, outside = np.flatnonzero(code == other), np.flatnonzero(code != other)
        has_translation = outside[np.isin(meaning[outside], meaning[inside])]
        if has_translation.size:
            _, places_M1 = nearest(points_ND[has_translation], points_ND[inside], 1)
            right += int((meaning[inside[places_M1[:, 0].numpy()]] == meaning[has_translation]).sum())
            total += has_translation.size
    if total == 0:
        raise ValueError("No sentence has a translation among the others; expected meanings in two languages or more.")
    return right / total


def same_group(vectors: ArrayLike, groups: Sequence[object], neighbours: int) -> float:
    """Of every vector's `neighbours` nearest others by cosine, the share that is of its own group.

    Groups may be languages (1: each lies apart), meanings (1: translations lie together), or models.
    """
    points_ND, group = _unit(vectors), _numbered(groups)
    _one_each(points_ND, group)
    count = len(points_ND)
    if not 1 <= neighbours < count:
        raise ValueError(f"neighbours is {neighbours}; expected 1 to {count - 1}, the number of the other vectors.")
    places_NK = nearest(points_ND, points_ND, neighbours + 1)[1].numpy()
    itself_NK = places_NK == np.arange(count)[:, None]
    itself_NK[~itself_NK.any(1), -1] = True  # among equal vectors it may not be found; one of them drops out for it
    others_NK = places_NK[~itself_NK].reshape(count, neighbours)
    return float((group[others_NK] == group[:, None]).mean())


def cka_by_layer(ones: Sequence[ArrayLike], others: Sequence[ArrayLike], unbiased: bool = True) -> Floats:
    """Linear centred kernel alignment of each layer of one model with each of another: a row a layer of the first.

    Both hold vectors of the same N texts; their widths may differ. |X^T Y|^2 / (|X^T X| |Y^T Y|), Frobenius norms of
    centred X and Y (Kornblith et al. 2019), is near 1 for unrelated vectors, too, where they are wider than many.
    `unbiased` takes for each of the three the estimate whose mean is 0 then (Song et al. 2012; Nguyen et al. 2021).
    """
    points = [[_points(layer) for layer in layers] for layers in (ones, others)]
    counts = {len(layer_ND) for layers in points for layer_ND in layers}
    if len(counts) > 1 or min(counts) < 4:
        said = " and ".join(map(str, sorted(counts)))
        raise ValueError(f"CKA compares vectors of the same texts, four at least; here are vectors of {said} texts.")
    wide = min(counts) < max(layer_ND.shape[1] for layers in points for layer_ND in layers)
    rows, columns = ([_layer(layer_ND, wide) for layer_ND in layers] for layers in points)
    own_rows, own_columns = ([_together(one, one, unbiased) for one in layers] for layers in (rows, columns))
    return np.array(
        [
            [_together(one, other, unbiased) / np.sqrt(a * b) for other, b in zip(columns, own_columns, strict=True)]
            for one, a in zip(rows, own_rows, strict=True)
        ]
    )


@dataclass(frozen=True)
class _Layer:
    """Centred vectors of one layer, and their squared lengths."""

    points_ND: Tensor
    squares_N: Tensor
    products_NN: Tensor | None
    """Of each vector with each, where they are wider than many: then there are fewer of these than of features."""


def _layer(points_ND: Tensor, wide: bool) -> _Layer:
    centred_ND = points_ND - points_ND.mean(0)
    squares_N = centred_ND.square().sum(-1)
    if float(squares_N.sum()) <= _SAME * float(points_ND.square().sum()):
        raise ValueError(
            "All vectors are one and the same, so they vary with nothing and CKA is not defined. The embedding (layer "
            "0) of the first token is such a vector: leave layer 0 out, or take the mean of the tokens."
        )
    return _Layer(centred_ND, squares_N, centred_ND @ centred_ND.T if wide else None)


def _together(one: _Layer, other: _Layer, unbiased: bool) -> float:
    """How two layers' vectors vary together: their HSIC, up to a factor."""
    if one.products_NN is None or other.products_NN is None:
        biased = (one.points_ND.T @ other.points_ND).square().sum()
    else:
        biased = (one.products_NN * other.products_NN).sum()
    if not unbiased:
        return float(biased)
    count, one_N, other_N = len(one.squares_N), one.squares_N, other.squares_N
    return float(
        biased
        - count / (count - 2) * (one_N * other_N).sum()
        + one_N.sum() * other_N.sum() / ((count - 1) * (count - 2))
    )


def _unit(vectors: ArrayLike) -> Tensor:
    """The vectors at length one; a vector of zeros stays one."""
    return F.normalize(_points(vectors), dim=-1, eps=np.finfo(np.float64).tiny)


def _points(vectors: ArrayLike) -> Tensor:
    points = torch.from_numpy(np.array(vectors, dtype=np.float64))
    if points.ndim != 2 or not len(points):
        raise ValueError(f"Vectors have shape {tuple(points.shape)}; expected (vectors, width).")
    return points


def _numbered(names: Sequence[object]) -> NDArray[np.int64]:
    """Equal numbers for what has equal names."""
    known: dict[object, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)


def _one_each(points_ND: Tensor, *labels: NDArray[np.int64]) -> None:
    if any(len(label) != len(points_ND) for label in labels):
        said = " and ".join(str(len(label)) for label in labels)
        raise ValueError(f"{len(points_ND)} vectors, but {said} names of what they are; expected one each a vector.")
