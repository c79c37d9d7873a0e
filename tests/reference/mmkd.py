"""MMKD (Li et al. 2022) again, in float64 NumPy, written from equations 1 to 5, sentence by sentence and word by word.

Also the loss of plain sentence distillation (Reimers & Gurevych 2020, eq. 1, as a mean over both sides).
"""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Counts = NDArray[np.bool_]


def log_share(scores: list[float], at: int) -> float:
    """The logarithm of exp(score of `at`) as a share of all."""
    largest = max(scores)
    return scores[at] - largest - math.log(math.fsum(math.exp(score - largest) for score in scores))


def xwcl(
    student: Array, teacher: Array, masked: Counts, words: Counts, temperature: float, transposed: bool, per: str
) -> float:
    """Eq. 1 over a batch [sentence, word, feature]; `transposed` as the authors' code has it."""
    of_sentences, of_words, means = [], [], []
    for s, t, hidden, real in zip(student, teacher, masked, words, strict=True):
        places = [place for place, one in enumerate(real) if one]
        if not places:
            continue
        lost = []
        for i in places:
            if hidden[i]:
                picking, among = (t[i], s) if transposed else (s[i], t)
                scores = [math.fsum(picking * among[j]) / temperature for j in places]
                lost.append(-log_share(scores, places.index(i)))
        of_sentences.append(math.fsum(lost))
        of_words += lost
        means += [math.fsum(lost) / len(lost)] if lost else []
    averaged = {"sentence": of_sentences, "word": of_words, "mean": means}[per]
    return math.fsum(averaged) / max(1, len(averaged))


def unit(vector: Array) -> Array:
    """At length 1."""
    return vector / math.sqrt(math.fsum(vector * vector))


def senta(student: Array, teacher: Array, features: str, counts: Counts) -> float:
    """Eq. 2."""
    squared = []
    for s, t, one in zip(student, teacher, counts, strict=True):
        if one:
            off = (unit(s) - unit(t)) ** 2
            squared.append(math.fsum(off) / (len(off) if features == "mean" else 1))
    return math.fsum(squared) / max(1, len(squared))


def struca(student: Array, teacher: Array, temperature: float, rows: str, counts: Counts) -> float:
    """Eq. 3 to 5."""
    real = [place for place, one in enumerate(counts) if one]
    total = 0.0
    for i in real:
        sides = []
        for side in (teacher, student):
            cosines = [math.fsum(unit(side[i]) * unit(side[j])) / temperature for j in real]
            sides.append([log_share(cosines, place) for place in range(len(real))])
        total += math.fsum(math.exp(p) * (p - q) for p, q in zip(*sides, strict=True))
    return total / max(1, len(real)) if rows == "mean" else total


def sentence(source: Array, target: Array, teacher: Array, counts: Counts) -> float:
    """The mean squared error of both sides to the teacher's vector of the source."""
    lost = [
        (np.mean((s - v) ** 2) + np.mean((t - v) ** 2)) / 2
        for s, t, v, one in zip(source, target, teacher, counts, strict=True)
        if one
    ]
    return math.fsum(lost) / max(1, len(lost))
