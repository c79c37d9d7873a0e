import pytest
from tiny import tiny_tokenizer
from transformers import PreTrainedTokenizerFast


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """A small tokenizer of the mini-world's languages; the networks of `tiny.py` read what it writes."""
    return tiny_tokenizer()
