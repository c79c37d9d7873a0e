"""Which pairs of a parallel corpus are kept, and of those that are not, how many for which reason.

Each pair is dropped for the first reason that applies, in the order of `REASONS`. Pairs come and go in chunks: of those
that go, nothing is held but eight bytes a pair, to know it again; those that stay may be more than memory holds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Literal, Protocol, Self

import numpy as np
import pyarrow as pa
from datasets import Dataset
from numpy.typing import NDArray
from pydantic import model_validator

from polydistill.bounds import Count, Length
from polydistill.data.batches.counting import Tokens
from polydistill.data.batches.token_ids import Ids
from polydistill.data.files.growing import GrowingTable
from polydistill.data.files.seen import Seen, hashes, normal
from polydistill.progress import Shown
from polydistill.specs import Spec

Pair = Sequence[str]
Row = Sequence[str | Ids]
"""Both sides of a pair, and the token ids of both, where they are known."""
CountTokens = Callable[[Sequence[str]], NDArray[np.int64]]

SIDES = ("source", "target")
IDS = tuple(f"{side} tokens" for side in SIDES)
"""The columns of what a tokenizer reads in both sides, where it was asked how long they are."""
_TEXTS = [(side, pa.string()) for side in SIDES]
_SCHEMA = pa.schema(_TEXTS)
_WITH_IDS = pa.schema([*_TEXTS, *((name, pa.list_(pa.int32())) for name in IDS)])
REASONS = ("blank", "same on both sides", "duplicate", "too short", "too long", "over the cap")
_BLANK, _SAME, _DUPLICATE, SHORT, LONG, _OVER = REASONS
_CHUNK = 8192  # ours: pairs that are Python objects at a time


class Filters(Spec):
    """Which pairs of a corpus are kept. Lengths are in tokens, and count on both sides."""

    shortest: Length | None = 10  # "we remove extremely short (less than 10 tokens)" (MMKD, Sec. 4.1)
    longest: Length | None = 128  # "and long (more than 128 tokens) sentences"
    duplicates: Literal["drop", "keep"] = "drop"
    """Pairs of which both sides came before, in this corpus or an earlier one of the same languages."""
    same_sides: Literal["drop", "keep"] = "drop"
    """Pairs whose sides are the same: text that nobody translated."""
    at_most: Count | None = 2_000_000  # "prune each dataset to 2M sentence pairs"
    """Pairs of each corpus."""
    sample: Literal["first", "random"] = "first"
    """Which pairs are kept where there are more: the first, or any, by the seed."""

    @model_validator(mode="after")
    def _lengths_leave_room(self) -> Self:
        if self.shortest is not None and self.longest is not None and self.shortest > self.longest:
            raise ValueError(
                f"shortest is {self.shortest} and longest {self.longest}: no text is left. Give a shortest that is at "
                "most the longest."
            )
        return self

    @property
    def count_tokens(self) -> bool:
        """Whether lengths matter."""
        return self.shortest is not None or self.longest is not None


SHORT_TOO = Filters(shortest=None)
"""For vectors of sentences: a short one is a text, too."""
EVERY_PAIR = Filters(shortest=None, longest=None, duplicates="keep", same_sides="keep", at_most=None)


class Kept(Protocol):
    """The pairs that are kept of those that may be."""

    offered: int
    """How many pairs might have been kept so far."""

    @property
    def room(self) -> int | None:
        """How many more pairs are looked at before it is full; none where any number is."""

    def add(self, pairs: Sequence[Row]) -> None:
        """Offer pairs that may be kept."""

    def dataset(self) -> Dataset:
        """What is kept, in the order in which it came; to be asked for once, at the end."""


class FirstPairs:
    """The first so many."""

    def __init__(self, at_most: int | None, schema: pa.Schema = _SCHEMA) -> None:
        self._at_most, self._schema, self._table = at_most, schema, GrowingTable(schema)
        self.offered = 0

    @property
    def room(self) -> int | None:
        """See `Kept`."""
        return None if self._at_most is None else max(0, self._at_most - self.offered)

    def add(self, pairs: Sequence[Row]) -> None:
        """See `Kept`."""
        self._table.add(_chunk(pairs[: self.room], self._schema))
        self.offered += len(pairs)

    def dataset(self) -> Dataset:
        """See `Kept`."""
        return self._table.dataset()


class AnyPairs:
    """Any so many, each as likely as another: each has a key, drawn at random, and the smallest keys are kept.

    At most twice as many pairs are in memory.
    """

    def __init__(self, at_most: int, rng: np.random.Generator, schema: pa.Schema = _SCHEMA) -> None:
        self._at_most, self._rng, self._schema = at_most, rng, schema
        self._chunks: list[tuple[pa.RecordBatch, NDArray[np.float64]]] = []
        self._bar = np.inf
        self.offered = 0

    def __len__(self) -> int:
        return sum(len(keys) for _, keys in self._chunks)

    @property
    def room(self) -> None:
        """See `Kept`."""
        return None

    def add(self, pairs: Sequence[Row]) -> None:
        """See `Kept`."""
        keys = self._rng.random(len(pairs))
        self.offered += len(pairs)
        low = np.flatnonzero(keys < self._bar)
        self._chunks.append((_chunk([pairs[row] for row in low.tolist()], self._schema), keys[low]))
        if len(self) > 2 * self._at_most:
            self._shrink(self._at_most)

    def dataset(self) -> Dataset:
        """See `Kept`."""
        if len(self) > self._at_most:
            self._shrink(self._at_most)
        table = GrowingTable(self._schema)
        for chunk, _ in self._chunks:
            table.add(chunk)
        return table.dataset()

    def _shrink(self, size: int) -> None:
        """Keep the smallest keys only; larger ones need not come any more."""
        keys = np.concatenate([keys for _, keys in self._chunks])
        low = np.zeros(len(keys), dtype=np.bool_)
        low[np.argpartition(keys, size - 1)[:size]] = True
        self._bar = keys[low].max()
        ends = np.cumsum([len(keys) for _, keys in self._chunks])
        parts = zip(self._chunks, np.split(low, ends[:-1]), strict=True)
        self._chunks = [(chunk.filter(pa.array(part)), keys[part]) for (chunk, keys), part in parts if part.any()]


def _chunk(rows: Sequence[Row], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array([row[at] for row in rows], type=one.type) for at, one in enumerate(schema)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def keep(
    pairs: Iterable[Pair], filters: Filters, tokens: CountTokens | Tokens | None, seen: Seen, rng: np.random.Generator
) -> tuple[Dataset, Counter[str]]:
    """What is kept of the pairs of one corpus, and how many were dropped, by reason.

    `tokens` counts the tokens of texts, where lengths matter; `Tokens` keeps them, too. `seen` knows the pairs of
    earlier corpora of the same languages.
    """
    if filters.count_tokens and tokens is None:
        lengths = {"shortest": filters.shortest, "longest": filters.longest}
        said = " and ".join(f"{name}={length}" for name, length in lengths.items() if length is not None)
        raise ValueError(
            f"Lengths ({said}) are in tokens, and there is no tokenizer to count them. Name one (--tokenizer MODEL), "
            "or ask for no length."
        )
    kept = _nothing_yet(filters, rng, _WITH_IDS if filters.count_tokens and isinstance(tokens, Tokens) else _SCHEMA)
    dropped: Counter[str] = Counter()
    coming = iter(pairs)
    with Shown("Pairs are read", unit="pairs") as shown:
        while kept.room != 0 and (chunk := list(islice(coming, min(_CHUNK, kept.room or _CHUNK)))):
            why, ids = _why_dropped(chunk, filters, tokens, seen)
            dropped.update(reason for reason in why if reason is not None)
            kept.add([(*chunk[row], *ids.get(row, ())) for row in _left(why)])
            shown.more(len(chunk))
    rows = kept.dataset()
    dropped[_OVER] = kept.offered - len(rows) + sum(1 for _ in coming)
    return rows, Counter({reason: dropped[reason] for reason in REASONS if dropped[reason]})


def _nothing_yet(filters: Filters, rng: np.random.Generator, schema: pa.Schema) -> Kept:
    if filters.sample == "random" and filters.at_most is not None:
        return AnyPairs(filters.at_most, rng, schema)
    return FirstPairs(filters.at_most, schema)


def _why_dropped(
    pairs: Sequence[Pair], filters: Filters, tokens: CountTokens | Tokens | None, seen: Seen
) -> tuple[list[str | None], dict[int, tuple[Ids, ...]]]:
    """The first reason against each pair, none where it may be kept; and by row the token ids that were found."""
    compared = [tuple(map(normal, pair)) for pair in pairs]
    why: list[str | None] = [None if all(sides) else _BLANK for sides in compared]
    if filters.same_sides == "drop":
        _mark(why, range(len(pairs)), [first == second for first, second in compared], _SAME)
    if filters.duplicates == "drop":
        left = _left(why)
        _mark(why, left, ~seen.new(hashes(["\0".join(compared[row]) for row in left])), _DUPLICATE)
    return why, _by_length(pairs, why, filters, tokens) if tokens is not None and filters.count_tokens else {}


def _by_length(
    pairs: Sequence[Pair], why: list[str | None], filters: Filters, tokens: CountTokens | Tokens
) -> dict[int, tuple[Ids, ...]]:
    """Mark what is too short or too long; the ids of what is read on both sides.

    Where the first side is too short the second is not read: it changes nothing.
    """
    long: set[int] = set()
    ids: list[dict[int, Ids]] = [{}, {}]
    for side, found in enumerate(ids):
        left = _left(why)
        texts = [pairs[row][side] for row in left]
        if not isinstance(tokens, Tokens):
            lengths = tokens(texts) if texts else np.zeros(0, dtype=np.int64)
        else:
            lengths, read = tokens.read(texts)
            found.update(zip(left, read, strict=True))
        long.update(np.array(left, dtype=np.int64)[lengths > (filters.longest or np.inf)].tolist())
        _mark(why, left, lengths < (filters.shortest or 0), SHORT)
    _mark(why, sorted(long), [True] * len(long), LONG)
    return {row: (ids[0][row], other) for row, other in ids[1].items()}


def _left(why: Sequence[str | None]) -> list[int]:
    """The rows against which there is nothing yet."""
    return [row for row, reason in enumerate(why) if reason is None]


def _mark(why: list[str | None], rows: Sequence[int], against: Iterable[bool | np.bool_], reason: str) -> None:
    """Drop those of `rows` against which this is."""
    for row, wrong in zip(rows, against, strict=True):
        if wrong and why[row] is None:
            why[row] = reason
