"""Texts joined and cut into inputs of full length: no place is padding but at the end."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from transformers import PreTrainedTokenizerBase

from polydistill.data.batches.encoding import Encoded, from_lists, pad_values


def pack(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], length: int) -> Encoded:
    """The tokens of the texts, one text after the other, as inputs of `length` tokens; the last may be shorter.

    Each input begins and ends as the tokenizer has it (`<s> ... </s>`), and its end mark stands between texts.
    """
    begin, end = _frame(tokenizer)
    inside = length - len(begin) - len(end)
    if inside < 1:
        raise ValueError(f"length is {length}; expected more than the {length - inside} marks around each input.")
    ids = tokenizer(
        list(texts), add_special_tokens=False, truncation=False, return_attention_mask=False, verbose=False
    )["input_ids"]
    flat = np.fromiter(chain.from_iterable([*text, *end] for text in ids if text), dtype=np.int64)
    flat = flat[: len(flat) - len(end)]  # the last text's end mark is the input's own
    inputs = [np.concatenate([begin, flat[at : at + inside], end]) for at in range(0, len(flat), inside)]
    columns = {"input_ids": inputs, "token_type_ids": [np.zeros_like(one) for one in inputs]}
    pad = {name: value for name, value in pad_values(tokenizer).items() if name in tokenizer.model_input_names}
    return from_lists({name: columns[name] for name in pad}, pad)


def _frame(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """The marks that the tokenizer puts before and after a text."""
    some = tokenizer("a", return_special_tokens_mask=True)
    ids, mark = some["input_ids"], some["special_tokens_mask"]
    first, last = mark.index(0), len(mark) - mark[::-1].index(0)
    return ids[:first], ids[last:]
