"""XD (cross-lingual knowledge distillation for polyglot sentence embeddings) again, in float64 NumPy.

Written from the paper's words: tuning is the cross-entropy of the gold class (Sec. 2.1, 2.2); XD "minimises the
distance between the vectors" that the teacher gives of the source text and the student of the target text (Sec. 2.3),
by L2; its code also knows L1, cosine and smooth L1. Each distance comes with its gradient by the student's vectors.

Rows are looped over one by one, so that nothing here resembles the vectorised code it checks.
"""

import math

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
ValueAndGradient = tuple[float, Matrix]


def _l2(s: Matrix, t: Matrix) -> tuple[float, Matrix]:
    return sum((a - b) ** 2 for a, b in zip(s, t, strict=True)) / len(s), 2 * (s - t) / len(s)


def _l1(s: Matrix, t: Matrix) -> tuple[float, Matrix]:
    return sum(abs(a - b) for a, b in zip(s, t, strict=True)) / len(s), np.sign(s - t) / len(s)


def _smooth_l1(s: Matrix, t: Matrix) -> tuple[float, Matrix]:
    value, gradient = 0.0, np.zeros_like(s)
    for i, d in enumerate(s - t):
        value += d * d / 2 if abs(d) < 1 else abs(d) - 0.5
        gradient[i] = d if abs(d) < 1 else math.copysign(1, d)
    return value / len(s), gradient / len(s)


def _cosine(s: Matrix, t: Matrix) -> tuple[float, Matrix]:
    length_s, length_t = math.sqrt(sum(a * a for a in s)), math.sqrt(sum(b * b for b in t))
    similarity = sum(a * b for a, b in zip(s, t, strict=True)) / (length_s * length_t)
    return 1 - similarity, similarity * s / length_s**2 - t / (length_s * length_t)


_ROW = {"mse": _l2, "l1": _l1, "smooth-l1": _smooth_l1, "cosine": _cosine}


def distance(name: str, student: Matrix, teacher: Matrix, counts: NDArray[np.bool_] | None = None) -> ValueAndGradient:
    """The mean distance of the rows that count, and its gradient by the student's rows; 0 where none counts."""
    counts = np.ones(len(student), dtype=bool) if counts is None else counts
    number = max(1, int(counts.sum()))
    total, gradient = 0.0, np.zeros(student.shape, dtype=np.float64)
    for row in np.flatnonzero(counts):
        value, slope = _ROW[name](student[row].astype(np.float64), teacher[row].astype(np.float64))
        total += float(value)
        gradient[row] = slope / number
    return total / number, gradient


def tuning(logits: Matrix, labels: NDArray[np.int64], counts: NDArray[np.bool_] | None = None) -> ValueAndGradient:
    """The mean of -log p(gold class) over the rows that count, and its gradient by the logits."""
    counts = np.ones(len(logits), dtype=bool) if counts is None else counts
    number = max(1, int(counts.sum()))
    total, gradient = 0.0, np.zeros(logits.shape, dtype=np.float64)
    for row in np.flatnonzero(counts):
        largest = max(logits[row])
        weights = np.array([math.exp(score - largest) for score in logits[row]])
        total += math.log(weights.sum()) + largest - logits[row][labels[row]]
        gradient[row] = weights / weights.sum() / number
        gradient[row][labels[row]] -= 1 / number
    return total / number, gradient
