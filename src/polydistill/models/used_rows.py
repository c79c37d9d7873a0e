"""Learning only the embedding rows that occur in the data: the same result for a fraction of the work.

XLM-R has 250,002 rows, a corpus some thousand different pieces. AdamW never moves a row that never gets a gradient but
by weight decay, which multiplies it by (1 - learning rate x decay) a step. So such rows need no gradient, no moments
and no place in a checkpoint: one number is kept, the product over all steps, by which they are multiplied in the end.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.optimizer import register_optimizer_step_post_hook
from transformers import PreTrainedModel

from polydistill.data.files.growing import pieces

_WORTH_IT = 0.5  # ours: with more of the rows in use the detour is not worth its lookup


class UsedRows(nn.Module):
    """An embedding of which the rows `used` learn; the others only shrink. B, L = batch, D = width."""

    shrunk: Tensor
    """By what the others are to be multiplied."""

    def __init__(self, embedding: nn.Embedding, used: Tensor) -> None:
        super().__init__()
        self.rows = nn.Parameter(embedding.weight.detach()[used].clone())
        # Plain attributes, for they neither learn nor belong into a checkpoint.
        self._still = embedding.weight.detach()
        self._place = torch.full((embedding.num_embeddings,), -1, device=used.device)
        self._place[used] = torch.arange(len(used), device=used.device)
        padding = embedding.padding_idx
        self._padding = None if padding is None or self._place[padding] < 0 else int(self._place[padding])
        self.register_buffer("shrunk", torch.ones((), dtype=torch.float64, device=used.device))

    def forward(self, ids_BL: Tensor) -> Tensor:
        """The vectors of these ids; in training all of them are in use."""
        place_BL = self._place[ids_BL]
        learned_BLD = F.embedding(place_BL.clamp(min=0), self.rows, padding_idx=self._padding)
        if self.training:
            return learned_BLD
        still_BLD = F.embedding(ids_BL, self._still) * self.shrunk.to(self._still.dtype)
        return torch.where((place_BL >= 0).unsqueeze(-1), learned_BLD, still_BLD)

    def shrink(self, optimiser: torch.optim.Optimizer, *_: Any) -> None:
        """After a step of the optimiser: let the others decay as those decay that it moves."""
        for group in optimiser.param_groups:
            if any(one is self.rows for one in group["params"]):
                self.shrunk *= 1 - float(group["lr"]) * float(group["weight_decay"])

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> Self:
        self._still, self._place = fn(self._still), fn(self._place)
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self


@contextmanager
def learning_used_rows(network: PreTrainedModel, ids: Iterable[NDArray[np.integer[Any]]]) -> Iterator[None]:
    """Within, only the embedding rows of these ids learn, if that saves work; after it the network is whole again."""
    embedding = cast(nn.Embedding, network.get_input_embeddings())
    seen = np.zeros(embedding.num_embeddings, dtype=np.bool_)
    for piece in chain.from_iterable(map(pieces, ids)):
        seen[piece] = True
    used = torch.from_numpy(np.flatnonzero(seen))
    if not embedding.weight.requires_grad or len(used) > _WORTH_IT * embedding.num_embeddings:
        yield
        return
    part = UsedRows(embedding, used.to(embedding.weight.device)).train(embedding.training)
    network.set_input_embeddings(part)
    after_each_step = register_optimizer_step_post_hook(part.shrink)
    try:
        yield
    finally:
        after_each_step.remove()
        with torch.no_grad():
            embedding.to(part.rows.device).weight.mul_(part.shrunk.to(part.rows.dtype))
            embedding.to(part.rows.device).weight[used.to(part.rows.device)] = part.rows.to(embedding.weight.dtype)
        network.set_input_embeddings(embedding)
