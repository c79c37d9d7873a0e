"""Single rows of a run's evaluation: what is right, what the student says, and what its start said before.

They are kept beside the result as `predictions.json`, for pages to show and for runs to be compared row by row. Where a
test is large, evenly spread rows stand for it: the same ones in every run that is scored on the same rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from pydantic import Field
from torch import nn
from transformers import PreTrainedTokenizerBase

from polydistill.data.rows.load import fingerprint
from polydistill.results import LanguageCode, Score
from polydistill.specs import Spec
from polydistill.starts.strict import readable
from polydistill.tasks.task import Answer, FoundAnswer, SaidNumber, TaggedWords, Task
from polydistill.training.judging import labelled
from polydistill.training.settings import Judging
from polydistill.whole import write_text

PREDICTIONS = "predictions.json"
ROWS, ROWS_OF_A_LANGUAGE, CHARACTERS = 3000, 500, 600
"""Ours: at most so many rows in all, of a language, and characters of a text: a file of a megabyte or two."""


class Said(Spec):
    """What one model says of a row: in words, how sure it is of it, and whether it is right.

    A number is neither right nor wrong, but `off` by so much.
    """

    answer: str
    share: float | None = None
    right: bool | None = None
    off: float | None = Field(default=None, exclude_if=lambda off: off is None)


class Seen(Spec):
    """A row, with what is right of it and what was said. `before` is missing where the start had no head."""

    row: int
    texts: tuple[str, ...]
    gold: str
    after: Said
    before: Said | None = Field(default=None, exclude_if=lambda before: before is None)

    def is_right(self, when: str) -> bool:
        """Whether what was said `before` (or `after`) is right."""
        said: Said | None = getattr(self, when)
        return said is not None and bool(said.right)


class Predictions(Spec):
    """The rows by language. `columns` name their texts; `labels` are those of the task, if it says one a row."""

    columns: tuple[str, ...]
    labels: tuple[str, ...] = ()
    data_fingerprint: str
    split: str = "test"
    of: dict[LanguageCode, int]
    """Rows of the whole test, by language."""
    rows: dict[LanguageCode, tuple[Seen, ...]]

    @property
    def has_before(self) -> bool:
        """Whether the start had said something, too."""
        return any(one.before is not None for seen in self.rows.values() for one in seen)

    @property
    def knows_right(self) -> bool:
        """Whether answers are right or wrong, and no numbers."""
        return any(one.after.right is not None for seen in self.rows.values() for one in seen)

    @property
    def extent(self) -> str:
        """Which rows they are, in words."""
        kept, all_rows = sum(map(len, self.rows.values())), sum(self.of.values())
        return f"All {kept} rows." if kept == all_rows else f"{kept} evenly spread rows of {all_rows}."


@dataclass(frozen=True)
class Sample:
    """Some rows of an evaluation, encoded once."""

    judging: Judging
    of: Mapping[str, int]
    places: Mapping[str, Sequence[int]]
    rows: Mapping[str, Dataset]
    texts: Mapping[str, Any]

    def answers(self, student: nn.Module) -> dict[str, list[Answer]]:
        """What a student says of them, by language."""
        device = next(student.parameters()).device
        return {
            code: self.judging.asked.answers(student, self.texts[code], rows, code, device)
            for code, rows in self.rows.items()
        }


def sampled(judging: Judging, tokenizer: PreTrainedTokenizerBase) -> Sample:
    """Evenly spread rows of an evaluation."""
    corpus, task = labelled(judging), judging.asked
    each = min(ROWS_OF_A_LANGUAGE, max(1, ROWS // len(corpus.rows)))
    places = {code: evenly(len(rows), each) for code, rows in corpus.rows.items()}
    rows = {code: table.select(places[code]) for code, table in corpus.rows.items()}
    texts = {code: task.encode(tokenizer, some, judging.max_length) for code, some in rows.items()}
    return Sample(judging, corpus.counts, places, rows, texts)


def evenly(count: int, wanted: int) -> list[int]:
    """So many places of 0 to count - 1, evenly spread; all of them where there are no more."""
    return [int(place) for place in np.unique(np.linspace(0, count - 1, min(count, wanted)).round())]


def keep(
    sample: Sample, after: Mapping[str, list[Answer]], before: Mapping[str, list[Answer]] | None, folder: Path
) -> Predictions:
    """Write what was said into the folder of a run."""
    judging, task = sample.judging, sample.judging.asked
    found = Predictions(
        columns=task.shape.texts,
        labels=task.shape.labels if task.shape.problem == "single" and not task.shape.parts else (),
        data_fingerprint=fingerprint(judging.data, judging.languages, task.shape),
        split=getattr(judging.data, "split", "test"),
        of=dict(sample.of),
        rows={
            code: tuple(
                _seen(task, code, place, dict(row), said, None if before is None else before[code][at])
                for at, (place, row, said) in enumerate(zip(sample.places[code], rows, after[code], strict=True))
            )
            for code, rows in sample.rows.items()
        },
    )
    write_text(folder / PREDICTIONS, found.model_dump_json() + "\n")
    return found


def load_predictions(folder: Path) -> Predictions | None:
    """What is kept in the folder of a run; None where there is nothing, as in those of older versions."""
    file = folder / PREDICTIONS
    if not file.is_file():
        return None
    with readable(file, "what the run's models say of some rows", "Remove it: the page is drawn without it."):
        return Predictions.model_validate_json(file.read_bytes())


def is_right(task: Task[Any, Any], language: str, gold: Any, answer: Answer) -> bool | None:
    """Whether an answer is right, as the task's own score has it; a number is neither right nor wrong."""
    if isinstance(answer, SaidNumber):
        return None
    if isinstance(answer, FoundAnswer):
        exact: tuple[Score, ...] = task.scores(language, [(answer.text,)], [tuple(gold)])
        return any(score.metric == "em" and score.value == 1.0 for score in exact)
    return bool(answer.said == gold)


def _seen(
    task: Task[Any, Any], language: str, place: int, row: dict[str, Any], after: Answer, before: Answer | None
) -> Seen:
    gold = task.right(row)
    return Seen(
        row=place,
        texts=tuple(_text(row[name]) for name in task.shape.texts),
        gold=_written(gold, after),
        after=_said(task, language, gold, after),
        before=None if before is None else _said(task, language, gold, before),
    )


def _said(task: Task[Any, Any], language: str, gold: Any, answer: Answer) -> Said:
    off = round(abs(answer.value - float(gold)), 4) if isinstance(answer, SaidNumber) else None
    return Said(
        answer=_written(answer.said, answer),
        share=_share(answer),
        right=is_right(task, language, gold, answer),
        off=off,
    )


def _text(value: Any) -> str:
    said = value if isinstance(value, str) else " | ".join(map(str, value))
    return said if len(said) <= CHARACTERS else said[: CHARACTERS - 1] + "…"


def _written(said: Any, answer: Answer) -> str:
    """An answer, or what is right, for people: of tagged words those that are something."""
    if isinstance(answer, TaggedWords):
        pairs = zip(answer.words, said, strict=True)
        return " ".join(f"{word}/{tag}" for word, tag in pairs if tag != "O") or "none"
    if isinstance(said, list):
        return ", ".join(map(str, said)) or "none"
    return f"{said:.3f}" if isinstance(said, float) else str(said)


def _share(answer: Answer) -> float | None:
    """How sure the model is: of several labels (or words) the one that it is least sure of counts."""
    match answer:
        case SaidNumber():
            return None
        case TaggedWords():
            found = min(answer.probabilities, default=1.0)
        case _ if isinstance(answer.said, list):
            found = min(max(share, 1 - share) for share in answer.probabilities.values())
        case _:
            found = answer.probabilities.get(str(answer.said), 0.0)
    return round(float(found), 4)
