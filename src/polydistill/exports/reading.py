"""What a model says, as a function of its inputs in order: its head's logits, or vectors.

B = texts of a batch, L = their padded length, C = classes, D = width.
"""

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from polydistill.data.batches.token_ids import column_names
from polydistill.exports.onnx_folder import LOGITS, SENTENCE
from polydistill.exports.wanted import Said, Wanted
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import Polyglot, told
from polydistill.models.sentence import Reading, SentenceHead, with_length


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
    """One vector a text, of the last block's, as a head makes it."""

    what: Said = "sentence vectors"
    output = SENTENCE

    def __init__(self, loaded: Loaded, head: SentenceHead, language: str | None = None) -> None:
        super().__init__(loaded, language)
        self.head = head

    def forward(self, *inputs: Tensor) -> Tensor:
        """[B, D]."""
        hidden_BLD, mask_BL = super().forward(*inputs), inputs[-1]
        return cast(Tensor, self.head(hidden_BLD, mask_BL))


class TokensToo(nn.Module):
    """The same vectors, and before them those of the tokens, which others pool themselves."""

    def __init__(self, vectors: SentenceVectors) -> None:
        super().__init__()
        self.vectors = vectors

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """[B, L, D] and [B, D]."""
        hidden_BLD = TokenVectors.forward(self.vectors, *inputs)
        return hidden_BLD, cast(Tensor, self.vectors.head(hidden_BLD, inputs[-1]))


def head_of(loaded: Loaded, wanted: Wanted) -> SentenceHead:
    """How vectors are made: as the model learned or its folder says, but for what is wanted otherwise."""
    assert wanted.pooling is not None, "sentence vectors have a pooling"
    own = loaded.sentence or SentenceHead(Reading())
    reading = own.reading
    if wanted.pooling != reading.pooling[0]:
        reading = reading.model_copy(update={"pooling": (wanted.pooling,)})
    head = SentenceHead(reading, list(own.parts))
    return with_length(head, True) if wanted.normalize else head


def resting(loaded: Loaded) -> Loaded:
    """The same model on the processor, without dropout."""
    return replace(loaded, network=loaded.network.cpu().train(False))


@torch.no_grad()
def asked(model: Says, inputs: dict[str, Tensor]) -> Tensor:
    """What the model says of a batch."""
    return cast(Tensor, model(*(inputs[name] for name in model.names)))
