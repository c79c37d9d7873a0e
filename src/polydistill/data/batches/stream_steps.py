"""From streams of text to the tensors of a step, one stream a language.

Item k is a pure function of files, seed and k, as it is for rows in memory (`batches.Steps`), so that a run resumes at
the exact batch. Steps are asked for in order, and so each text is read and tokenised once; a jump reads the texts up to
the place and tokenises none of them (packed: none before the last place that was noted).

One text an input: `pool` batches' worth of texts are sorted by their characters, cut into batches, and the batches
shuffled, so that texts of a batch have similar lengths. All processes find the same batches of the whole step, and
each tokenises its own share: together they are the rows of one large batch. Packed: each process joins its own texts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import numpy as np
from transformers import PreTrainedTokenizerBase

from polydistill.data.batches.batches import Batch, Group, MicroBatches, Transform, collate
from polydistill.data.batches.encoding import Encoded, Ints, encode_texts, from_lists
from polydistill.data.batches.packing import pack
from polydistill.data.batches.schedule import Batching, groups_of_steps, times_before
from polydistill.data.batches.streams import LineReader, State, Texts
from polydistill.data.batches.token_ids import Ids

_PACKED = 1024  # ours: texts that are joined; the last input of so many may be short
_BATCHES = 8  # what the seed is used for: the order of a pool's batches


@dataclass(frozen=True)
class TextGroup:
    """Texts that may share a batch, of which none is read yet."""

    language: str
    texts: Texts
    tokenizer: PreTrainedTokenizerBase
    max_length: int
    packed: bool = False


@dataclass(frozen=True)
class Share:
    """How the rows of a step are shared: `batch_size` for each of `accumulation` micro-batches of each process."""

    batch_size: int
    rank: int = 0
    processes: int = 1
    accumulation: int = 1

    @property
    def together(self) -> int:
        """Rows of a whole step."""
        return self.batch_size * self.processes * self.accumulation


class Feed(Protocol):
    """The micro-batches of one language."""

    def take(self, turn: int, part: int) -> tuple[Encoded, Ints]:
        """The inputs of micro-batch `part` of the `turn`-th step of the language: rows of some encoded texts."""

    def state_dict(self) -> State:
        """What makes it quick to go on from here."""

    def load_state_dict(self, state: State) -> None:
        """Take over what an earlier process has found."""


class StreamSteps(MicroBatches):
    """Micro-batches of texts that are read as they are needed; every step takes one language, as `batching` says."""

    def __init__(
        self,
        groups: Sequence[TextGroup],
        share: Share,
        steps: int,
        seed: int,
        batching: Batching | None = None,
        transform: Transform | None = None,
    ) -> None:
        super().__init__(seed, share.rank, transform)
        batching = batching or Batching()
        _check(groups, batching)
        self.groups, self.share = groups, share
        self.feeds: list[Feed] = [
            Packed(group, share) if group.packed else Grouped(group, share, batching.pool, (seed, _BATCHES, number))
            for number, group in enumerate(groups)
        ]
        self._group_of = groups_of_steps([1] * len(groups), steps, seed, batching)
        self._turns = times_before(self._group_of)

    def __len__(self) -> int:
        return len(self._group_of) * self.share.accumulation

    def batch(self, step: int) -> Batch:
        """The texts of a micro-step; none of them is a translation pair."""
        step, part = divmod(step, self.share.accumulation)
        number = int(self._group_of[step])
        text, rows = self.feeds[number].take(int(self._turns[step]), part)
        single = np.zeros(len(text), dtype=bool)
        return collate([(Group(self.groups[number].language, {"text": text}, {"paired": single}), rows)])

    def state_dict(self) -> State:
        """What was learned of each language's stream."""
        return {group.language: feed.state_dict() for group, feed in zip(self.groups, self.feeds, strict=True)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what an earlier process has learned of the same streams."""
        for group, feed in zip(self.groups, self.feeds, strict=True):
            feed.load_state_dict(state[group.language])


class Grouped:
    """One text an input, in batches of similar length."""

    def __init__(self, group: TextGroup, share: Share, pool: int, seed: tuple[int, ...]) -> None:
        self.group, self.share, self.pool, self.seed = group, share, pool, seed
        self._number = -1
        self._inputs: Encoded | None = None  # of the pool of that number
        self._reader: Iterator[str] = iter(())  # the texts after it

    def take(self, turn: int, part: int) -> tuple[Encoded, Ints]:
        """See `Feed`."""
        number, at = divmod(turn, self.pool)
        if self._inputs is None or number != self._number:
            self._inputs = self._read(number)
        size = self.share.batch_size
        first = (at * self.share.accumulation + part) * size
        return self._inputs, np.arange(first, first + size)

    def _read(self, number: int) -> Encoded:
        """This process's texts of a pool, tokenised, in the order of the batches."""
        together = self.share.together
        size = self.pool * together
        if number != self._number + 1 or number == 0:
            self._reader = self.group.texts.start(number * size)
        texts = list(islice(self._reader, size))
        self._number = number
        by_length = np.argsort([len(text) for text in texts], kind="stable").reshape(self.pool, together)
        batches = np.random.default_rng([*self.seed, number]).permutation(by_length)
        parts = [batches[:, part :: self.share.accumulation] for part in range(self.share.accumulation)]
        mine = np.stack([part[:, self.share.rank :: self.share.processes] for part in parts], axis=1).reshape(-1)
        return encode_texts(self.group.tokenizer, [texts[row] for row in mine], None, self.group.max_length)

    def state_dict(self) -> State:
        """See `Feed`."""
        return self.group.texts.state_dict()

    def load_state_dict(self, state: State) -> None:
        """See `Feed`."""
        self.group.texts.load_state_dict(state)


class Packed:
    """Texts joined and cut into inputs of `max_length` tokens."""

    def __init__(self, group: TextGroup, share: Share) -> None:
        self.group, self.share = group, share
        self._noted = (0, 0)  # texts that were joined before, and the number of the first input of those that follow
        self._next: int | None = None
        self._inputs: Iterator[dict[str, Ids]] = iter(())
        self._pad: dict[str, int] = {}

    def take(self, turn: int, part: int) -> tuple[Encoded, Ints]:
        """See `Feed`."""
        size = self.share.batch_size
        first = (turn * self.share.accumulation + part) * size
        if self._next is None or first < self._next:
            self._noted = self._noted if self._noted[1] <= first else (0, 0)
            self._next, self._inputs = self._noted[1], self._read(*self._noted)
        some = list(islice(self._inputs, first - self._next, first - self._next + size))
        self._next = first + size
        pad = self._pad
        return from_lists({name: [one[name] for one in some] for name in pad}, pad), np.arange(size)

    def _read(self, texts: int, inputs: int) -> Iterator[dict[str, Ids]]:
        """All inputs from a place that was noted."""
        reader = LineReader(self.group.texts, self.share.rank, self.share.processes, texts)
        while True:
            self._noted = (reader.position, inputs)
            packed = pack(self.group.tokenizer, list(islice(reader, _PACKED)), self.group.max_length)
            if len(packed) == 0:
                raise ValueError(
                    f"{self.group.texts.name}: {_PACKED:,} texts in a row have no token. Expected text that the "
                    "tokenizer reads: look at the text, or take another tokenizer."
                )
            self._pad = packed.pad
            inputs += len(packed)
            yield from packed.take(np.arange(len(packed)))

    def state_dict(self) -> State:
        """See `Feed`."""
        return {**self.group.texts.state_dict(), "noted": list(self._noted)}

    def load_state_dict(self, state: State) -> None:
        """See `Feed`."""
        self.group.texts.load_state_dict(state)
        texts, inputs = state["noted"]
        self._noted, self._next = (texts, inputs), None


def _check(groups: Sequence[TextGroup], batching: Batching) -> None:
    if len({group.language for group in groups}) < len(groups):
        raise ValueError(
            f"A language has two streams: {', '.join(group.language for group in groups)}. Name several files for one."
        )
    if batching.batches == "balanced" or batching.sampling == "proportional":
        asked = "batches='balanced'" if batching.batches == "balanced" else "sampling='proportional'"
        raise ValueError(
            f"{asked} is for rows that are in memory; of a stream the number of texts is not known beforehand. "
            "Use batches='homogeneous' with sampling='uniform' or 'in-turn'."
        )
