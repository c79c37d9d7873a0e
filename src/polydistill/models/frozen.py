"""A teacher: never trains, never wakes, is never saved, and no walk over a method's parameters finds it."""

from collections.abc import Callable
from typing import Any, Self

import torch
from torch import nn


class Frozen(nn.Module):
    """Holds a network out of the module tree.

    `parameters()`, `state_dict()`, `train()` and the wrappers of distributed training see nothing of it; only a move to
    another device or precision reaches it.
    """

    network: nn.Module

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        network.requires_grad_(False)
        object.__setattr__(self, "network", network.eval())

    @torch.no_grad()
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the network gives, without a graph."""
        return self.network(*args, **kwargs)

    def train(self, mode: bool = True) -> Self:
        """Stay asleep, whatever `mode` says: the network was put into evaluation mode for good."""
        del mode
        return super().train(False)

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> Self:
        self.network._apply(fn, recurse)  # type: ignore[no-untyped-call]
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self
