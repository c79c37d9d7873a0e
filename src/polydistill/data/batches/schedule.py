"""Which rows make up the batch of step k: a pure function of the seed and k.

Groups are languages (or language pairs). Nothing here depends on what happened before step k, so a run that resumes at
step k sees exactly the batches an uninterrupted run would see, and every process can work out its own share.

- `homogeneous`: every step takes one group, the same on all processes. Groups are drawn uniformly, in proportion to
  size ** alpha, or in turn.
- `balanced`: every batch holds the same number of rows of every group.

A step may be cut into micro-batches (accumulation) and shared by processes: together they are the rows of one large
batch, so 4 x 8 rows in one process, 8 rows in four, and 32 at once train alike. A micro-batch of all processes is that
of one with the whole batch.

Inside a group, rows are shuffled anew in each pass over the group, then sorted by length within pools of `pool` batches
and cut into batches, whose order is shuffled: texts of a batch have similar lengths, so little is padded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from polydistill.bounds import Held
from polydistill.specs import Spec

Ints = NDArray[np.int64]
Share = list[tuple[int, Ints]]


class Batching(Spec):
    """How rows are put into batches."""

    batches: Literal["homogeneous", "balanced"] = "homogeneous"
    sampling: Literal["uniform", "proportional", "in-turn"] = "uniform"
    alpha: float = Field(default=1.0, ge=-10.0, le=10.0)
    """With `proportional`: groups are drawn in proportion to size ** alpha."""
    pool: Held = 50
    """Batches that are sorted by length together; 1 = no length groups."""


@dataclass(frozen=True)
class Schedule:
    """The batches of `steps` steps. `lengths[g]` are the token counts of the rows of group g.

    Item k is micro-batch k: `accumulation` of them in a row make up a step, and take the same group.
    """

    lengths: Sequence[Ints]
    batch_size: int
    steps: int
    seed: int
    batching: Batching = field(default_factory=Batching)
    rank: int = 0
    processes: int = 1
    accumulation: int = 1
    shares: Sequence[float | None] = ()
    """Of some groups the share of the steps; the others are drawn for the rest."""

    def __post_init__(self) -> None:
        if not self.lengths or any(len(group) == 0 for group in self.lengths):
            raise ValueError(f"Every group needs rows; group sizes are {[len(group) for group in self.lengths]}.")
        groups = len(self.lengths)
        if self.batching.batches == "balanced" and self.batch_size % groups:
            raise ValueError(
                f"A balanced batch holds the same number of rows of each of the {groups} groups: batch size "
                f"{self.batch_size} is not a multiple of {groups}. Use {max(1, self.batch_size // groups) * groups}."
            )

    def __len__(self) -> int:
        return self.steps * self.accumulation

    def __getitem__(self, index: int) -> Share:
        """The rows of this process in micro-batch `index`, as (group, rows) parts."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        step, part = divmod(index, self.accumulation)
        if self.batching.batches == "balanced":
            share = self.batch_size // len(self.lengths)
            return [(group, self._batch(group, step, part, share)) for group in range(len(self.lengths))]
        group = int(self._groups[step])
        return [(group, self._batch(group, int(self._turns[step]), part, self.batch_size))]

    def of_all(self) -> "Schedule":
        """The rows of all processes: every n-th, from this process's rank on, are its own."""
        return replace(self, batch_size=self.batch_size * self.processes, rank=0, processes=1)

    def used(self) -> list[Ints]:
        """Of each group, the rows that all processes together take in all steps, each once."""
        turns = np.bincount(self._groups, minlength=len(self.lengths)).tolist()
        size = self.batch_size
        if self.batching.batches == "balanced":
            turns, size = [self.steps] * len(self.lengths), self.batch_size // len(self.lengths)
        together = size * self.processes * self.accumulation
        return [self._used(group, number, together) for group, number in enumerate(turns)]

    def _used(self, group: int, turns: int, together: int) -> Ints:
        """The rows that a group gives in so many turns."""
        passes, rest = divmod(turns, max(1, len(self.lengths[group]) // together))
        taken = np.zeros(len(self.lengths[group]), dtype=np.bool_)
        for number in range(passes + (rest > 0)):
            order = _pass_order(self, group, number, together)
            taken[order if number < passes else order[: rest * together]] = True
            if taken.all():
                break
        return np.flatnonzero(taken)

    @cached_property
    def _groups(self) -> Ints:
        """The group of every step."""
        sizes = [len(group) for group in self.lengths]
        return groups_of_steps(sizes, self.steps, self.seed, self.batching, self.shares)

    @cached_property
    def _turns(self) -> Ints:
        """How often the group of each step was taken before."""
        return times_before(self._groups)

    def _batch(self, group: int, turn: int, part: int, size: int) -> Ints:
        """This process's share of micro-batch `part` of the `turn`-th step of a group; `size` is the share's."""
        together = size * self.processes * self.accumulation
        a_pass = max(1, len(self.lengths[group]) // together)
        order = _pass_order(self, group, turn // a_pass, together)
        start = (turn % a_pass) * together
        return order[start : start + together][part :: self.accumulation][self.rank :: self.processes]

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


@lru_cache(maxsize=256)
def _pass_order(schedule: Schedule, group: int, number: int, together: int) -> Ints:
    """All rows of a group in the order of its pass `number`: cut every `together` rows, it gives the batches."""
    lengths = schedule.lengths[group]
    rng = np.random.default_rng([schedule.seed, 1, group, number])
    if len(lengths) < together:  # a group smaller than one batch: every row as often as any other, as far as it goes
        rounds = -(-together // len(lengths))
        return np.concatenate([rng.permutation(len(lengths)) for _ in range(rounds)])[:together]
    rows = rng.permutation(len(lengths))[: len(lengths) // together * together]
    pool = schedule.batching.pool * together
    for start in range(0, len(rows), pool):
        part = rows[start : start + pool]
        rows[start : start + pool] = part[np.argsort(lengths[part], kind="stable")]
    return rng.permutation(rows.reshape(-1, together)).reshape(-1)


def groups_of_steps(
    sizes: Sequence[int], steps: int, seed: int, batching: Batching, shares: Sequence[float | None] = ()
) -> Ints:
    """The group of every step, for groups of these sizes; `shares` says which part of the steps some groups get."""
    count, given = len(sizes), {at: share for at, share in enumerate(shares) if share is not None}
    if given and (batching.sampling == "in-turn" or batching.batches == "balanced" or len(given) == count):
        raise ValueError(
            f"Steps of which a group gets {max(given.values()):.0%} are drawn: set training.batching.sampling to "
            "'uniform' or 'proportional' and batches to 'homogeneous', and learn from other text too."
        )
    if batching.sampling == "in-turn":
        return np.arange(steps, dtype=np.int64) % count
    proportional = batching.sampling == "proportional"
    weights = np.array(sizes, dtype=np.float64) ** batching.alpha if proportional else np.ones(count)
    if given:
        others = [at for at in range(count) if at not in given]
        weights[others] *= (1 - sum(given.values())) / weights[others].sum()
        weights[list(given)] = list(given.values())
    draw = np.random.default_rng([seed, 0]).random(steps)
    return np.searchsorted(np.cumsum(weights) / weights.sum(), draw, side="right").clip(max=count - 1)


def times_before(groups: Ints) -> Ints:
    """For each step, how many earlier steps took the same group."""
    times = np.empty(len(groups), dtype=np.int64)
    for group in np.unique(groups):
        mine = groups == group
        times[mine] = np.arange(mine.sum())
    return times


def padding_efficiency(schedule: Schedule, steps: int | None = None) -> float:
    """Share of the places of the padded batches that hold a token."""
    tokens = places = 0
    for step in range(steps or len(schedule)):
        lengths = np.concatenate([schedule.lengths[group][rows] for group, rows in schedule[step]])
        tokens += int(lengths.sum())
        places += int(lengths.max()) * len(lengths)
    return tokens / places
