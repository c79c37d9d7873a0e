"""BERT-KLD's loss again, in float64 NumPy, from the poster: L = CrossEnt(a, b) + l KL(h1, h2).

"h1 and h2 are hidden representations of the teacher and student models respectively. They are obtained by using softmax
distribution." Looped over one by one, with KL(p, q) = sum of p log(p / q).
"""

import math

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def softmax(vector: Matrix, temperature: float) -> list[float]:
    """Features as a distribution."""
    largest = max(vector)
    weights = [math.exp((feature - largest) / temperature) for feature in vector]
    return [weight / math.fsum(weights) for weight in weights]


def kl(
    student: Matrix, teacher: Matrix, temperature: float = 1.0, target: str = "teacher", scaling: str = "hinton"
) -> float:
    """The mean over rows; `hinton` is multiplied by T^2, `cross_entropy` leaves out sum of p log p, and T^2."""
    rows = []
    for s, t in zip(student.astype(np.float64), teacher.astype(np.float64), strict=True):
        h1, h2 = softmax(t, temperature), softmax(s, temperature)
        p, q = (h1, h2) if target == "teacher" else (h2, h1)
        entropy = math.fsum(-a * math.log(a) for a in p if a > 0)
        crossed = math.fsum(-a * math.log(b) for a, b in zip(p, q, strict=True) if a > 0)
        rows.append(crossed if scaling == "cross_entropy" else temperature**2 * (crossed - entropy))
    return math.fsum(rows) / len(rows)
