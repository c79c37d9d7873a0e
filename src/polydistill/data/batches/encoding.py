"""Token ids of many texts, without padding: one flat array and the offsets of each text.

Texts are read some at a time, and what they become may be more than memory holds (see `growing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from polydistill.data.batches.token_ids import AT_ONCE, Ids, column_names, token_ids
from polydistill.data.files.growing import GrowingArray
from polydistill.data.rows.shapes import RowShape
from polydistill.progress import followed

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import BatchEncoding, PreTrainedTokenizerBase

_READ = "Text is read"
_UNKNOWN, _ENOUGH = 0.2, 50  # ours: the share of unknown pieces that is borne, and of how many pieces it is one

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Integers = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Encoded:
    """Texts as a model reads them. Text i is `column[offsets[i]:offsets[i + 1]]` of every column (`input_ids`, ...)."""

    columns: dict[str, Ids]
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

    def take(self, rows: Ints) -> list[dict[str, Ids]]:
        """The columns of the texts of the given rows, one dictionary a text (views, no copies)."""
        texts = rows
        if self.choices is not None:
            texts = (np.asarray(rows)[:, None] * self.choices + np.arange(self.choices)).reshape(-1)
        spans = [(self.offsets[text], self.offsets[text + 1]) for text in texts]
        return [{name: column[start:end] for name, column in self.columns.items()} for start, end in spans]

    def select(self, rows: Ints) -> Encoded:
        """The given rows, in the given order, as a new `Encoded`."""
        taken = self.take(rows)
        flat = from_lists({name: [text[name] for text in taken] for name in self.columns}, self.pad)
        return replace(flat, choices=self.choices)


@dataclass(frozen=True)
class Ragged:
    """Values of tokens: those of row i are `flat[offsets[i]:offsets[i + 1]]`; `fill` stands in padded places."""

    flat: NDArray[Any]
    offsets: Ints
    fill: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, row: int) -> NDArray[Any]:
        return self.flat[self.offsets[row] : self.offsets[row + 1]]

    def take(self, rows: Ints) -> list[NDArray[Any]]:
        """The values of the given rows (views, no copies)."""
        return [self[row] for row in rows]


class ByRow(Protocol):
    """One value a row, which need not be in memory."""

    def __len__(self) -> int:
        """The number of rows."""

    def __getitem__(self, rows: Ints) -> NDArray[Any]:
        """The values of these rows."""


@dataclass(frozen=True)
class Repeated:
    """Values of rows that come again and again in one order: row i has that of row i modulo their number."""

    values: ByRow

    def __getitem__(self, rows: Ints) -> NDArray[Any]:
        return np.asarray(self.values[rows % len(self.values)])


class Flattened:
    """Rows of numbers, put one after another as they come."""

    def __init__(self) -> None:
        self._flat, self._lengths = GrowingArray(np.int32), GrowingArray(np.int64)

    def add(self, rows: Iterable[Sequence[int] | Integers]) -> None:
        """Put these rows after those that are there."""
        coming = iter(rows)
        while some := [np.asarray(row, dtype=np.int32) for row in islice(coming, AT_ONCE)]:
            self._flat.add(np.concatenate(some))
            self._lengths.add(np.array([len(row) for row in some]))

    def flat(self) -> Ids:
        """The numbers of all rows."""
        return self._flat.array()

    def offsets(self) -> Ints:
        """Where each row begins, and where the last one ends."""
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self._lengths.array())])


def from_lists(columns: dict[str, Sequence[Sequence[int] | Integers]], pad: dict[str, int]) -> Encoded:
    """Flatten lists of ids, all columns of equal lengths, into an `Encoded`."""
    flattened = {name: Flattened() for name in columns}
    _add(flattened, columns)
    return _encoded(flattened, pad)


def _add(columns: Mapping[str, Flattened], rows: Mapping[str, Sequence[Sequence[int] | Integers]]) -> None:
    for name, column in columns.items():
        column.add(rows[name])


def _encoded(columns: Mapping[str, Flattened], pad: dict[str, int]) -> Encoded:
    offsets = next(iter(columns.values())).offsets()
    return Encoded({name: column.flat() for name, column in columns.items()}, offsets, pad)


def pad_values(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """What fills the padded places of each column."""
    known = {"input_ids": int(tokenizer.pad_token_id), "token_type_ids": int(tokenizer.pad_token_type_id)}
    return {name: value for name, value in known.items() if name in column_names(tokenizer)}


class Tokenised(Sequence[str]):
    """Texts of which it is known what they are for one tokenizer: to be encoded by it they are not read again."""

    def __init__(self, texts: Sequence[str], ids: Ragged, tokenizer: PreTrainedTokenizerBase) -> None:
        self.texts, self.ids, self.tokenizer = texts, ids, tokenizer

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    @overload
    def __getitem__(self, rows: int) -> str: ...
    @overload
    def __getitem__(self, rows: slice) -> Sequence[str]: ...
    def __getitem__(self, rows: int | slice) -> str | Sequence[str]:
        return self.texts[rows]

    def known_to(self, tokenizer: PreTrainedTokenizerBase) -> bool:
        """Whether this tokenizer has read them, and its ids are all that a model reads of a token."""
        return tokenizer is self.tokenizer and column_names(tokenizer) == ["input_ids"]


def encode(tokenizer: PreTrainedTokenizerBase, rows: Dataset, shape: RowShape, max_length: int) -> Encoded:
    """Token ids of the text columns of `rows`, one or two a row, cut to `max_length` (the longer text first)."""
    texts = [rows[name] for name in shape.texts]
    return encode_texts(tokenizer, texts[0], texts[1] if len(texts) > 1 else None, max_length)


def encode_texts(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], pairs: Sequence[str] | None, max_length: int
) -> Encoded:
    """Token ids of single texts, or of pairs of texts."""
    if pairs is None:
        return _read(tokenizer, _ids_of(tokenizer, texts, max_length), len(texts))
    return _read(tokenizer, _pairs_of(tokenizer, texts, pairs, max_length), len(texts))


def encode_in_turn(tokenizer: PreTrainedTokenizerBase, parts: Iterable[Sequence[str]], max_length: int) -> Encoded:
    """Token ids of the texts of one part after another."""
    return _read(tokenizer, chain.from_iterable(_ids_of(tokenizer, part, max_length) for part in parts))


def _ids_of(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_length: int
) -> Iterator[Mapping[str, Sequence[Sequence[int] | Integers]]]:
    """Single texts, some at a time. Of those that were read before only what is too long is read again, to be cut."""
    known = texts if isinstance(texts, Tokenised) and texts.known_to(tokenizer) else None
    for start in range(0, len(texts), AT_ONCE):
        if known is None:
            yield token_ids(tokenizer, texts[start : start + AT_ONCE], None, max_length)
            continue
        ids: list[Integers] = known.ids.take(np.arange(start, min(start + AT_ONCE, len(texts))))
        long = [at for at, one in enumerate(ids) if len(one) > max_length]
        cut = token_ids(tokenizer, [known.texts[start + at] for at in long], None, max_length)["input_ids"]
        for at, one in zip(long, cut, strict=True):
            ids[at] = one
        yield {"input_ids": ids}


def _pairs_of(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], pairs: Sequence[str], max_length: int
) -> Iterator[Mapping[str, Sequence[Ids]]]:
    """Pairs of texts, some at a time."""
    for start in range(0, len(texts), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        yield token_ids(tokenizer, texts[some], pairs[some], max_length)


def encode_with_places(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], pairs: Sequence[str] | None, max_length: int
) -> tuple[Encoded, Ragged]:
    """The same, and where each token begins and ends in its first text, in characters: [tokens, 2] a row.

    Both ends are 0 for tokens that are of no text, or of the second.
    """
    if not tokenizer.is_fast:
        raise ValueError(
            f"{type(tokenizer).__name__} does not say where its tokens are in a text, which aligning words needs. Load "
            "the model with a fast tokenizer (a folder with tokenizer.json)."
        )
    columns, places = {name: Flattened() for name in column_names(tokenizer)}, Flattened()
    read = _with_places(tokenizer, texts, pairs, max_length)
    for batch in followed(read, _READ, len(texts), unit="text", many=lambda batch: len(batch["input_ids"])):
        _add(columns, batch)
        places.add(_places(batch))
    encoded = _encoded(columns, pad_values(tokenizer))
    return encoded, Ragged(places.flat().reshape(-1, 2), encoded.offsets, 0)


def _read(
    tokenizer: PreTrainedTokenizerBase,
    batches: Iterable[Mapping[str, Sequence[Sequence[int] | Integers]]],
    total: int | None = None,
) -> Encoded:
    """What a model reads of some batches."""
    columns = {name: Flattened() for name in column_names(tokenizer)}
    read = followed(batches, _READ, total, unit="text", many=lambda batch: len(batch["input_ids"]))
    for number, batch in enumerate(read):
        if number == 0:
            refuse_unknown(tokenizer, batch["input_ids"])
        _add(columns, batch)
    return _encoded(columns, pad_values(tokenizer))


def refuse_unknown(tokenizer: PreTrainedTokenizerBase, rows: Sequence[Sequence[int] | Integers]) -> None:
    """Raise where the tokenizer does not know what it reads: a model would learn, and answer, nonsense."""
    ids = np.fromiter(chain.from_iterable(rows), dtype=np.int64)
    text = ids[~np.isin(ids, [number for number in tokenizer.all_special_ids if number != tokenizer.unk_token_id])]
    unknown = int((text == tokenizer.unk_token_id).sum()) if tokenizer.unk_token_id is not None else 0
    if len(text) >= _ENOUGH and unknown > _UNKNOWN * len(text):
        raise ValueError(
            f"The tokenizer does not know {unknown / len(text):.0%} of the pieces of the first {len(rows)} texts (at "
            f"most {_UNKNOWN:.0%} may be unknown): it is not of this model or of these languages. Check the model's "
            "folder, or name a model that reads them."
        )


def _with_places(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], pairs: Sequence[str] | None, max_length: int
) -> Iterator[BatchEncoding]:
    """Texts or pairs of texts, some at a time, and where their tokens stand."""
    for start in range(0, len(texts), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        batch: BatchEncoding = tokenizer(
            list(texts[some]),
            list(pairs[some]) if pairs is not None else None,
            truncation=True,
            max_length=max_length,
            padding=False,
            return_attention_mask=False,
            return_offsets_mapping=True,
        )
        yield batch


def _places(batch: BatchEncoding) -> Iterator[Ids]:
    """Row by row, where each token stands in the first text."""
    for row, spans in enumerate(batch["offset_mapping"]):
        of_first = np.array([part == 0 for part in batch.sequence_ids(row)], dtype=bool)
        yield np.where(of_first[:, None], np.array(spans, dtype=np.int32).reshape(-1, 2), 0)
