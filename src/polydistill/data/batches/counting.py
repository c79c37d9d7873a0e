"""How many tokens texts have, which chooses among pairs, and the tokens themselves, so that they are found once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from polydistill.data.batches.encoding import Ints, Ragged
from polydistill.data.batches.token_ids import Ids, token_ids
from polydistill.data.files.growing import GrowingArray

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Tokens:
    """Texts as the tokens of one tokenizer, whole."""

    tokenizer: PreTrainedTokenizerBase

    def read(self, texts: Sequence[str]) -> tuple[Ints, list[Ids]]:
        """How many tokens each text is, without those that begin or end an input, and the ids of all."""
        ids = token_ids(self.tokenizer, texts)["input_ids"]
        around = int(self.tokenizer.num_special_tokens_to_add())
        return np.array([len(one) for one in ids], dtype=np.int64) - around, ids

    def counts(self, texts: Sequence[str]) -> Ints:
        """How many tokens each text is, without those that begin or end an input."""
        return self.read(texts)[0]


def ragged_column(rows: Dataset, name: str) -> Ragged:
    """A column of lists of numbers, without making Python objects of them."""
    flat, lengths = GrowingArray(np.int32), GrowingArray(np.int64)
    for chunk in rows.data.column(name).chunks:
        flat.add(chunk.flatten().to_numpy())
        lengths.add(chunk.value_lengths().to_numpy())
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths.array())])
    return Ragged(flat.array(), offsets, 0)
