"""Texts become the ids the tokenizer writes, cut where they are too long, flat in memory and whole in use."""

import numpy as np
import pytest
from datasets import Dataset
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from polydistill.data.batches import encoding
from polydistill.data.batches.encoding import (
    encode,
    encode_in_turn,
    encode_texts,
    encode_with_places,
    from_lists,
    pad_values,
)
from polydistill.data.files import growing
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES, SENTENCE

TEXTS = ["The old woman sees a cat.", "Kedi", "", "İstanbul'da ılık bir gün."]
OTHERS = ["A woman sees something.", "Köpek", "x", "Gün ılık."]


def ids_of(encoded):
    return [text["input_ids"].tolist() for text in encoded.take(np.arange(len(encoded)))]


def test_single_texts_are_as_the_tokenizer_writes_them(tokenizer):
    encoded = encode(tokenizer, Dataset.from_dict({"text": TEXTS}), SENTENCE, 64)
    assert ids_of(encoded) == [tokenizer(text)["input_ids"] for text in TEXTS]
    assert encoded.lengths.tolist() == [len(tokenizer(text)["input_ids"]) for text in TEXTS]
    assert len(encoded) == 4
    assert encoded.pad == {"input_ids": tokenizer.pad_token_id}


def test_pairs_are_as_the_tokenizer_writes_them(tokenizer):
    rows = Dataset.from_dict({"hypothesis": OTHERS, "premise": TEXTS, "label": [0, 1, 2, 0]})
    encoded = encode(tokenizer, rows, PAIR_OF_SENTENCES, 64)
    assert ids_of(encoded) == [tokenizer(*pair)["input_ids"] for pair in zip(TEXTS, OTHERS, strict=True)]
    assert ids_of(encoded)[1][:1] == [tokenizer.bos_token_id]
    assert ids_of(encoded)[1].count(tokenizer.eos_token_id) == 3  # <s> a </s> </s> b </s>


def test_long_texts_are_cut_the_longer_of_a_pair_first(tokenizer):
    encoded = encode_texts(tokenizer, ["a b c d e f g h i j"], ["k"], 10)
    ids, short = ids_of(encoded)[0], tokenizer("k")["input_ids"][1:-1]
    assert len(ids) == 10
    assert ids[-1] == tokenizer.eos_token_id
    assert ids[-1 - len(short) : -1] == short
    turned = ids_of(encode_texts(tokenizer, ["k"], ["a b c d e f g h i j"], 10))[0]
    assert len(turned) == 10
    assert turned[1 : 1 + len(short)] == short
    whole = encode_texts(tokenizer, ["a b c d e f g h i j"], ["k"], 64)
    assert len(ids_of(whole)[0]) > 10
    assert encode_texts(tokenizer, TEXTS, None, 5).lengths.max() == 5


def test_token_types_come_with_tokenizers_that_have_them(tokenizer):
    bert = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer.backend_tokenizer,
        pad_token="<pad>",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )
    encoded = encode_texts(bert, TEXTS, OTHERS, 64)
    assert set(encoded.columns) == set(encoded.pad) == {"input_ids", "token_type_ids"}
    assert len(encoded.columns["token_type_ids"]) == len(encoded.columns["input_ids"])
    assert pad_values(bert) == {"input_ids": 1, "token_type_ids": 0}


@pytest.mark.parametrize(("at_once", "in_memory"), [(1, 0), (3, 20), (2, 1 << 20)])
def test_how_many_are_read_at_once_changes_nothing(tokenizer, monkeypatch, at_once, in_memory):
    """Nor does it where they are kept: in memory or, from a size on, in a file."""
    whole, places = encode_with_places(tokenizer, TEXTS, OTHERS, 12)
    rows = Dataset.from_dict({"text": TEXTS})["text"]
    both = encode_texts(tokenizer, [*TEXTS, *OTHERS], None, 12)
    monkeypatch.setattr(encoding, "AT_ONCE", at_once)
    monkeypatch.setattr(growing, "IN_MEMORY", in_memory)
    again, places_again = encode_with_places(tokenizer, rows, OTHERS, 12)
    in_turn = encode_in_turn(tokenizer, (rows, OTHERS), 12)
    assert ids_of(again) == ids_of(whole) == ids_of(encode_texts(tokenizer, rows, OTHERS, 12))
    assert ids_of(in_turn) == ids_of(both)
    assert [row.tolist() for row in places_again] == [row.tolist() for row in places]
    assert again.columns["input_ids"].dtype == places_again.flat.dtype == np.int32


def test_no_texts(tokenizer):
    encoded = encode_texts(tokenizer, [], None, 64)
    assert len(encoded) == 0
    assert encoded.lengths.tolist() == []
    assert encoded.take(np.arange(0)) == []
    assert list(encode_with_places(tokenizer, [], None, 64)[1]) == []


def test_texts_of_which_nothing_is_left():
    bare = Tokenizer(models.WordLevel({"<pad>": 0, "a": 1}, unk_token="a"))
    encoded, places = encode_with_places(
        PreTrainedTokenizerFast(tokenizer_object=bare, pad_token="<pad>", model_input_names=["input_ids"]),
        ["", "one", ""],
        None,
        8,
    )
    assert ids_of(encoded) == [[], [1], []]
    assert [row.tolist() for row in places] == [[], [[0, 3]], []]


@pytest.mark.parametrize("rows", [[2, 0, 2], [1], []])
def test_select(rows):
    encoded = from_lists({"input_ids": [[1, 2], [3], [4, 5, 6]], "position_ids": [[0, 1], [0], [0, 1, 2]]}, {})
    chosen = encoded.select(np.array(rows, dtype=np.int64))
    assert len(chosen) == len(rows)
    assert chosen.lengths.tolist() == encoded.lengths[rows].tolist()
    for new, old in zip(chosen.take(np.arange(len(rows))), encoded.take(np.array(rows, dtype=np.int64)), strict=True):
        assert {name: ids.tolist() for name, ids in new.items()} == {name: ids.tolist() for name, ids in old.items()}


def test_take_copies_nothing():
    encoded = from_lists({"input_ids": [[1, 2], [3]]}, {"input_ids": 0})
    assert encoded.columns["input_ids"].dtype == np.int32
    assert np.shares_memory(encoded.take(np.array([1]))[0]["input_ids"], encoded.columns["input_ids"])


def test_texts_that_the_tokenizer_does_not_know_are_refused(tokenizer):
    strange = ["\u4f60\u597d \u4e16\u754c \u518d\u89c1"] * 20
    with pytest.raises(ValueError, match=r"does not know \d+% of the pieces of the first 20 texts"):
        encode_texts(tokenizer, strange, None, 16)
    known = ["The boy is eating an apple in the garden."] * 20
    assert len(encode_texts(tokenizer, [*known, *strange[:1]], None, 16)) == 21
