"""One way to find the parts of an encoder and of its masked-language-modelling head, whatever its family calls them.

B = rows, L = places, D = width, N = positions.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PretrainedConfig, PreTrainedModel

from polydistill.objectives.vocabulary_teachers import Decoder


@dataclass(frozen=True)
class Family:
    """Where a family of encoders keeps its parts."""

    blocks: Callable[[Any], Iterable[nn.Module]]
    """The blocks, from the encoder without its head."""
    head: tuple[str, ...]
    """The modules that turn a position's vector into scores over the vocabulary; among them the decoder."""
    transform: Callable[[Any, Tensor], Tensor]
    """All of the head that comes before the decoder."""
    attention: Callable[[Any], nn.Module]
    """The self-attention of a block."""
    projections: tuple[str, ...]
    """Its linear layers: for queries, keys and values, or one for all three."""
    feed_forward: str = "intermediate_size"
    """The setting that holds the width of a block's feed-forward part."""
    closing: str | None = None
    """What the encoder applies once after its last block."""


def _roberta_transform(network: Any, hidden_ND: Tensor) -> Tensor:
    head = network.lm_head
    return cast(Tensor, head.layer_norm(F.gelu(head.dense(hidden_ND))))


def _distilbert_transform(network: Any, hidden_ND: Tensor) -> Tensor:
    return cast(Tensor, network.vocab_layer_norm(network.activation(network.vocab_transform(hidden_ND))))


_ROBERTA = Family(
    blocks=lambda base: base.encoder.layer,
    head=("lm_head",),
    transform=_roberta_transform,
    attention=lambda block: block.attention.self,
    projections=("query", "key", "value"),
)
FAMILIES: dict[str, Family] = {
    "bert": Family(
        blocks=lambda base: base.encoder.layer,
        head=("cls",),
        transform=lambda network, hidden_ND: network.cls.predictions.transform(hidden_ND),
        attention=lambda block: block.attention.self,
        projections=("query", "key", "value"),
    ),
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
    "distilbert": Family(
        blocks=lambda base: base.transformer.layer,
        head=("vocab_transform", "vocab_layer_norm", "vocab_projector"),
        transform=_distilbert_transform,
        attention=lambda block: block.attention,
        projections=("q_lin", "k_lin", "v_lin"),
        feed_forward="hidden_dim",
    ),
    "modernbert": Family(
        blocks=lambda base: base.layers,
        head=("head", "decoder"),
        transform=lambda network, hidden_ND: network.head(hidden_ND),
        attention=lambda block: block.attn,
        projections=("Wqkv",),
        closing="final_norm",
    ),
}


def family_of(network: PreTrainedModel) -> Family:
    """The family of an encoder whose parts are known here."""
    kind = network.config.model_type
    if kind not in FAMILIES:
        raise ValueError(
            f"The parts of a {kind!r} model cannot be frozen, copied, shared or read: its layout is not known here. "
            f"Families that can: {', '.join(FAMILIES)}. Use one of these, or leave `freeze_embeddings` and "
            "`freeze_blocks` unset."
        )
    return FAMILIES[kind]


def blocks(network: PreTrainedModel) -> list[nn.Module]:
    """The encoder's blocks; block i of the papers is item i - 1."""
    return list(family_of(network).blocks(network.base_model))


def freeze_bottom(network: PreTrainedModel, embeddings: bool, lower_blocks: int) -> None:
    """Keep the embeddings and the lowest blocks as they are; they get no gradient and need no graph."""
    if not embeddings and not lower_blocks:
        return
    parts = blocks(network)
    if not 0 <= lower_blocks <= len(parts):
        raise ValueError(f"Cannot freeze {lower_blocks} blocks: the encoder has {len(parts)}.")
    frozen = parts[:lower_blocks] + ([cast(nn.Module, network.base_model.embeddings)] if embeddings else [])
    for part in frozen:
        part.requires_grad_(False)


def masked_lm_head(network: PreTrainedModel) -> nn.Module:
    """The part of a masked language model that turns a position's vector into scores over the vocabulary."""
    for name in ("lm_head", "cls"):
        if hasattr(network, name):
            return cast(nn.Module, getattr(network, name))
    raise ValueError(
        f"No masked-language-modelling head is known for a {network.config.model_type!r} model; "
        "use a BERT, RoBERTa or XLM-R masked language model."
    )


def head_transform(network: PreTrainedModel, hidden_ND: Tensor) -> Tensor:
    """The vectors that the decoder of a masked language model reads."""
    return family_of(network).transform(network, hidden_ND)


def decoder(network: PreTrainedModel) -> nn.Linear:
    """The last layer of a masked language model: one row of weights a piece of the vocabulary."""
    return cast(nn.Linear, network.get_output_embeddings())  # type: ignore[no-untyped-call]


def scoring(network: PreTrainedModel) -> Decoder:
    """The same, as the losses over a vocabulary take it."""
    return Decoder((last := decoder(network)).weight, last.bias)


def counts_from_pad(config: PretrainedConfig) -> bool:
    """Whether positions are counted from the padding index on, as in RoBERTa's family."""
    return config.model_type in ("roberta", "xlm-roberta")


def first_position(network: PreTrainedModel) -> int:
    """The position of a text's first token: after RoBERTa's padding index, in other families 0."""
    return int(network.config.pad_token_id) + 1 if counts_from_pad(network.config) else 0
