"""Blocks with a branch a language inside a network of `transformers`, and the way of a batch through them.

K items of the network's list of blocks are exchanged for branched ones, which hand on one stream of vectors a branch,
and at the end one alone (MultiKD and MBLM, eq. 7 to 9). The network goes through its list as it always did.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from polydistill.models.layers import family_of
from polydistill.models.mblm_config import Branches
from polydistill.models.mixing import Mixer

Streams: TypeAlias = dict[str, Tensor]
_OUT = "out"  # the one output of a last mixer


@dataclass(frozen=True)
class Way:
    """How one batch goes through the branches."""

    through: tuple[str, ...]
    """The branches that read it."""
    learning: tuple[str, ...]
    """Those that learn from it."""
    end: str | None = None
    """The branch that alone is followed further, where nothing is mixed at the end."""
    mask_BL: Tensor | None = None


class Guide:
    """Tells all branched blocks of a network the way of the batch at hand."""

    way: Way

    @contextmanager
    def taking(self, way: Way) -> Iterator[None]:
        """Within, batches go this way."""
        self.way = way
        try:
            yield
        finally:
            del self.way  # it holds a batch's mask


class BranchedBlock(nn.Module):
    """One block of every branch, and what is done with what they say."""

    def __init__(self, block: nn.Module, layout: Branches, guide: Guide, last: bool, positions: int) -> None:
        super().__init__()
        self.branches = nn.ModuleDict({code: copy.deepcopy(block) for code in layout.languages})
        self.guide, self.last = guide, last
        self.mixer: Mixer | None = None
        if last and layout.mixers != "none" and layout.heads == "shared":
            self.mixer = Mixer((_OUT,), positions)
        elif not last and layout.mixers == "all":
            self.mixer = Mixer(layout.languages, positions)
        if (kind := getattr(block, "attention_type", None)) is not None:  # ModernBERT asks a block how far it looks
            self.attention_type = kind

    def forward(self, hidden: Tensor | Streams, *args: Any, **kwargs: Any) -> Tensor | Streams:
        """Take what is shared, or a stream a branch; give a stream a branch, and of the last block what is shared."""
        way = self.guide.way
        read = hidden if isinstance(hidden, dict) else dict.fromkeys(way.through, hidden)
        wanted = (way.end,) if self.last and way.end is not None else way.through
        said: Streams = {}
        for code in wanted:
            with _graph(code in way.learning):
                said[code] = self.branches[code](read[code], *args, **kwargs)
        return self._end(said, way) if self.last else self._onward(said, way)

    def _onward(self, said: Streams, way: Way) -> Streams:
        """Every branch hears what all said (eq. 9); that of a branch that does not learn needs no graph either."""
        if self.mixer is None or len(said) == 1:
            return said
        mixed: Streams = {}
        for code in said:
            with _graph(code in way.learning):
                mixed[code] = self.mixer(code, said, way.mask_BL)
        return mixed

    def _end(self, said: Streams, way: Way) -> Tensor:
        """One stream of all: that of a branch alone, or what the last mixer makes of them, or their mean."""
        if len(said) == 1:
            return next(iter(said.values()))
        if self.mixer is None:
            return torch.stack(list(said.values())).mean(0)
        return cast(Tensor, self.mixer(_OUT, said, way.mask_BL))


@contextmanager
def _graph(wanted: bool) -> Iterator[None]:
    with torch.set_grad_enabled(wanted and torch.is_grad_enabled()):
        yield


class BranchedHead(nn.Module):
    """A part of the classifier of which every branch has one of its own."""

    def __init__(self, part: nn.Module, layout: Branches, guide: Guide) -> None:
        super().__init__()
        self.branches = nn.ModuleDict({code: copy.deepcopy(part) for code in layout.languages})
        self.guide = guide

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the branch at hand says."""
        end = self.guide.way.end
        assert end is not None, "a classifier of its own reads its own branch"
        return self.branches[end](*args, **kwargs)


def branch_out(network: PreTrainedModel, layout: Branches, guide: Guide) -> None:
    """Exchange K blocks of a network for branched ones; all branches begin as the block they are copied from."""
    listed = cast(nn.ModuleList, family_of(network).blocks(network.base_model))
    depth, deep = len(listed), layout.blocks
    if deep > depth:
        raise ValueError(f"Branches of {deep} blocks need an encoder with as many; this one has {depth}.")
    places = range(deep) if layout.place == "bottom" else range(depth - deep, depth)
    positions = int(network.config.max_position_embeddings)
    for place in places:
        listed[place] = BranchedBlock(listed[place], layout, guide, place == places[-1], positions)
    if layout.heads == "own":
        _branch_heads(network, layout, guide)


def _branch_heads(network: PreTrainedModel, layout: Branches, guide: Guide) -> None:
    """Exchange what comes after the encoder, and BERT's pooler, which is part of it."""
    base = network.base_model
    if base is network:  # an encoder without a classifier
        return
    heads: list[tuple[nn.Module, str]] = [
        (network, name) for name, part in network.named_children() if part is not base
    ]
    if getattr(base, "pooler", None) is not None:
        heads.append((base, "pooler"))
    for owner, name in heads:
        part = cast(nn.Module, getattr(owner, name))
        if next(part.parameters(), None) is not None:
            setattr(owner, name, BranchedHead(part, layout, guide))
