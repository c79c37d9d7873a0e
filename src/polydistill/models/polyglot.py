"""One encoder that reads every language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from polydistill.models.mblm_config import MBLM

On = Literal["logits", "first"]


@dataclass(frozen=True)
class Reading:
    """What a student or teacher gives back. B = rows, C = classes, D = width."""

    logits_BC: Tensor
    """Of a tagger [B, L, C]: of every token; of a multiple-choice model C are the choices; of a model that answers
    questions [B, L, 2]: that an answer starts, or ends, at each token."""
    first_BD: Tensor | None = None
    """The last block's vector of the first token, where asked for."""

    def picked(self, on: On) -> Tensor:
        """What is compared: the logits or the first token's vector."""
        wanted = self.logits_BC if on == "logits" else self.first_BD
        assert wanted is not None, "the first token's vector was not asked for"
        return wanted


class Polyglot(nn.Module):
    """A `transformers` classifier that reads all languages alike; exported, it is that classifier and nothing more."""

    def __init__(self, network: PreTrainedModel) -> None:
        super().__init__()
        self.network = network
        self.training = network.training  # wrapping a network neither wakes it nor puts it to sleep

    def forward(self, inputs: Mapping[str, Tensor], language: str | None = None, *, first: bool = False) -> Reading:
        """Read a batch. `language` matters only to families with language embeddings (XLM) or branches (MBLM)."""
        given = {**inputs, **told(self.network, inputs["input_ids"], language)}
        outputs = self.network(**given, output_hidden_states=first)
        return Reading(_logits(outputs, inputs), outputs.hidden_states[-1][:, 0] if first else None)


def _logits(outputs: Any, inputs: Mapping[str, Tensor]) -> Tensor:
    """The logits of a head. No answer starts or ends in the padding, which must not change those of other places."""
    if "logits" in outputs:
        return outputs.logits  # type: ignore[no-any-return]
    ends_BL2 = torch.stack((outputs.start_logits, outputs.end_logits), dim=-1)
    return ends_BL2.masked_fill(inputs["attention_mask"][..., None] == 0, torch.finfo(ends_BL2.dtype).min)


def told(network: PreTrainedModel, ids: Tensor, language: str | None) -> dict[str, Any]:
    """What a network is told of the language beside the text: an MBLM by name, one with language embeddings (XLM)."""
    if network.config.model_type != MBLM:
        return language_ids(network, ids, language)
    if language is None and network.training and torch.is_grad_enabled():
        raise ValueError(
            "Of an MBLM the branch of the batch's language learns, so it needs batches of one language: set "
            "training.batching.batches to 'homogeneous'."
        )
    return {"language": language}


def check_reads_alike(network: PreTrainedModel) -> None:
    """Refuse a network that must be told the language of a text, where an input or a batch holds several."""
    if network.config.model_type == MBLM or getattr(network.config, "use_lang_emb", False):
        raise ValueError(
            f"A {network.config.model_type!r} model must be told the language of each text, but aligning reads one "
            "and its translation together. Take an encoder that reads all languages alike, such as XLM-R or mBERT."
        )


def language_ids(network: PreTrainedModel, ids: Tensor, language: str | None) -> dict[str, Tensor]:
    """The further input that a network with language embeddings (XLM) needs; nothing for all others."""
    known = getattr(network.config, "lang2id", None)
    if not known or not getattr(network.config, "use_lang_emb", False):
        return {}
    if language is None:
        raise ValueError("This model has language embeddings: it needs batches of one language (`homogeneous`).")
    if language not in known:
        raise ValueError(f"This model has no embedding for language {language!r}. It has: {', '.join(known)}.")
    return {"langs": torch.full_like(ids, known[language])}
