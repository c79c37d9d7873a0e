"""Where a model comes from that no run of ours has made, as plain data: fresh, or downloaded."""

from typing import Literal

from pydantic import NonNegativeFloat, PositiveInt

from polydistill.specs import Spec


class Fresh(Spec):
    """A new XLM-R encoder with random weights, and a tokenizer learned on the method's text."""

    kind: Literal["fresh"] = "fresh"
    vocabulary: PositiveInt = 800
    width: PositiveInt = 128
    blocks: PositiveInt = 4
    heads: PositiveInt = 4
    dropout: NonNegativeFloat = 0.0
    max_length: PositiveInt = 128


class Pretrained(Spec):
    """A model of `transformers`: a folder, or a repository of the hub at a pinned commit."""

    kind: Literal["pretrained"] = "pretrained"
    name: str
    revision: str | None = None
