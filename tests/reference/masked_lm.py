"""Masked language modelling again, in float64 NumPy: written from BERT (Devlin et al. 2019, Sec. 3.1)."""

import numpy as np
from numpy.typing import NDArray

from reference.xd_paper import tuning


def masked_lm(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The mean of -log p(token) over the hidden positions (label not -100), from scores of every position."""
    hidden = [(row, place) for row, place in np.ndindex(*labels.shape) if labels[row, place] != -100]
    value, _ = tuning(np.array([scores[at] for at in hidden]), np.array([labels[at] for at in hidden]))
    return value
