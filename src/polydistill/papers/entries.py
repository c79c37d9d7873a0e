"""What a row of a table is made of, and what can be read off it: values by seed, and paired comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polydistill.papers.columns import Column
from polydistill.papers.published import PublishedRow
from polydistill.reports.paired import examples, of_the_same_rows
from polydistill.reports.significance import Comparison, compare
from polydistill.results import LOWER_IS_BETTER, RunResult, Score

POINTS = 100.0


@dataclass(frozen=True)
class Entry:
    """What a row is made of: the runs of one system, one a seed, and the paper's row; either may be missing.

    A system that was tuned for several tasks has several runs a seed: then `runs` holds them by `Column.part`.
    """

    name: str
    runs: Sequence[RunResult] | Mapping[str, Sequence[RunResult]] = ()
    published: PublishedRow | None = None

    @property
    def parts(self) -> Mapping[str, Sequence[RunResult]]:
        """The runs by the part of the table they are for."""
        return self.runs if isinstance(self.runs, Mapping) else {"": self.runs}

    @property
    def all_runs(self) -> tuple[RunResult, ...]:
        """The runs of all parts."""
        return tuple(run for runs in self.parts.values() for run in runs)

    def printed(self, name: str) -> float | None:
        """What the paper prints in a column, or as the row's average."""
        if self.published is None:
            return None
        return self.published.cells.get(name)


@dataclass(frozen=True)
class EntryGroup:
    """What a block is made of; `columns` shows only some columns (averages stay over all)."""

    name: str
    entries: Sequence[Entry]
    columns: Sequence[str] | None = None


@dataclass(frozen=True)
class Measure:
    """How scores are read; metric and split are those of columns that do not say their own."""

    metric: str
    split: str

    def of(self, column: Column) -> str:
        """The name of the metric that a column shows."""
        return column.metric or self.metric

    def scores(self, entry: Entry, column: Column) -> dict[int, Score]:
        """The scores of a single column by seed."""
        metric, split = self.of(column), column.split or self.split
        found = {run.seed: run.by_language(metric, split) for run in entry.parts.get(column.part, ())}
        return {seed: scores[column.language] for seed, scores in found.items() if column.language in scores}

    def values(self, entry: Entry, columns: Sequence[Column]) -> dict[int, float]:
        """The mean over single columns by seed, of the seeds that have them all."""
        scores = [self.scores(entry, column) for column in columns]
        seeds = [seed for seed in scores[0] if all(seed in other for other in scores)] if scores else []
        return {seed: sum(one[seed].value for one in scores) / len(scores) for seed in seeds}

    def lower_is_better(self, columns: Sequence[Column]) -> bool:
        """Whether these columns show errors; a mean over errors and shares together says nothing, and is refused."""
        directions = {self.of(column) in LOWER_IS_BETTER for column in columns}
        if len(directions) > 1:
            shown = ", ".join(f"{column.name} ({self.of(column)})" for column in columns)
            raise ValueError(
                f"The columns {shown} are taken together, but of some the lower is the better, of others the higher. "
                "Take those of one kind."
            )
        return True in directions

    def comparison(
        self, a: Entry, b: Entry, columns: Sequence[Column], columns_b: Sequence[Column] | None = None
    ) -> Comparison | None:
        """How the mean of `a` differs from that of `b`, in points, or None where nothing can be paired.

        `columns_b` are those of `b` where they are not the same.
        """
        sides = ((a, columns), (b, columns if columns_b is None else columns_b))
        common = self.seeds(*sides)
        if not common or not self._same_rows(*sides):
            return None
        values_a, values_b = ({seed: self.values(*side)[seed] for seed in common} for side in sides)
        hits_a, hits_b = (self._examples(*side, seed=common[0]) for side in sides)
        if len(common) < 2 and (hits_a is None or hits_b is None):
            return None
        found = compare(values_a, values_b, hits_a, hits_b, self.lower_is_better((*columns, *(columns_b or ()))))
        scaled = {what: POINTS * getattr(found, what) for what in ("difference", "low", "high")}
        return found.model_copy(update=scaled)

    def seeds(self, *sides: tuple[Entry, Sequence[Column]]) -> list[int]:
        """The seeds that both sides have; the first alone where neither side changes with the seed.

        So it is with models as they were downloaded, and what they differ by is judged over examples, if there are.
        """
        common = sorted(set.intersection(*(set(self.values(*side)) for side in sides)))
        varied = any(self._varies(*side, common) for side in sides)
        if varied or any(self._examples(*side, seed=seed) is None for side in sides for seed in common[:1]):
            return common
        return common[:1]

    def _varies(self, entry: Entry, columns: Sequence[Column], seeds: Sequence[int]) -> bool:
        scores = [self.scores(entry, column) for column in columns]
        return any(one[seed] != one[seeds[0]] for one in scores for seed in seeds)

    def _same_rows(self, *sides: tuple[Entry, Sequence[Column]]) -> bool:
        """Whether both sides were scored on the same rows, column by column, as far as the scores say."""
        for pair in zip(*(columns for _, columns in sides), strict=True):
            entries = (entry for entry, _ in sides)
            scored = [
                score
                for entry, column in zip(entries, pair, strict=True)
                for score in self.scores(entry, column).values()
            ]
            if not of_the_same_rows(scored):
                return False
        return True

    def _examples(self, entry: Entry, columns: Sequence[Column], seed: int) -> NDArray[np.float64] | None:
        """What the scores of these columns are the mean of, row by row."""
        return examples([self.scores(entry, column)[seed] for column in columns])
