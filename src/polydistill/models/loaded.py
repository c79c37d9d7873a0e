"""A model as it comes from disk: a network, and the tokenizer that it reads with."""

from dataclasses import dataclass

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polydistill.defaults import MAX_LENGTH
from polydistill.models.sentence import SentenceHead


@dataclass(frozen=True)
class Loaded:
    """A network and the tokenizer it reads with."""

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    sentence: SentenceHead | None = None
    """What makes a text's vector of its tokens' vectors, where that is known: learned, or said by its folder."""
    new: tuple[str, ...] = ()
    """Parts of the network that were drawn at random, as its files do not have them: a head, and its pooler."""

    @property
    def max_length(self) -> int:
        """Tokens of the longest input, where nothing is said."""
        return min(MAX_LENGTH, int(self.tokenizer.model_max_length))
