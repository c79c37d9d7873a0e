"""What a model says, as a function of its inputs in order: its head's logits, or vectors.

B = texts of a batch, L = their padded length, C = classes, D = width.
"""

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from polydistill.data.batches.encoding import column_names
from polydistill.exports.onnx_folder import LOGITS
from polydistill.exports.wanted import Said
from polydistill.models.heads import Pooling, pooled
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import Polyglot, told


class Says(nn.Module):
    """A model with its inputs in order, as a graph needs them; `output` is what a graph calls what it says."""

    what: Said
    output: str

    def __init__(self, loaded: Loaded, language: str | None = None) -> None:
        super().__init__()
        self.language = language
        self.names = (*column_names(loaded.tokenizer), "attention_mask")


class Logits(Says):
    """What the head says."""

    what: Said = "logits"
    output = LOGITS

    def __init__(self, loaded: Loaded, language: str | None = None) -> None:
        super().__init__(loaded, language)
        self.student = Polyglot(loaded.network)

    def forward(self, *inputs: Tensor) -> Tensor:
        """[B, C]; of every token [B, L, C]; of a row that is several texts C are the texts."""
        return cast(Tensor, self.student(dict(zip(self.names, inputs, strict=True)), self.language).logits_BC)


class TokenVectors(Says):
    """The last block's vectors of a model without a head."""

    what: Said = "token vectors"
    output = "last_hidden_state"

    def __init__(self, loaded: Loaded, language: str | None = None) -> None:
        super().__init__(loaded, language)
        self.network = loaded.network

    def forward(self, *inputs: Tensor) -> Tensor:
        """[B, L, D]."""
        given = dict(zip(self.names, inputs, strict=True))
        return cast(
            Tensor, self.network(**given, **told(self.network, given["input_ids"], self.language)).last_hidden_state
        )


class SentenceVectors(TokenVectors):
    """One vector a text, of the last block's, in the width of those that it was learned from."""

    what: Said = "sentence vectors"
    output = "sentence_embedding"

    def __init__(self, loaded: Loaded, pooling: Pooling, normalize: bool, language: str | None = None) -> None:
        super().__init__(loaded, language)
        self.pooling, self.normalize = pooling, normalize
        self.bridge = nn.Identity() if loaded.bridge is None else loaded.bridge

    def forward(self, *inputs: Tensor) -> Tensor:
        """[B, D]."""
        hidden_BLD, mask_BL = super().forward(*inputs), inputs[-1]
        said_BD: Tensor = self.bridge(pooled(hidden_BLD, mask_BL, self.pooling))
        return F.normalize(said_BD, dim=-1) if self.normalize else said_BD


def resting(loaded: Loaded) -> Loaded:
    """The same model on the processor, without dropout."""
    return replace(loaded, network=loaded.network.cpu().train(False))


@torch.no_grad()
def asked(model: Says, inputs: dict[str, Tensor]) -> Tensor:
    """What the model says of a batch."""
    return cast(Tensor, model(*(inputs[name] for name in model.names)))
