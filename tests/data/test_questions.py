"""Premise, question and choice in one input, as the families write them."""

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from polydistill.data.batches.batches import Group, collate
from polydistill.data.batches.questions import encode_choices

ROWS = (["A dog ran.", "B"], ["Why?", "What then?"], [["It rained.", "It slept."], ["c", "d"]])


def test_xlm_r_has_two_separators_between_the_parts(tokenizer):
    encoded = encode_choices(tokenizer, *ROWS, 64)
    ids = [text["input_ids"].tolist() for text in encoded.take(np.array([0]))]
    parts = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("A dog ran.", "Why?", "It slept.")]
    begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    assert ids[1] == [begin, *parts[0], end, end, *parts[1], end, end, *parts[2], end]
    assert (len(encoded), encoded.choices, len(ids)) == (2, 2, 2)


def test_bert_has_one_separator_and_token_types():
    inner = Tokenizer(models.WordLevel({"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "b": 4, "c": 5, "d": 6}, "[PAD]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    names = ["input_ids", "token_type_ids", "attention_mask"]
    bert = PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", model_input_names=names
    )
    encoded = encode_choices(bert, ["a a"], ["b"], [["c", "d"]], 64)
    first, second = encoded.take(np.array([0]))
    assert first["input_ids"].tolist() == [1, 3, 3, 2, 4, 2, 5, 2]
    assert second["input_ids"].tolist() == [1, 3, 3, 2, 4, 2, 6, 2]
    assert first["token_type_ids"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


def test_what_is_too_long_loses_the_end_of_its_premise(tokenizer):
    whole = encode_choices(tokenizer, ["one two three four five six"], ["Why?"], [["aa", "bb cc dd"]], 64)
    cut = encode_choices(tokenizer, ["one two three four five six"], ["Why?"], [["aa", "bb cc dd"]], 30)
    assert whole.longest[0] > 30 >= cut.longest[0]
    for before, after in zip(whole.take(np.array([0])), cut.take(np.array([0])), strict=True):
        long, short = before["input_ids"].tolist(), after["input_ids"].tolist()
        separator = tokenizer.eos_token_id
        assert short[short.index(separator) :] == long[long.index(separator) :]
        assert short[: short.index(separator)] == long[: short.index(separator)]
    with pytest.raises(ValueError, match="leave no room for the premise 'one two"):
        encode_choices(tokenizer, ["one two three four"], ["Why?"], [["aa", "bb"]], 9)


def test_batches_have_rows_choices_and_tokens(tokenizer):
    encoded = encode_choices(tokenizer, *ROWS, 64)
    group = Group("en", {"text": encoded}, {"labels": np.array([1, 0])})
    batch = collate([(group, np.array([1, 0]))])
    ids = batch["text"]["input_ids"]
    assert ids.shape == (2, 2, max(encoded.longest))
    assert batch["text"]["attention_mask"].sum(-1).flatten().tolist() == [
        len(text["input_ids"]) for text in encoded.take(np.array([1, 0]))
    ]
    assert batch["labels"].tolist() == [0, 1]
    first = encoded.take(np.array([1]))[0]["input_ids"]
    assert ids[0, 0, : len(first)].tolist() == first.tolist()


def test_selected_rows_keep_their_choices(tokenizer):
    encoded = encode_choices(tokenizer, *ROWS, 64)
    taken = encoded.select(np.array([1]))
    assert (len(taken), taken.choices) == (1, 2)
    for ours, theirs in zip(taken.take(np.array([0])), encoded.take(np.array([1])), strict=True):
        assert ours["input_ids"].tolist() == theirs["input_ids"].tolist()
    assert encoded.lengths.tolist() == [sum(len(t["input_ids"]) for t in encoded.take(np.array([r]))) for r in (0, 1)]


@pytest.mark.parametrize("choices", [[["a", "b"], ["c"]], [["a"], ["b"]], [["a", "b"], ["a", "b", "c"]]])
def test_every_row_has_as_many_choices(tokenizer, choices):
    with pytest.raises(ValueError, match="expected one number for all rows, 2 or more"):
        encode_choices(tokenizer, ["p", "p"], ["q", "q"], choices, 64)
