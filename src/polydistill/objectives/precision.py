"""The precision in which objectives are computed: float32 at least, whatever the networks run in.

What a network says in bf16 has 8 bits. Means over rows, norms and softmaxes of it need more, and a mask's fill that is
the smallest float32 is no bf16 at all. Autocast turns every matrix product into bf16, so products are taken outside it.
"""

from functools import reduce

import torch
from torch import Tensor


def finer(*given: Tensor) -> torch.dtype:
    """The precision that holds all of these, float32 at least."""
    return reduce(torch.promote_types, (one.dtype for one in given), torch.float32)


def alike(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the precision that holds them, float32 at least."""
    dtype = finer(one, other)
    return one.to(dtype), other.to(dtype)


def products(one: Tensor, other: Tensor) -> Tensor:
    """The matrix product, in float32 at least, under autocast too."""
    with torch.autocast(one.device.type, enabled=False):
        left, right = alike(one, other)
        return left @ right


def counted(scores: Tensor, counts: Tensor | None) -> Tensor:
    """Scores for a softmax over the places of the last axis that count (`counts`, which broadcasts).

    What is left out gets the smallest number and not -inf, which would make 0 x (inf - inf) where nothing counts.
    """
    scores = scores.to(finer(scores))
    return scores if counts is None else scores.masked_fill(~counts.bool(), torch.finfo(scores.dtype).min)
