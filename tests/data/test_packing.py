"""Packed texts: every token once, in order, in inputs that are full."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polydistill.data.batches.encoding import Encoded
from polydistill.data.batches.packing import pack
from tiny import tiny_tokenizer

TOKENIZER = tiny_tokenizer()
WORDS = st.lists(st.sampled_from(["the", "dog", "köpek", "runs", "evde"]), min_size=1, max_size=9).map(" ".join)


def rows(packed: Encoded) -> list[list[int]]:
    return [row["input_ids"].tolist() for row in packed.take(np.arange(len(packed)))]


@settings(deadline=None, max_examples=60)
@given(st.lists(WORDS, min_size=1, max_size=6), st.integers(3, 20))
def test_inputs_are_full_and_hold_every_token_once(texts, length):
    packed = rows(pack(TOKENIZER, texts, length))
    assert all(len(row) == length for row in packed[:-1])
    assert 2 < len(packed[-1]) <= length
    assert all((row[0], row[-1]) == (TOKENIZER.bos_token_id, TOKENIZER.eos_token_id) for row in packed)
    ids = [TOKENIZER(text, add_special_tokens=False)["input_ids"] for text in texts]
    wanted = [token for text in ids for token in (TOKENIZER.eos_token_id, *text)][1:]
    assert [token for row in packed for token in row[1:-1]] == wanted


def test_one_short_text_is_as_the_tokenizer_has_it():
    assert rows(pack(TOKENIZER, ["the dog"], 64)) == [TOKENIZER("the dog")["input_ids"]]


def test_a_text_longer_than_the_tokenizers_limit_is_cut_into_inputs_without_a_warning(caplog):
    text = "the dog runs " * 200
    assert sum(len(row) - 2 for row in rows(pack(TOKENIZER, [text], 64))) == len(
        TOKENIZER(text, add_special_tokens=False, verbose=False)["input_ids"]
    )
    assert not caplog.records


def test_texts_without_a_token_leave_no_mark():
    assert rows(pack(TOKENIZER, ["", "the dog", ""], 64)) == rows(pack(TOKENIZER, ["the dog"], 64))
    assert len(pack(TOKENIZER, [""], 64)) == 0


def test_no_room_for_text():
    with pytest.raises(ValueError, match="length is 2; expected more than the 2 marks around each input"):
        pack(TOKENIZER, ["the dog"], 2)
