"""The losses of sentence distillation again, in float64 NumPy, written from their formulas, sentence by sentence."""

import math
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from reference.mmkd import log_share, unit

Array = NDArray[np.float64]
Counts = NDArray[np.bool_]


def cosine(one: Array, other: Array) -> float:
    return math.fsum(unit(one) * unit(other))


def contrast(student: Array, teacher: Array, temperature: float, counts: Counts) -> float:
    """Of the candidates that are one and the same vector as a sentence's own, only its own counts."""
    real = [place for place, one in enumerate(counts) if one]
    lost = []
    for i in real:
        among = [j for j in real if j == i or cosine(teacher[i], teacher[j]) < 1 - 1e-6]
        scores = [cosine(student[i], teacher[j]) / temperature for j in among]
        lost.append(-log_share(scores, among.index(i)))
    return math.fsum(lost) / max(1, len(lost))


def relation(student: Array, teacher: Array, counts: Counts) -> float:
    pairs = list(permutations([place for place, one in enumerate(counts) if one], 2))
    apart = [(cosine(student[i], student[j]) - cosine(teacher[i], teacher[j])) ** 2 for i, j in pairs]
    return math.fsum(apart) / max(1, len(pairs))


def explained(student: Array, teacher: Array) -> float:
    said, wanted = (np.stack([unit(one) for one in side]) for side in (student, teacher))
    return 1 - ((said - wanted) ** 2).sum() / ((wanted - wanted.mean(0)) ** 2).sum()


def uniformity(vectors: Array) -> float:
    apart = [((unit(vectors[i]) - unit(vectors[j])) ** 2).sum() for i, j in permutations(range(len(vectors)), 2)]
    return math.log(math.fsum(math.exp(-2 * one) for one in apart) / len(apart))
