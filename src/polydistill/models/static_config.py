"""What a student without attention is made of, as plain data."""

from transformers import AutoConfig, PretrainedConfig

from polydistill.bounds import Held, Width
from polydistill.specs import Spec

STATIC = "static"
LONGEST = 512  # as model2vec cuts a text where nothing is said


class Bagging(Spec):
    """How such a student begins."""

    pieces: Held | None = None
    """Pieces that stay at most; None: all that occur in the text."""
    width: Width = 256  # as model2vec's


class StaticConfig(PretrainedConfig):  # type: ignore[no-untyped-call]
    """Sizes, and (`hidden_dim`, `normalize`, `max_length`) what model2vec reads of it."""

    model_type = STATIC
    num_hidden_layers = 0

    vocab_size: int = 0
    hidden_size: int = 0
    hidden_dim: int = 0
    normalize: bool = True
    max_length: int = LONGEST
    classifier_hidden: int = 0
    """Of a classifier on top: the width of its hidden layer; 0: it has none."""
    pad_token_id: int | None = None
    unk_token_id: int | None = None


AutoConfig.register(STATIC, StaticConfig)
