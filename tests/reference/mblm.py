"""The mixer of MBLM (MultiKD and MBLM, eq. 10 to 12) and the distillation loss (eq. 1 to 3), from the paper."""

import numpy as np


def mixer(streams, vector, mask):
    """H^en = sum_l H~^(l) * w^(l), with w = softmax over l of h^(l) = v . H~^(l), pads left out of the product.

    streams: [N, B, L, D]; vector: as many positions as the model knows; mask: [B, L].
    """
    rows = []
    for row in range(len(mask)):
        stack = []
        for stream in streams:
            score = np.zeros(stream.shape[-1])
            for position in range(stream.shape[1]):
                if mask[row, position]:
                    score += vector[position] * stream[row, position]
            stack.append(score)
        stacked = np.stack(stack)
        raised = np.exp(stacked - stacked.max(axis=0))
        weights = raised / raised.sum(axis=0)
        rows.append(sum(stream[row] * weight for stream, weight in zip(streams, weights, strict=True)))
    return np.stack(rows)


def distillation(student, teacher, temperature):
    """L_KD = -1/N sum_i p_i^T . log p_i^S (eq. 3), with p = softmax(z / tau) (eq. 1 and 2)."""
    total = 0.0
    for said, taught in zip(student, teacher, strict=True):
        teaches = np.exp(taught / temperature)
        teaches /= teaches.sum()
        says = np.exp(said / temperature)
        says /= says.sum()
        total -= float((teaches * np.log(says)).sum())
    return total / len(student)
