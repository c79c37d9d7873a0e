"""Task distillation of the monolingual-components thesis, from its equation, in float64 NumPy."""

import numpy as np


def squared_distance(student_NC: np.ndarray, teacher_NC: np.ndarray) -> float:
    """L_logits = 1 / N sum_x ||z_x^TE - z_x^ST||^2 (Sec. 3.3.6)."""
    return float(
        np.mean(
            [sum((t - s) ** 2 for s, t in zip(*pair, strict=True)) for pair in zip(student_NC, teacher_NC, strict=True)]
        )
    )
