"""Token ids of many texts, without padding: one flat array and the offsets of each text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from transformers import BatchEncoding, PreTrainedTokenizerBase

from polydistill.data.rows import RowShape

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Encoded:
    """Texts as a model reads them. Text i is `column[offsets[i]:offsets[i + 1]]` of every column (`input_ids`, ...)."""

    columns: dict[str, Ints]
    offsets: Ints
    pad: dict[str, int]
    choices: int | None = None
    """Texts a row, where a row is several texts: the choices of a question. None: a row is one text."""

    def __len__(self) -> int:
        return (len(self.offsets) - 1) // (self.choices or 1)

    @property
    def lengths(self) -> Ints:
        """Number of tokens of each row."""
        return np.diff(self.offsets[:: self.choices or 1])

    @property
    def longest(self) -> Ints:
        """Number of tokens of the longest text of each row."""
        return np.asarray(np.diff(self.offsets).reshape(-1, self.choices or 1).max(axis=1))

    def take(self, rows: Ints) -> list[dict[str, Ints]]:
        """The columns of the texts of the given rows, one dictionary a text (views, no copies)."""
        texts = rows
        if self.choices is not None:
            texts = (np.asarray(rows)[:, None] * self.choices + np.arange(self.choices)).reshape(-1)
        spans = [(self.offsets[text], self.offsets[text + 1]) for text in texts]
        return [{name: column[start:end] for name, column in self.columns.items()} for start, end in spans]

    def select(self, rows: Ints) -> "Encoded":
        """The given rows, in the given order, as a new `Encoded`."""
        taken = self.take(rows)
        flat = from_lists({name: [text[name] for text in taken] for name in self.columns}, self.pad)
        return replace(flat, choices=self.choices)


@dataclass(frozen=True)
class Ragged:
    """Values of tokens: those of row i are `flat[offsets[i]:offsets[i + 1]]`; `fill` stands in padded places."""

    flat: Ints
    offsets: Ints
    fill: int

    def take(self, rows: Ints) -> list[Ints]:
        """The values of the given rows (views, no copies)."""
        return [self.flat[self.offsets[row] : self.offsets[row + 1]] for row in rows]


@dataclass(frozen=True)
class Repeated:
    """Values of rows that come again and again in one order: row i has that of row i modulo their number."""

    values: NDArray[Any]

    def __getitem__(self, rows: Ints) -> NDArray[Any]:
        return np.asarray(self.values[rows % len(self.values)])


def from_lists(columns: dict[str, Sequence[Sequence[int] | Ints]], pad: dict[str, int]) -> Encoded:
    """Flatten lists of ids, all columns of equal lengths, into an `Encoded`."""
    first = next(iter(columns.values()))
    offsets = np.concatenate([[0], np.cumsum([len(ids) for ids in first])]).astype(np.int64)
    empty = np.zeros(0, dtype=np.int64)
    flat = {
        name: np.concatenate([np.asarray(ids, dtype=np.int64) for ids in lists]) if lists else empty
        for name, lists in columns.items()
    }
    return Encoded(flat, offsets, pad)


def pad_values(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """What fills the padded places of each column."""
    known = {"input_ids": int(tokenizer.pad_token_id), "token_type_ids": int(tokenizer.pad_token_type_id)}
    return {name: value for name, value in known.items() if name in column_names(tokenizer)}


def column_names(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """What a model reads of each token."""
    return [name for name in tokenizer.model_input_names if name != "attention_mask"]


def token_counts(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> Ints:
    """How many tokens each text is, without those that begin or end an input."""
    ids = tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False)["input_ids"]
    return np.array([len(one) for one in ids], dtype=np.int64)


def encode(tokenizer: PreTrainedTokenizerBase, rows: Dataset, shape: RowShape, max_length: int) -> Encoded:
    """Token ids of the text columns of `rows`, one or two a row, cut to `max_length` (the longer text first)."""
    texts = [list(rows[name]) for name in shape.texts]
    return encode_texts(tokenizer, texts[0], texts[1] if len(texts) > 1 else None, max_length)


def encode_texts(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], pairs: Sequence[str] | None, max_length: int
) -> Encoded:
    """Token ids of single texts, or of pairs of texts."""
    names, pad = column_names(tokenizer), pad_values(tokenizer)
    if not texts:
        return from_lists({name: [] for name in names}, pad)
    batch = _tokenized(tokenizer, texts, pairs, max_length)
    return from_lists({name: batch[name] for name in names}, pad)


def encode_with_places(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], pairs: Sequence[str] | None, max_length: int
) -> tuple[Encoded, list[Ints]]:
    """The same, and where each token begins and ends in its first text, in characters: [tokens, 2] a row.

    Both ends are 0 for tokens that are of no text, or of the second.
    """
    if not tokenizer.is_fast:
        raise ValueError(
            f"{type(tokenizer).__name__} does not say where its tokens are in a text, which aligning words needs. Load "
            "the model with a fast tokenizer (a folder with tokenizer.json)."
        )
    batch = _tokenized(tokenizer, texts, pairs, max_length, return_offsets_mapping=True)
    encoded = from_lists({name: batch[name] for name in column_names(tokenizer)}, pad_values(tokenizer))
    places = []
    for row, spans in enumerate(batch["offset_mapping"]):
        of_first = np.array([part == 0 for part in batch.sequence_ids(row)])
        places.append(np.where(of_first[:, None], np.array(spans, dtype=np.int64), 0))
    return encoded, places


def _tokenized(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    pairs: Sequence[str] | None,
    max_length: int,
    return_offsets_mapping: bool = False,
) -> BatchEncoding:
    batch: BatchEncoding = tokenizer(
        list(texts),
        list(pairs) if pairs is not None else None,
        truncation=True,
        max_length=max_length,
        padding=False,
        return_attention_mask=False,
        return_offsets_mapping=return_offsets_mapping,
    )
    return batch
