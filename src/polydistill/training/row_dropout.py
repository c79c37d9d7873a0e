"""Dropout that is drawn by row: what a row loses follows from the seed, the step and its place among all rows of it.

PyTorch draws for a whole batch at once, so two processes with 4 rows each lose other things than one with 8. Here each
number is kept or dropped by a hash of (seed, micro-step, which call of dropout, row, place in the row), and none of
these depends on how many processes share the rows, or on how far a row is padded.

R = rows a tensor holds, which are those of the batch, or as many times more (the choices of each row).
"""

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from polydistill.training.processes import on_cpu

_FIRST, _SECOND = 0x7FEB352D, 0x846CA68B - (1 << 32)  # of a mixer of 32 bits ("lowbias32", Chris Wellons 2018)
_APART = 0x9E3779B1 - (1 << 32)  # an odd number near 2^32 / golden ratio: keeps places that lie side by side apart
_AT_ONCE = 1 << 18  # ours: numbers that are hashed together, so that a processor's cache holds them
_OTHERS = (
    F.dropout1d,
    F.dropout2d,
    F.dropout3d,
    F.alpha_dropout,
    F.feature_alpha_dropout,
    F.multi_head_attention_forward,
)


def draws_by_row(asked: Literal["batch", "row"] | None, processes: int) -> bool:
    """Whether dropout is drawn by row. Unasked, where it costs nothing: on processors, and where it matters at all."""
    return asked == "row" or (asked is None and processes > 1 and on_cpu())


class RowDropout(TorchFunctionMode):
    """Within, dropout is drawn by row: for this process's `rows` of a micro-step that `processes` share."""

    def __init__(self, seed: int, step: int, rows: int, rank: int = 0, processes: int = 1) -> None:
        super().__init__()
        self.rows, self.rank, self.processes = rows, rank, processes
        self._seeds = np.random.default_rng([seed, 4, step])  # 4: what the seed is used for; one number a call

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """What a call of torch gives, where it drops nothing."""
        del types
        kwargs = kwargs or {}
        if func in (F.dropout, torch.dropout):
            return self._dropout(func, *args, **kwargs)
        if func is F.scaled_dot_product_attention:
            return self._attention(*args, **kwargs)
        if func in _OTHERS and kwargs.get("training", True):
            raise ValueError(
                f"{func.__name__} draws its dropout for all rows of a batch at once, so it cannot be drawn by row: "
                "leave training.dropout at 'batch'."
            )
        return func(*args, **kwargs)

    def _dropout(
        self,
        func: Callable[..., Tensor],
        input: Tensor,
        p: float = 0.5,
        training: bool = True,
        inplace: bool = False,
        **other: Any,
    ) -> Tensor:
        if func is torch.dropout:
            p, training = other.get("p", p), other.get("train", training)
        if not training or p == 0:
            return input
        kept = input * self._kept(input.shape, p, input.device) / (1 - p) if p < 1 else input * 0.0
        return input.copy_(kept) if inplace else kept

    def _attention(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        """Attention step by step where it drops something: the kernels draw for all rows of a batch."""
        if dropout_p == 0:
            return F.scaled_dot_product_attention(
                query, key, value, attn_mask, 0.0, is_causal, scale=scale, enable_gqa=enable_gqa
            )
        if enable_gqa and key.shape[-3] != query.shape[-3]:
            times = query.shape[-3] // key.shape[-3]
            key, value = key.repeat_interleave(times, -3), value.repeat_interleave(times, -3)
        scores = query @ key.transpose(-1, -2) * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
        if is_causal:
            attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            scores = scores.masked_fill(~attn_mask, float("-inf"))
        elif attn_mask is not None:
            scores = scores + attn_mask
        return self._dropout(F.dropout, scores.softmax(-1), dropout_p) @ value

    def _kept(self, shape: torch.Size, p: float, device: torch.device) -> Tensor:
        """Which numbers of a tensor of this shape stay."""
        times, rest = divmod(shape[0], self.rows)
        if rest or not times:
            raise ValueError(
                f"Dropout by row met a tensor of {shape[0]} rows, but the batch has {self.rows}. Leave "
                "training.dropout at 'batch'."
            )
        seed = int(self._seeds.integers(-(1 << 31), 1 << 31))
        own = torch.arange(shape[0], dtype=torch.int32, device=device)
        place = (own // times * self.processes + self.rank) * times + own % times
        hashed = _mixed(place.mul_(_APART).add_(seed))
        for size in shape[1:-1]:
            hashed = _mixed(hashed[..., None] + _places(size, device))
        dropped = round(p * (1 << 32)) - (1 << 31)  # numbers below it, of all of 32 bits with a sign
        if len(shape) == 1:
            return hashed >= dropped
        return _last(hashed, _places(shape[-1], device), dropped)


def _places(size: int, device: torch.device) -> Tensor:
    return torch.arange(1, size + 1, dtype=torch.int32, device=device).mul_(_APART)


def _last(hashed: Tensor, places: Tensor, dropped: int) -> Tensor:
    """The last and largest dimension, a part at a time on a processor."""
    flat = hashed.reshape(-1)
    step = len(flat) if hashed.is_cuda else max(1, _AT_ONCE // len(places))
    parts = [flat[at : at + step, None] for at in range(0, len(flat), step)]
    return torch.cat([_mixed(part + places) >= dropped for part in parts]).view(*hashed.shape, len(places))


def _mixed(x: Tensor) -> Tensor:
    """Each number's hash, in its place. A shift fills with the sign, so what it filled is cleared."""
    x.bitwise_xor_((x >> 16).bitwise_and_(0xFFFF)).mul_(_FIRST)
    x.bitwise_xor_((x >> 15).bitwise_and_(0x1FFFF)).mul_(_SECOND)
    return x.bitwise_xor_((x >> 16).bitwise_and_(0xFFFF))
