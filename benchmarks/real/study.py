"""What the studies here share: tune on English by seed, take the model elsewhere in several ways, and print a table."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from folders import Folders, parser
from numpy.typing import NDArray

import polydistill
from measuring import RESULTS, Row, markdown, write
from polydistill.jobs.run import Done
from polydistill.reports.plots import score_bars
from polydistill.reports.significance import LEVEL, Interval, paired_bootstrap, paired_bootstrap_f1

ZERO = "English labels only"
PIECES = 100_000
XD: dict[str, Any] = {"batch_size": 32, "learning_rate": 5e-5, "steps": 300, "warmup": 0.1, "decay": "linear"}
SAME: dict[str, Any] = {"precision": "bf16", "freeze_embeddings": True}
"""Of tuning and of XD."""


def trimmed(folders: Folders, name: str, texts: Mapping[str, Path]) -> Path:
    """The polyglot with the pieces that these texts need."""
    path = folders.out / name
    if not (path / "trim.json").is_file():
        named = [f"{code}={file}" for code, file in texts.items()]
        polydistill.trim(folders.models / "polyglot", tuple(texts), named, keep=PIECES, by="frequency", out=path)
    return path


@dataclass(frozen=True)
class Study:
    """English comes first among the languages; the gain is that of the mean over all others."""

    name: str
    """Of the page in `results/`."""
    about: str
    languages: tuple[str, ...]
    tuned: Callable[[Folders, int], Done]
    distilled: Callable[[Folders, str, int, Path], Done]
    kinds: tuple[str, ...]
    settings: Mapping[str, Mapping[str, Any]]
    metric: str = "accuracy"

    def run(self, argv: Sequence[str] | None = None) -> None:
        """Do the runs, seed by seed, and write the table after each."""
        options = parser(self.about, f"runs/{self.name}")
        options.add_argument("--kinds", default=",".join(self.kinds), help="the ways to take it elsewhere")
        given = options.parse_args(argv)
        torch.set_num_threads(1)
        folders = Folders(given.models, given.data, given.out)
        found: dict[str, list[Done]] = {kind: [] for kind in (ZERO, *given.kinds.split(","))}
        for seed in map(int, given.seeds.split(",")):
            found[ZERO].append(self.tuned(folders, seed))
            for kind in list(found)[1:]:
                found[kind].append(self.distilled(folders, kind, seed, found[ZERO][-1].model))
                self.page(found)

    def page(self, found: Mapping[str, Sequence[Done]]) -> None:
        """The table of what is done so far, with what the runs took."""
        title, _, about = self.about.strip().partition("\n\n")
        done = {way: those for way, those in found.items() if those}
        minutes = {way: statistics.median(one.result.seconds for one in those) / 60 for way, those in done.items()}
        took = ", ".join(f"{way} {number:.0f}" for way, number in minutes.items())
        said = ". ".join(f"{what}: {dict(settings)}" for what, settings in self.settings.items())
        each: list[Row] = [
            {"way": way, "seed": one.run.seed, "seconds": one.result.seconds}
            | {code: score.value for code, score in one.result.by_language(self.metric).items()}
            for way, those in done.items()
            for one in those
        ]
        notes = (
            f"In percent ({self.metric}). Above English only: the mean of the other languages, with its 95 % interval "
            "over the rows (paired bootstrap, seeds together). Worse: languages that are significantly below (p < 0.05 "
            "each)."
        )
        left = f"Minutes a run, with reading and scoring, beside other work: {took}. {said}."
        table = markdown([self._row(way, done) for way in done])
        means = {
            way: {code: statistics.mean(one.result.by_language(self.metric)[code].value for one in those)
                  for code in self.languages}
            for way, those in done.items()
        }  # fmt: skip
        RESULTS.mkdir(exist_ok=True)
        picture = score_bars(means, title=title.partition(":")[0], metric=self.metric)
        (RESULTS / f"{self.name}.png").write_bytes(picture.png())
        write(self.name, title.rstrip("."), [about, notes, table, left], each)

    def _row(self, way: str, found: Mapping[str, Sequence[Done]]) -> Row:
        done = found[way]
        each, start = [one.result.by_language(self.metric) for one in done], found[ZERO][: len(done)]
        means = [100 * statistics.mean(scores[code].value for code in self.languages[1:]) for scores in each]
        spread = f" ± {statistics.stdev(means):.1f}" if len(means) > 1 else ""
        row: Row = {"learned from": way, "seeds": len(done)}
        row |= {code: f"{100 * statistics.mean(one[code].value for one in each):.1f}" for code in self.languages}
        row |= {"mean of others": f"{statistics.mean(means):.1f}{spread}", "above English only": "", "worse": ""}
        if way != ZERO:
            gain = self.gain(done, start, self.languages[1:])
            low, high = 100 * gain.low, 100 * gain.high
            row["above English only"] = f"{100 * gain.difference:+.1f} [{low:+.1f}, {high:+.1f}], p = {gain.p:.4f}"
            alone = {code: self.gain(done, start, (code,)) for code in self.languages}
            worse = [code for code, one in alone.items() if one.difference < 0 and one.p < LEVEL]
            row["worse"] = ", ".join(worse) or "none"
        return row

    def gain(self, done: Sequence[Done], start: Sequence[Done], codes: Sequence[str]) -> Interval:
        """How much better these languages are than zero-shot: a paired bootstrap over rows, all seeds together."""
        if self.metric == "f1":
            return paired_bootstrap_f1(self._examples(done, codes), self._examples(start, codes))
        return paired_bootstrap(*(self._examples(one, codes).mean(0) for one in (done, start)))

    def _examples(self, done: Sequence[Done], codes: Sequence[str]) -> NDArray[Any]:
        """By language and row: the share of seeds that are right, or entities right, said and there in all seeds."""
        seeds = [one.result.by_language(self.metric) for one in done]
        if self.metric == "f1":
            return np.stack([np.sum([scores[code].counts for scores in seeds], 0) for code in codes])
        return np.stack([np.mean([scores[code].correct for scores in seeds], 0) for code in codes])
