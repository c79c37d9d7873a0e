"""Pfeiffer adapters in float64 NumPy, from thesis Sec. 2.3.1, Fig. 2.15, and Pfeiffer et al. (2021)."""

from math import erf

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def norm(x: Floats, gain: Floats, bias: Floats, eps: float) -> Floats:
    centred = x - x.mean(-1, keepdims=True)
    return gain * centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps) + bias


def gelu(x: Floats) -> Floats:
    return x * 0.5 * (1 + np.vectorize(erf)(x / np.sqrt(2)))


def bottleneck(x: Floats, weights: dict[str, Floats], nonlinearity: str) -> Floats:
    inner = x @ weights["down.weight"].T + weights["down.bias"]
    inner = np.maximum(inner, 0) if nonlinearity == "relu" else gelu(inner)
    return inner @ weights["up.weight"].T + weights["up.bias"]
