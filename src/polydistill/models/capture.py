"""What happens inside an encoder while it reads: hidden states, and the queries, keys and values of chosen blocks.

hidden[0] is the output of the embeddings, hidden[i] of block i (as `transformers` counts and gives them: the last one
of ModernBERT has passed its closing norm). Queries, keys and values are taken where the blocks compute them, so the
network may attend in any way it likes, such as SDPA, which gives no attention maps; `attentions` is never asked for.

B = rows, H = heads, L = places, D = width, K = width of a head.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.models.modernbert.modeling_modernbert import apply_rotary_pos_emb

from polydistill.errors import unknown
from polydistill.models.layers import blocks, family_of


@dataclass(frozen=True)
class Projections:
    """What one block's attention is made of; rotary positions (ModernBERT) are already in queries and keys."""

    query_BHLK: Tensor
    key_BHLK: Tensor
    value_BHLK: Tensor


@dataclass(frozen=True)
class Inside:
    """What was seen of one reading."""

    last_BLD: Tensor
    """The output of the encoder."""
    hidden: tuple[Tensor, ...] = ()
    """Its hidden states from 0 on, where asked for."""
    attention: Mapping[int, Projections] = field(default_factory=dict)
    """By block, where asked for."""


class Transparent(nn.Module):
    """An encoder that shows what happens inside; `Frozen(Transparent(network))` is a teacher that does."""

    def __init__(self, network: PreTrainedModel) -> None:
        super().__init__()
        self.network = network
        self.training = network.training  # wrapping a network neither wakes it nor puts it to sleep

    def forward(self, inputs: Mapping[str, Tensor], hidden: bool = False, attention: Collection[int] = ()) -> Inside:
        """See `look_inside`."""
        return look_inside(self.network, inputs, hidden, attention)


def look_inside(
    network: PreTrainedModel, inputs: Mapping[str, Tensor], hidden: bool = False, attention: Collection[int] = ()
) -> Inside:
    """Read a batch with the encoder of `network`, without its head; `attention` names blocks, from 1."""
    parts = blocks(network)
    for number in attention:
        if not 1 <= number <= len(parts):
            raise unknown("block", number, range(1, len(parts) + 1))
    seen: dict[int, dict[str, Any]] = {number: {} for number in attention}
    with ExitStack() as stack:
        for number in attention:
            stack.enter_context(_watching(network, parts[number - 1], seen[number]))
        outputs = network.base_model(**inputs, output_hidden_states=hidden)
    heads = int(network.config.num_attention_heads)
    return Inside(
        outputs.last_hidden_state,
        tuple(outputs.hidden_states) if hidden else (),
        {number: _projections(what, heads) for number, what in seen.items()},
    )


@contextmanager
def _watching(network: PreTrainedModel, block: nn.Module, seen: dict[str, Any]) -> Iterator[None]:
    """Within, what the block's attention computes is put into `seen`; also of a block that several students share."""
    family = family_of(network)
    attention = family.attention(block)

    def projected(name: str, _: nn.Module, __: Any, output: Tensor) -> None:
        seen[name] = output

    def called(_: nn.Module, __: Any, given: dict[str, Any]) -> None:
        seen["rotary"] = given.get("position_embeddings")

    handles = [
        cast(nn.Module, getattr(attention, name)).register_forward_hook(partial(projected, part))
        for name, part in zip(family.projections, ("query", "key", "value"), strict=False)
    ]
    handles.append(attention.register_forward_pre_hook(called, with_kwargs=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _projections(seen: dict[str, Any], heads: int) -> Projections:
    """Split by heads, and turned by position where the block does so."""
    together: Tensor = seen["query"]
    parts = [together, seen["key"], seen["value"]] if "key" in seen else list(together.chunk(3, dim=-1))
    query, key, value = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in parts)
    if seen["rotary"] is not None:
        query, key = apply_rotary_pos_emb(query, key, *seen["rotary"])
    return Projections(query, key, value)
