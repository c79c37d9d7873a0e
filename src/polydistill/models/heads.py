"""What stands on top of an encoder while it learns from another: sentence vectors, projections, predictions.

B = rows, L = tokens, D = width.
"""

from typing import get_args

import torch
from torch import Tensor, nn

from polydistill.defaults import Pooling
from polydistill.errors import unknown


def pooled(hidden_BLD: Tensor, mask_BL: Tensor, pooling: Pooling, skip: int = 0) -> Tensor:
    """One vector a text, without its first `skip` tokens (those of a prompt). Pads stand at the end."""
    if pooling == "first":
        return hidden_BLD[:, skip]
    place_BL = mask_BL.cumsum(1)
    counts_BL = mask_BL.bool() & (place_BL > skip) if skip else mask_BL.bool()
    if pooling == "last":
        return hidden_BLD[torch.arange(len(hidden_BLD), device=hidden_BLD.device), place_BL[:, -1] - 1]
    if pooling == "max":
        return hidden_BLD.masked_fill(~counts_BL.unsqueeze(-1), torch.finfo(hidden_BLD.dtype).min).amax(1)
    weights_BL1 = counts_BL.unsqueeze(-1).to(hidden_BLD.dtype)
    if pooling == "weighted-mean":
        weights_BL1 = weights_BL1 * place_BL.unsqueeze(-1)
    elif pooling not in ("mean", "mean-sqrt"):
        raise unknown("pooling", pooling, get_args(Pooling))
    total_B1 = weights_BL1.sum(1).clamp(min=1)
    return (hidden_BLD * weights_BL1).sum(1) / (total_B1.sqrt() if pooling == "mean-sqrt" else total_B1)


def perceptron(width: int, hidden: int, out: int, dtype: torch.dtype) -> nn.Sequential:
    """A "2-layer MLP" (MMKD, Sec. 4.1), with ReLU between."""
    return nn.Sequential(nn.Linear(width, hidden, dtype=dtype), nn.ReLU(), nn.Linear(hidden, out, dtype=dtype))


def normalised_perceptron(width: int, hidden: int, out: int, dtype: torch.dtype, closed: bool) -> nn.Sequential:
    """The same without biases and normalised over the batch, at the end too where it is `closed` (MMKD's code)."""
    return nn.Sequential(
        nn.Linear(width, hidden, bias=False, dtype=dtype),
        nn.BatchNorm1d(hidden, dtype=dtype),
        nn.ReLU(),
        nn.Linear(hidden, out, bias=False, dtype=dtype),
        *([nn.BatchNorm1d(out, affine=False, dtype=dtype)] if closed else []),
    )


def bridge(width: int, other: int, dtype: torch.dtype) -> nn.Module:
    """Brings vectors into another width; where the widths are equal there is nothing to do."""
    return nn.Identity() if width == other else nn.Linear(width, other, bias=False, dtype=dtype)
