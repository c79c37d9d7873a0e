"""Where a model comes from that no run of ours has made, as plain data: fresh, or downloaded."""

from typing import Literal

from pydantic import Field, PositiveInt

from polydistill.specs import Spec


class Fresh(Spec):
    """A new XLM-R encoder with random weights, and a tokenizer learned on the method's text."""

    kind: Literal["fresh"] = "fresh"
    vocabulary: int = Field(default=800, gt=0, le=10_000_000)
    width: int = Field(default=128, gt=0, le=100_000)
    blocks: int = Field(default=4, gt=0, le=1_000)
    heads: PositiveInt = 4
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    max_length: int = Field(default=128, gt=0, le=1_000_000)


class Pretrained(Spec):
    """A model of `transformers`: a folder, or a repository of the hub at a pinned commit."""

    kind: Literal["pretrained"] = "pretrained"
    name: str
    revision: str | None = None
