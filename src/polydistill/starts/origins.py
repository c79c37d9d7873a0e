"""Where a model comes from that no run of ours has made, as plain data: fresh, or downloaded."""

from typing import Literal

from polydistill.bounds import Held, Length, ShareNotAll, Some, Width
from polydistill.specs import Spec


class Fresh(Spec):
    """A new XLM-R encoder with random weights, and a tokenizer learned on the method's text."""

    kind: Literal["fresh"] = "fresh"
    vocabulary: Held = 800
    width: Width = 128
    blocks: Some = 4
    heads: Some = 4
    dropout: ShareNotAll = 0.0
    max_length: Length = 128


class Pretrained(Spec):
    """A model of `transformers`: a folder, or a repository of the hub at a pinned commit."""

    kind: Literal["pretrained"] = "pretrained"
    name: str
    revision: str | None = None
