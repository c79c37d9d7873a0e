"""What stands on top of an encoder while it learns from another: sentence vectors, projections, predictions.

B = rows, L = tokens, D = width.
"""

from pathlib import Path
from typing import Literal, cast

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

Pooling = Literal["mean", "first"]
BRIDGE = "bridge.safetensors"
"""Beside a model: what brings its sentence vectors into the width of the teacher that they were learned from."""
_WEIGHT = "linear.weight"  # as sentence-transformers has it, whose `Dense` such a file is, too


def pooled(hidden_BLD: Tensor, mask_BL: Tensor, pooling: Pooling) -> Tensor:
    """One vector a text: the mean of its tokens', or its first token's."""
    if pooling == "first":
        return hidden_BLD[:, 0]
    weights_BL1 = mask_BL.unsqueeze(-1).to(hidden_BLD.dtype)
    return (hidden_BLD * weights_BL1).sum(1) / weights_BL1.sum(1).clamp(min=1)


def perceptron(width: int, hidden: int, out: int, dtype: torch.dtype) -> nn.Sequential:
    """A "2-layer MLP" (MMKD, Sec. 4.1), with ReLU between."""
    return nn.Sequential(nn.Linear(width, hidden, dtype=dtype), nn.ReLU(), nn.Linear(hidden, out, dtype=dtype))


def bridge(width: int, other: int, dtype: torch.dtype) -> nn.Module:
    """Brings vectors into another width; where the widths are equal there is nothing to do."""
    return nn.Identity() if width == other else nn.Linear(width, other, bias=False, dtype=dtype)


def save_bridge(learned: nn.Linear, file: Path) -> None:
    """Write a bridge between two widths."""
    save_file({_WEIGHT: learned.weight.detach().cpu().contiguous()}, file, metadata={"format": "pt"})


def load_bridge(file: Path) -> nn.Linear:
    """The bridge of a file."""
    weight_OD = load_file(file)[_WEIGHT]
    loaded = cast(nn.Linear, bridge(weight_OD.shape[1], weight_OD.shape[0], weight_OD.dtype))
    loaded.weight = nn.Parameter(weight_OD)
    return loaded
