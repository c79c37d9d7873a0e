"""The short way to token ids gives those of the long one, whatever the tokenizer and however it was used before."""

import copy

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertTokenizer, PreTrainedTokenizerFast

from polydistill.data.batches import token_ids as ours
from polydistill.data.batches.token_ids import column_names, reads_as, token_ids
from tiny import tiny_tokenizer

TEXTS = ["The old woman sees a cat.", "Kedi", "", "İstanbul'da ılık bir gün.", "a cat </s> sees </s>"] * 3
OTHERS = ["A woman sees something.", "Köpek", "x", "Gün ılık.", ""] * 3


def with_types():
    """A tokenizer of BERT's kind, which says of each token which text it is of."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "old", "woman", "sees", "a", "cat", ".", "##s"]
    return BertTokenizer(vocab={word: at for at, word in enumerate(words)})


def cuts_on_the_left():
    tokenizer = copy.deepcopy(tiny_tokenizer())
    tokenizer.truncation_side = "left"
    return tokenizer


def splits_special():
    tokenizer = copy.deepcopy(tiny_tokenizer())
    tokenizer.split_special_tokens = True
    return tokenizer


TOKENIZERS = {
    "usual": lambda: copy.deepcopy(tiny_tokenizer()),
    "with types": with_types,
    "cuts on the left": cuts_on_the_left,
    "splits special": splits_special,
}


def plainly(tokenizer, texts, pairs, length):
    """As the tokenizer's documentation has it."""
    read = tokenizer(texts, pairs, truncation=length is not None, max_length=length, verbose=False)
    return {name: read[name] for name in column_names(tokenizer)}


@pytest.mark.parametrize("length", [None, 4, 9])
@pytest.mark.parametrize("kind", TOKENIZERS)
def test_the_short_way_gives_the_ids_of_the_long_one(monkeypatch, kind, length):
    monkeypatch.setattr(ours, "AT_ONCE", 4)
    tokenizer = TOKENIZERS[kind]()
    for pairs in (None, OTHERS):
        tokenizer(TEXTS[:2], padding=True, truncation=True, max_length=3)  # it was used otherwise before
        assert ours._may_be_direct(tokenizer)
        found = token_ids(tokenizer, TEXTS, pairs, length)
        assert {name: [row.tolist() for row in rows] for name, rows in found.items()} == plainly(
            copy.deepcopy(tokenizer), TEXTS, pairs, length
        )
        assert all(row.dtype == np.int32 for rows in found.values() for row in rows)


def test_without_what_begins_and_ends_an_input(tokenizer):
    found = token_ids(tokenizer, TEXTS, special=False)["input_ids"]
    assert [row.tolist() for row in found] == tokenizer(TEXTS, add_special_tokens=False)["input_ids"]


class OfItsOwn(PreTrainedTokenizerFast):
    """A tokenizer that does something before it reads."""

    def __call__(self, texts, *rest, **more):
        return super().__call__([text.upper() for text in texts], *rest, **more)


def test_a_tokenizer_with_a_way_of_its_own_is_asked_itself():
    backend = Tokenizer(models.WordLevel({"<unk>": 0, "A": 1, "CAT": 2, "a": 3, "cat": 4, "</s>": 5}, "<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 5)])
    tokenizer = OfItsOwn(tokenizer_object=backend, model_input_names=["input_ids"])
    assert not ours._may_be_direct(tokenizer)
    assert [row.tolist() for row in token_ids(tokenizer, ["a cat"])["input_ids"]] == [[1, 2, 5]]


def test_what_a_tokenizer_reads_as_does_not_depend_on_its_use():
    one, other = (copy.deepcopy(tiny_tokenizer()) for _ in range(2))
    one(TEXTS, truncation=True, max_length=4, padding="max_length")
    assert reads_as(one) == reads_as(other)
    other.add_tokens(["newword"])
    assert reads_as(one) != reads_as(other)
