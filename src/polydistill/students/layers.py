"""One way to find the parts of an encoder, whatever its family calls them."""

from collections.abc import Callable, Iterable
from typing import cast

from torch import nn
from transformers import PreTrainedModel

_BLOCKS: dict[str, Callable[[nn.Module], object]] = {
    "bert": lambda base: base.encoder.layer,  # type: ignore[union-attr]
    "roberta": lambda base: base.encoder.layer,  # type: ignore[union-attr]
    "xlm-roberta": lambda base: base.encoder.layer,  # type: ignore[union-attr]
    "distilbert": lambda base: base.transformer.layer,  # type: ignore[union-attr]
    "modernbert": lambda base: base.layers,
}


def blocks(network: PreTrainedModel) -> list[nn.Module]:
    """The encoder's blocks; block i of the papers is item i - 1."""
    family = network.config.model_type
    if family not in _BLOCKS:
        raise ValueError(
            f"The blocks of a {family!r} model cannot be frozen: its layout is not known here. "
            f"Families that can: {', '.join(_BLOCKS)}. Leave `freeze_embeddings` and `freeze_blocks` unset."
        )
    return list(cast(Iterable[nn.Module], _BLOCKS[family](network.base_model)))


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


def first_position(network: PreTrainedModel) -> int:
    """The position of a text's first token: RoBERTa's family counts from its padding index + 1, others from 0."""
    if network.config.model_type in ("roberta", "xlm-roberta"):
        return int(network.config.pad_token_id) + 1
    return 0
