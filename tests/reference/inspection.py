"""The numbers of an inspection again, from their equations: loops over vectors, whole N x N matrices, float64."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def unit(vectors: Matrix) -> Matrix:
    return vectors / np.sqrt((vectors**2).sum(axis=1, keepdims=True))


def alignment(one: Matrix, other: Matrix) -> float:
    """Wang & Isola 2020: E |f(x) - f(y)|^2 over positive pairs."""
    return math.fsum(((a - b) ** 2).sum() for a, b in zip(unit(one), unit(other), strict=True)) / len(one)


def uniformity(vectors: Matrix) -> float:
    """Wang & Isola 2020: log E exp(-t |f(x) - f(y)|^2) with t = 2, over all pairs."""
    points = unit(vectors)
    pairs = [(i, j) for i in range(len(points)) for j in range(i)]
    return math.log(math.fsum(math.exp(-2 * ((points[i] - points[j]) ** 2).sum()) for i, j in pairs) / len(pairs))


def nearest(vectors: Matrix, row: int, among: Sequence[int], count: int) -> list[int]:
    points = unit(vectors)
    return sorted(among, key=lambda other: -float(points[row] @ points[other]))[:count]


def translations_found(vectors: Matrix, meanings: Sequence[object], languages: Sequence[str]) -> float:
    hits = []
    for row, (meaning, language) in enumerate(zip(meanings, languages, strict=True)):
        for other in sorted(set(languages) - {language}):
            inside = [i for i in range(len(vectors)) if languages[i] == other]
            if meaning in [meanings[i] for i in inside]:
                (found,) = nearest(vectors, row, inside, 1)
                hits.append(meanings[found] == meaning)
    return sum(hits) / len(hits)


def same_group(vectors: Matrix, groups: Sequence[object], neighbours: int) -> float:
    hits = []
    for row, group in enumerate(groups):
        others = [i for i in range(len(vectors)) if i != row]
        hits += [groups[i] == group for i in nearest(vectors, row, others, neighbours)]
    return sum(hits) / len(hits)


def cka(one: Matrix, other: Matrix) -> float:
    """Kornblith et al. 2019: HSIC(K, L) = tr(K H L H) with linear kernels and H = I - 1 1' / n."""
    centre = np.eye(len(one)) - 1 / len(one)

    def hsic(k: Matrix, kernel: Matrix) -> float:
        return float(np.trace(k @ centre @ kernel @ centre))

    k, kernel = one @ one.T, other @ other.T
    return hsic(k, kernel) / math.sqrt(hsic(k, k) * hsic(kernel, kernel))


def unbiased_cka(one: Matrix, other: Matrix) -> float:
    """The same with the estimate of Song et al. 2012 (K and L without their diagonals)."""
    n, ones = len(one), np.ones(len(one))

    def hsic(k: Matrix, kernel: Matrix) -> float:
        product = k @ kernel
        parts = (
            np.trace(product)
            + (ones @ k @ ones) * (ones @ kernel @ ones) / ((n - 1) * (n - 2))
            - 2 / (n - 2) * ones @ product @ ones
        )
        return float(parts) / (n * (n - 3))

    k, kernel = ((x @ x.T) * (1 - np.eye(n)) for x in (one, other))
    return hsic(k, kernel) / math.sqrt(hsic(k, k) * hsic(kernel, kernel))
