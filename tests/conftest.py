import pytest
from transformers import PreTrainedTokenizerFast

from tiny import tiny_tokenizer


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """A small tokenizer of the mini-world's languages; the networks of `tiny.py` read what it writes."""
    return tiny_tokenizer()
