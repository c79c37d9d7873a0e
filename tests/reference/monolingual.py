"""Monolingual students (Bui 2022) again, in float64 NumPy: equations 2.9 to 2.16, and what stands beside them.

Written from the thesis: Hinton (2.8, 2.9), MLM (2.10), layer maps (2.11), hidden states (2.12, 2.13), attention scores
(2.14, 2.15), embeddings (2.16); from the authors' code the sum over a sequence and the probabilities cut at 0.01;
from Wang et al. (2020) the relations. Tokens, heads and pieces are looped over one by one, so that nothing
here resembles the vectorised code it checks. `counts` are the tokens that are no pads.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Counts = NDArray[np.bool_]


def softened(scores: Array, temperature: float) -> Array:
    """Eq. 2.8 of one position: exp(z_i / T) / sum_j exp(z_j / T)."""
    largest = max(scores)
    weights = [math.exp((score - largest) / temperature) for score in scores]
    return np.array(weights) / math.fsum(weights)


def divergence(p: Array, q: Array) -> float:
    """D_KL(p || q) of two distributions; what p does not hold costs nothing."""
    return math.fsum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def hinton(student: Array, teacher: Array, temperature: float, scaling: str, counts: Counts, sequences: int) -> float:
    """Eq. 2.9 over the positions that count, in one of the three scalings."""
    total, number = 0.0, 0
    for s, t, one in zip(student, teacher, counts, strict=True):
        if one:
            p, q = softened(t, temperature), softened(s, temperature)
            entropy = -math.fsum(a * math.log(a) for a in p)
            total += divergence(p, q) + (entropy if scaling == "cross_entropy" else 0.0)
            number += 1
    if scaling == "cross_entropy":
        return total / max(1, number)
    return temperature**2 * total / (max(1, number) if scaling == "hinton" else sequences)


def bucketed(student: Array, teacher: Array, pieces: int, temperature: float, entropy: bool) -> float:
    """The divergence (or cross-entropy) of one position over the teacher's top pieces and all others as one."""
    top = sorted(range(len(teacher)), key=lambda piece: -teacher[piece])[:pieces]
    p, q = softened(teacher, temperature), softened(student, temperature)
    others = [piece for piece in range(len(teacher)) if piece not in top]
    p, q = (np.array([*(one[piece] for piece in top), math.fsum(one[piece] for piece in others)]) for one in (p, q))
    own = -math.fsum(a * math.log(a) for a in p if a > 0)
    return divergence(p, q) + (0.0 if entropy else own)


def on_kept(p: Array, kept: list[int], unknown: int | None) -> Array:
    """What a teacher's distribution is to a student that has the pieces `kept` alone.

    The lost mass is shared out among them (unknown is None), or all of it goes to the student's piece `unknown`.
    """
    lost = math.fsum(value for piece, value in enumerate(p) if piece not in kept)
    if unknown is None:
        return np.array([p[piece] / (1 - lost) for piece in kept])
    return np.array([p[piece] + (lost if own == unknown else 0.0) for own, piece in enumerate(kept)])


def mlm(student: Array, labels: NDArray[np.int64]) -> float:
    """Eq. 2.10 as a mean over the positions with a label (the others have -100)."""
    losses = [-math.log(softened(s, 1.0)[label]) for s, label in zip(student, labels, strict=True) if label != -100]
    return math.fsum(losses) / max(1, len(losses))


def layer_map(name: str, student_blocks: int, teacher_blocks: int) -> dict[int, int]:
    """Eq. 2.11 and the four strategies under it."""
    if name == "last":
        return {student_blocks: teacher_blocks}
    strategies: dict[str, Callable[[int], float]] = {
        "uniform": lambda m: m * teacher_blocks / student_blocks,
        "top": lambda m: m + teacher_blocks - student_blocks,
        "bottom": lambda m: m,
    }
    return {m: int(strategies[name](m)) for m in range(1, student_blocks + 1)}


def _tokens(counts: Counts) -> list[tuple[int, int]]:
    return [(row, token) for row, token in np.ndindex(*counts.shape) if counts[row, token]]


def hidden_mse(student: Array, teacher: Array, counts: Counts) -> float:
    """Eq. 2.12, and 2.16 of embeddings: over all tokens that count, and features."""
    squares = [(student[at] - teacher[at]) ** 2 for at in _tokens(counts)]
    return float(np.mean(squares)) if squares else 0.0


def hidden_cosine(student: Array, teacher: Array, counts: Counts) -> float:
    """Eq. 2.13, token by token."""
    apart = [
        1 - (student[at] @ teacher[at]) / math.sqrt((student[at] @ student[at]) * (teacher[at] @ teacher[at]))
        for at in _tokens(counts)
    ]
    return float(np.mean(apart)) if apart else 0.0


def scores(queries: Array, keys: Array) -> Array:
    """Eq. 2.14: A = Q K^T / sqrt(d_k), of [rows, heads, tokens, width]."""
    rows, heads, tokens, width = queries.shape
    found = np.zeros((rows, heads, tokens, tokens))
    for row, head, i, j in np.ndindex(*found.shape):
        found[row, head, i, j] = queries[row, head, i] @ keys[row, head, j] / math.sqrt(width)
    return found


def scores_mse(student: Array, teacher: Array, counts: Counts) -> float:
    """Eq. 2.15: 1/h sum over heads of MSE(A_i student, A_i teacher), over pairs of tokens that count."""
    heads = student.shape[1]
    pairs = [(row, i, j) for row, i in _tokens(counts) for j in range(counts.shape[1]) if counts[row, j]]
    if not pairs:
        return 0.0
    by_head = [np.mean([(student[b, h, i, j] - teacher[b, h, i, j]) ** 2 for b, i, j in pairs]) for h in range(heads)]
    return float(np.mean(by_head))


def attended(scores_of: Array, counts: Counts) -> Array:
    """The softmax of the scores over the tokens that count; 0 elsewhere."""
    found = np.zeros_like(scores_of)
    for row, head, i in np.ndindex(*scores_of.shape[:3]):
        if counts[row].any():
            found[row, head, i, counts[row]] = softened(scores_of[row, head, i, counts[row]], 1.0)
    return found


def probabilities_mse(student: Array, teacher: Array, counts: Counts) -> float:
    """The authors' code: probabilities, those of up to 0.01 set to zero on both sides."""
    cut = [np.where(one <= 1e-2, 0.0, one) for one in (student, teacher)]
    return scores_mse(cut[0], cut[1], counts)


def relation_kl(student: Array, teacher: Array, heads: int, counts: Counts) -> float:
    """MiniLM: 1 / (heads x tokens) sum of KL(softmax(t t^T / sqrt(d)) || softmax(s s^T / sqrt(d)))."""
    total, tokens = 0.0, _tokens(counts)
    for head in range(heads):
        parts = [
            one[..., head * (one.shape[-1] // heads) :][..., : one.shape[-1] // heads] for one in (student, teacher)
        ]
        for row, i in tokens:
            s, t = (softened(part[row, counts[row]] @ part[row, i] / math.sqrt(part.shape[-1]), 1.0) for part in parts)
            total += divergence(t, s)
    return total / max(1, heads * len(tokens))
