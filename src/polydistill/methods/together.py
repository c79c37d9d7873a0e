"""Rows of all processes, for what compares the rows of a batch with one another."""

from typing import Any, cast

import torch
from torch import Tensor, distributed
from torch.autograd import Function


def together(rows: Tensor) -> Tensor:
    """The rows that all processes have of a tensor, each as many; with one process the tensor itself.

    Gradients flow to all of them. Where every process takes the same mean over all rows, their gradients together are
    those of one process with the whole batch.
    """
    if not distributed.is_available() or not distributed.is_initialized() or distributed.get_world_size() == 1:
        return rows
    return cast(Tensor, _Together.apply(rows))  # type: ignore[no-untyped-call]


class _Together(Function):
    """Gathers rows; gradients are summed over the processes, and each takes those of its own rows."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.rows = len(rows)
        parts = [torch.empty_like(rows) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        distributed.all_reduce(total)
        start = distributed.get_rank() * ctx.rows
        return total[start : start + ctx.rows]
