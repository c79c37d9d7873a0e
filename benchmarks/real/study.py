"""What the studies here share: tune on English by seed, take the model elsewhere in several ways, and print a table."""

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from folders import Folders
from numpy.typing import NDArray

from polydistill.jobs.run import Done
from polydistill.reports.significance import Interval, paired_bootstrap, paired_bootstrap_f1


@dataclass(frozen=True)
class Study:
    """English comes first among the languages; the gain is that of the mean over all others."""

    languages: tuple[str, ...]
    tuned: Callable[[Folders, int], Done]
    distilled: Callable[[Folders, str, int, Path], Done]
    kinds: tuple[str, ...]
    metric: str = "accuracy"

    def run(self, options: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> None:
        """Do the runs, seed by seed, and print the table after each."""
        options.add_argument("--kinds", default=",".join(self.kinds), help="the ways to take it elsewhere")
        given = options.parse_args(argv)
        torch.set_num_threads(1)
        folders = Folders(given.models, given.data, given.out)
        start: list[Done] = []
        found: dict[str, list[Done]] = {kind: [] for kind in given.kinds.split(",")}
        for seed in map(int, given.seeds.split(",")):
            start.append(self.tuned(folders, seed))
            for kind, done in found.items():
                done.append(self.distilled(folders, kind, seed, start[-1].model))
                print(self.table(start, {name: those for name, those in found.items() if those}), flush=True)

    def table(self, start: Sequence[Done], found: Mapping[str, Sequence[Done]]) -> str:
        """A line a way, by language."""
        seeds = f"{self.metric}, {len(start)} seed{'s' * (len(start) > 1)}"
        head = f"| {seeds} | {' | '.join(self.languages)} | mean of others | above zero-shot |"
        lines = [head, f"|{' --- |' * (len(self.languages) + 3)}", self._line("zero-shot", start, None)]
        return "\n".join([*lines, *(self._line(name, done, start[: len(done)]) for name, done in found.items())])

    def _line(self, name: str, done: Sequence[Done], start: Sequence[Done] | None) -> str:
        each = [one.result.by_language(self.metric) for one in done]
        cells = [f"{100 * statistics.mean(scores[code].value for scores in each):.1f}" for code in self.languages]
        means = [100 * statistics.mean(scores[code].value for code in self.languages[1:]) for scores in each]
        spread = f" ± {statistics.stdev(means):.1f}" if len(means) > 1 else ""
        said = ""
        if start is not None:
            gain = self.gain(done, start)
            said = f"{100 * gain.difference:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}], p = {gain.p:.4f}"
        return f"| {name} | {' | '.join(cells)} | {statistics.mean(means):.1f}{spread} | {said} |"

    def gain(self, done: Sequence[Done], start: Sequence[Done]) -> Interval:
        """How much better the others are than zero-shot: a paired bootstrap over rows, all seeds together."""
        if self.metric == "f1":
            return paired_bootstrap_f1(self._examples(done), self._examples(start))
        return paired_bootstrap(*(self._examples(one).mean(0) for one in (done, start)))

    def _examples(self, done: Sequence[Done]) -> NDArray[Any]:
        """By language and row: the share of seeds that are right, or entities right, said and there in all seeds."""
        seeds = [one.result.by_language(self.metric) for one in done]
        if self.metric == "f1":
            return np.stack([np.sum([scores[code].counts for scores in seeds], 0) for code in self.languages[1:]])
        return np.stack([np.mean([scores[code].correct for scores in seeds], 0) for code in self.languages[1:]])
