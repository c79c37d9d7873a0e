"""Results that are not of one run: students that answer together, on rows of one's choice, and the best of a search.

Nothing is trained here. What is found lies beside the runs, under `together`, and is not worked out again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from polydistill.data.rows.load import fingerprint
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import Polyglot, Reading
from polydistill.results import MODEL, RunResult, save_result
from polydistill.starts.loading import load_classifier
from polydistill.tasks import task_of
from polydistill.training.examination import Examination
from polydistill.training.examine import examine
from polydistill.training.execute import execute
from polydistill.training.judging import judge
from polydistill.training.run import Run
from polydistill.training.settings import Judging
from polydistill.training.store import Store, result_in


@dataclass(frozen=True)
class Together:
    """The students of some runs, scored on these rows by the mean of their logits; of one run, that student alone."""

    runs: tuple[Run, ...]
    judging: Judging
    split: str | None = None
    """What these rows are called, where their source does not say it as the table does."""

    @property
    def first(self) -> tuple[Run, ...]:
        """The runs that must be done."""
        return self.runs

    @cached_property
    def identity(self) -> str:
        """Changes with the runs and with the rows and how they are read."""
        rows = fingerprint(self.judging.data, self.judging.languages, self.judging.shape)
        content = [[run.identity for run in self.runs], self.judging.model_dump(mode="json"), rows]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def result(self, store: Store, console: Console | None = None) -> RunResult:
        """What they score."""
        done = [execute(run, store, console) for run in self.runs]
        folder = _folder(self, store)
        if (found := result_in(folder)) is not None:
            return found
        folder.mkdir(parents=True, exist_ok=True)
        loaded = [load_classifier(store.folder(run) / MODEL, self.judging.task) for run in self.runs]
        split = str(self.split or getattr(self.judging.data, "split", "test"))
        scores = judge(self.judging, _common(loaded)).scores(_Mean([one.network for one in loaded]), split)
        result = done[0].model_copy(
            update={
                "run_id": "+".join(one.run_id for one in done),
                "scores": scores,
                "labels_seen": _union([one.labels_seen for one in done]),
                "selected_on": _union([one.selected_on for one in done]),
                "model_fingerprint": "+".join(one.model_fingerprint for one in done),
                "seconds": sum(one.seconds for one in done),
            }
        )
        save_result(folder, result)
        return result


@dataclass(frozen=True)
class Best:
    """Of runs that differ in a setting, the one whose student is best on these rows, by the mean over languages of the
    metric that selects.
    """

    of: tuple[Run, ...]
    chosen_on: Judging
    scored_on: Judging | None = None
    """Dev rows to score the chosen one on, where the table is of these."""

    @property
    def first(self) -> tuple[Run, ...]:
        """The runs that must be done."""
        return self.of

    @property
    def identity(self) -> str:
        """Changes with all that it chooses from, and by what."""
        tried = Together(self.of, self.chosen_on).identity
        return tried if self.scored_on is None else f"{tried}+{Together(self.of, self.scored_on).identity}"

    def result(self, store: Store, console: Console | None = None) -> RunResult:
        """What the best one scores; of equals the first."""
        tried = [Together((run,), self.chosen_on).result(store, console) for run in self.of]
        metric = task_of(self.chosen_on.task).metric
        means = [np.mean([score.value for score in one.scores if score.metric == metric]) for one in tried]
        best = self.of[int(np.argmax(means))]
        found = execute(best, store, console)
        if self.scored_on is not None:
            found = Together((best,), self.scored_on, "dev").result(store, console)
        split = getattr(self.chosen_on.data, "split", "dev")
        names = tuple(f"{split}/{code}" for code in self.chosen_on.languages)
        return found.model_copy(update={"selected_on": _union([found.selected_on, names])})


Made = Run | Examination | Together | Best


def runs_of(made: Made) -> tuple[Run, ...]:
    """The runs that something is made of."""
    return (made,) if isinstance(made, Run) else made.first


def result_of(
    made: Made, store: Store, console: Console | None = None, only_finished: bool = False
) -> RunResult | None:
    """Its result; with `only_finished` none where runs are missing."""
    if isinstance(made, Run):
        return store.result(made) if only_finished else execute(made, store, console)
    if isinstance(made, Examination):
        return store.result(made) if only_finished else examine(made, store, console)
    if only_finished and any(store.result(run) is None for run in made.first):
        return None
    return made.result(store, console)


class _Mean(nn.Module):
    """Says the mean of what some students say."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.students = nn.ModuleList(Polyglot(network) for network in networks)  # type: ignore[arg-type]

    def forward(self, inputs: Mapping[str, Tensor], language: str | None = None) -> Reading:
        """The mean of their logits ("we average the predicted logits", MultiKD and MBLM, Model Efficiency)."""
        return Reading(torch.stack([student(inputs, language).logits_BC for student in self.students]).mean(0))


def _common(loaded: Sequence[Loaded]) -> PreTrainedTokenizerBase:
    """The tokenizer of all of them."""
    first, *others = (one.tokenizer for one in loaded)
    if any(other.get_vocab() != first.get_vocab() for other in others):
        raise ValueError(
            "These students read with different tokenizers, so they cannot answer together. Take runs that begin with "
            "the same encoder."
        )
    return first


def _folder(made: Together, store: Store) -> Path:
    return store.root / "together" / made.identity


def _union(parts: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))
