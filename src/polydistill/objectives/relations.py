"""Matching how a layer's vectors relate to one another: MiniLM (Wang et al. 2020) and v2 (2021). Not in the thesis.

Queries, keys or values of one layer, all heads side by side, are cut into relation heads. The two sides need the same
number of these, but neither equal widths nor equal attention heads, and no attention maps.

B = rows of the batch, L = tokens, D = width, R = relation heads.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from polydistill.objectives.precision import counted, products
from polydistill.objectives.vectors import mean_over


def relation_kl(student_BLD: Tensor, teacher_BLD: Tensor, heads: int, mask_BL: Tensor | None = None) -> Tensor:
    """Mean over relation heads and the tokens that count of KL(softmax(t t^T / sqrt(d)) || softmax(s s^T / sqrt(d))).

    t and s are a head's vectors of width d; the softmax is over the tokens that count (MiniLMv2, eq. 4 to 6).
    """
    student_BRLL = _log_relations(student_BLD, heads, mask_BL)
    teacher_BRLL = _log_relations(teacher_BLD, heads, mask_BL)
    rows_BL = F.kl_div(student_BRLL, teacher_BRLL, reduction="none", log_target=True).sum(-1).mean(1)
    return mean_over(rows_BL.flatten(), None if mask_BL is None else mask_BL.flatten())


def _log_relations(x_BLD: Tensor, heads: int, mask_BL: Tensor | None) -> Tensor:
    """The logarithm of how much each token relates to each other one, in each relation head."""
    width = x_BLD.shape[-1]
    if heads < 1 or width % heads:
        fitting = [number for number in range(1, width + 1) if width % number == 0]
        raise ValueError(f"Vectors of width {width} cannot be cut into {heads} relation heads; {fitting} would fit.")
    x_BRLd = torch.unflatten(x_BLD, -1, (heads, -1)).transpose(1, 2)
    scores_BRLL = products(x_BRLd, x_BRLd.transpose(-1, -2)) / math.sqrt(width // heads)
    return counted(scores_BRLL, None if mask_BL is None else mask_BL[:, None, None, :]).log_softmax(-1)
