"""Questions with choices as a model reads them: premise, question and one choice an input, for each choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from polydistill.data.batches.encoding import Encoded, encode_texts, from_lists, pad_values
from polydistill.data.batches.token_ids import Ids, column_names

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Columns = dict[str, Ids]


def encode_choices(
    tokenizer: PreTrainedTokenizerBase,
    premises: Sequence[str],
    questions: Sequence[str],
    choices: Sequence[Sequence[str]],
    max_length: int,
) -> Encoded:
    """Token ids: of XLM-R `<s> premise </s> </s> question </s> </s> choice </s>`, of BERT with single separators.

    What is longer than `max_length` loses the end of its premise.
    """
    counts = {len(some) for some in choices}
    if len(counts) > 1 or counts & {0, 1}:
        raise ValueError(f"The rows have {sorted(counts)} choices; expected one number for all rows, 2 or more.")
    number = counts.pop() if counts else 2
    heads = _columns(encode_texts(tokenizer, premises, None, max_length))
    tails = _tails(tokenizer, [*questions, *(choice for some in choices for choice in some)], max_length)
    rows: list[Columns] = []
    for premise, head, question, some in zip(premises, heads, questions, choices, strict=True):
        for choice in some:
            parts = (tails[question], tails[choice])
            room = max_length - sum(len(part["input_ids"]) for part in parts)
            rows.append(_joined(_cut(tokenizer, premise, head, room, max_length), *parts))
    names = column_names(tokenizer)
    flat = from_lists({name: [row[name] for row in rows] for name in names}, pad_values(tokenizer))
    return replace(flat, choices=number)


def _columns(encoded: Encoded) -> list[Columns]:
    return encoded.take(np.arange(len(encoded)))


def _tails(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_length: int) -> dict[str, Columns]:
    """Each text as it follows another one: with the separators that stand before and after it."""
    distinct = list(dict.fromkeys(texts))
    nothing = len(encode_texts(tokenizer, [""], None, max_length).columns["input_ids"])
    pairs = _columns(encode_texts(tokenizer, [""] * len(distinct), distinct, max_length))
    return {
        text: {name: column[nothing:] for name, column in pair.items()}
        for text, pair in zip(distinct, pairs, strict=True)
    }


def _cut(tokenizer: PreTrainedTokenizerBase, premise: str, head: Columns, room: int, max_length: int) -> Columns:
    """The premise in at most `room` tokens."""
    if len(head["input_ids"]) <= room:
        return head
    if room <= tokenizer.num_special_tokens_to_add():
        raise ValueError(
            f"max_length is {max_length}, but a question and its choice leave no room for the premise {premise!r}. "
            "Allow more tokens."
        )
    return _columns(encode_texts(tokenizer, [premise], None, room))[0]


def _joined(*parts: Columns) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
