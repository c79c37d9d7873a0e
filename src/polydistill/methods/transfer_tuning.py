"""Tuning by a zero-shot strategy: labels of one language, students of two (thesis, Sec. 3.3 and 4.2.2).

    task   = mean over rows of -log softmax(student(text))[label]
    logits = mean over rows of |teacher(text) - student(text)|^2                         (Sec. 3.3.6, task distillation)
    loss   = task, or 0.5 logits + 0.5 task where a tuned teacher reads along

A strategy says which parameters learn, of the student that reads the language with labels (source) or of the one that
is judged on another language (target), and how they reach the latter. Where both learn, what is trained is the mean of
their losses ("based on the averaged loss"), and each reads the rows as its own tokenizer writes them.

Few-shot is the same on a few rows of the target language, from a student that was tuned before (Sec. 4.2.3).
"""

from collections.abc import Mapping
from typing import Any, Literal, Self, get_args

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from pydantic import field_validator, model_validator
from torch import Tensor, nn

from polydistill.bounds import Count, Length, Rate
from polydistill.data.batches.batches import Batch, Group, Values
from polydistill.data.batches.encoding import Ragged
from polydistill.data.batches.masking import IGNORED
from polydistill.data.rows.labelled import labelled_rows
from polydistill.data.rows.sources import Source, format_source
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.spec import Given, TaskMethodSpec, Teaching
from polydistill.methods.teacher import Teacher, answering, says
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import Polyglot
from polydistill.objectives.vectors import squared_distance
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode
from polydistill.specs import Spec
from polydistill.tasks import NLI, Task
from polydistill.transfer.joint import Joint
from polydistill.transfer.strategies import Role, Strategy, strategy
from polydistill.transfer.transferring import transferring

TEACHER = "teacher"


class TaskDistillation(Spec):
    """What the terms weigh where a tuned teacher reads the same rows ("we choose 0.5 and 0.5", Sec. 3.3.6)."""

    logits: Rate = 0.5
    task: Rate = 0.5


class TransferTuneSpec(TaskMethodSpec):
    """Tune on the labels of some languages by a zero-shot strategy."""

    kind: Literal["transfer"] = "transfer"
    languages: tuple[LanguageCode, ...]
    data: Source
    max_length: Length = 256  # as for `Tune`; the thesis does not say
    strategy: Strategy
    """Also by its name in table 4.6, such as `ADAPT SRC`."""
    distil: TaskDistillation | None = None
    """Learn from a tuned teacher's logits too: the run's `teacher`."""
    few: Count | None = None
    """So many rows of each language, the first of an order drawn by the run's seed; without it all."""

    @field_validator("strategy", mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        return strategy(given) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _a_teacher_says_something_of_rows_or_words(self) -> Self:
        if self.distil is not None and self.shape.spans:
            raise ValueError(
                f"Task distillation compares what is said of a row or word; the task {self.task!r} "
                f"{self.shape.parts}. Leave the teacher out, and learn from labels alone."
            )
        return self

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        return ((self.data, self.languages),)

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """Languages whose task labels are read."""
        return self.languages

    @property
    def teaching(self) -> Teaching:
        """A tuned model, where there is task distillation."""
        return "nobody" if self.distil is None else "one"

    @property
    def needs_source(self) -> bool:
        """Whether the strategy takes something from one student to the other."""
        return self.strategy.needs == ("source", "target")

    @property
    def against_lora(self) -> str:
        """What the strategy lets learn is carried from student to student by its name."""
        return "" if self.strategy.trains == "all" else "The strategy says itself what learns."

    def check(self, given: Given) -> None:
        """The students that the strategy needs, and a teacher where there is task distillation."""
        if (given.source is None) == self.needs_source:
            raise ValueError(
                "The strategy takes a source student to the student that is judged: give `source`, who reads the "
                "language that has labels."
                if given.source is None
                else f"Under this strategy only the student that is judged takes part (learns_on="
                f"{self.strategy.learns_on!r}, carries={self.strategy.carries!r}): leave `source` unset."
            )
        if given.source == given.start:
            raise ValueError(
                "`source` and `start` are one and the same student, so nothing has to travel: leave `source` unset, "
                "and take a strategy with learns_on='target', such as FULL TRG or ADAPT TRG."
            )
        if (given.teacher is None) != (self.distil is None):
            raise ValueError(
                "Task distillation (method.distil) and a tuned `teacher` go together. Give both, or neither."
            )
        super().check(given)

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group a language: the texts as who learns (and the teacher) reads them; around it all the strategy."""
        chosen, task = self.strategy, self.task_learned
        students: dict[Role, Loaded | None] = {"source": models.source, "target": None, chosen.judged: models.student}
        learning: dict[Role, Loaded] = {
            role: one
            for role in get_args(Role)
            if chosen.learns_on in (role, "both") and (one := students[role]) is not None
        }
        signals = None if task.shape.tagged else models.signals  # what is said of words is not one thing a row
        teacher = None
        if models.teacher is not None:
            teacher = answering(models.teacher.network, "logits", None, signals, TEACHER)
        groups = [
            _group(self, models, learning, teacher, language, rows)
            for language, rows in labelled_rows(self.data, task.shape, self.languages, self.few, seed).items()
        ]
        networks = {role: one.network for role, one in students.items() if one is not None}
        return Prepared(
            TransferTuning(
                {role: Polyglot(one.network) for role, one in learning.items()},
                task,
                self.distil,
                None if teacher is None else teacher.reading,
            ),
            groups,
            learning={str(role): one for role, one in learning.items()},
            around=transferring(chosen, networks.get("source"), networks.get("target"), seed),
        )


class TransferTuning(Method):
    """Learn a task from labels, and from what a tuned teacher says, on one student or on two together."""

    def __init__(
        self,
        learning: Mapping[Role, Polyglot],
        task: Task[Any, Any] = NLI,
        distil: TaskDistillation | None = None,
        teacher: Teacher | None = None,
    ) -> None:
        super().__init__()
        networks = list(learning.values())
        self.student: nn.Module = networks[0] if len(networks) == 1 else Joint(*networks)
        self.roles, self.task, self.distil, self.teacher = tuple(learning), task, distil, teacher

    def forward(self, language: str | None = None, **batch: Any) -> Loss:
        """The terms `task` and, with a teacher, `logits`; of each student (`task/source`) where two learn."""
        read = self.student(*(batch[role] for role in self.roles), language=language)
        taught_NC = self._taught(batch, language) if self.distil else None
        terms, share = {}, 1 / len(self.roles)
        for role, reading in zip(self.roles, read if isinstance(read, tuple) else (read,), strict=True):
            labels = batch[f"{role}_labels"]
            weight = self.distil.task if self.distil else 1.0
            terms[self._name("task", role)] = Term(self.task.loss(reading.logits_BC, labels), share * weight)
            if taught_NC is not None and self.distil:
                distance = squared_distance(labelled(reading.logits_BC, labels), taught_NC)
                terms[self._name("logits", role)] = Term(distance, share * self.distil.logits)
        return Loss(terms)

    def counts(self, batch: Batch) -> dict[str, int]:
        """Rows, or words."""
        terms = ("task", "logits") if self.distil else ("task",)
        return {
            self._name(term, role): self.task.count(batch[f"{role}_labels"]) for role in self.roles for term in terms
        }

    def _taught(self, batch: Batch, language: str | None) -> Tensor:
        taught = says(self.teacher, batch, language)
        labels = batch.get(f"{TEACHER}_labels")
        return taught if labels is None else labelled(taught, labels)

    def _name(self, term: str, role: Role) -> str:
        return term if len(self.roles) == 1 else f"{term}/{role}"


def labelled(logits: Tensor, labels: Tensor) -> Tensor:
    """The logits [N, C] of all that has a label: rows, or of tagged texts words, in order."""
    return logits[labels != IGNORED]


def _group(
    spec: TransferTuneSpec,
    models: Models,
    learning: Mapping[Role, Loaded],
    teacher: Teacher | None,
    language: str,
    rows: Dataset,
) -> Group:
    """Labelled rows as each of those who read them does; of the teacher what it says, where that is stored."""
    task = spec.task_learned
    readers: dict[str, Loaded] = {str(role): one for role, one in learning.items()}
    if models.teacher is not None:
        readers[TEACHER] = models.teacher
    read = {name: task.group(one.tokenizer, rows, language, spec.max_length) for name, one in readers.items()}
    labels = {name: part.values["labels"] for name, part in read.items()}
    first, *others = map(_labels_a_row, labels.values())
    if any(not np.array_equal(first, other) for other in others):
        raise ValueError(
            f"The tokenizers of {' and '.join(labels)} cut the {language!r} sentences of {format_source(spec.data)} at "
            f"different words, so they cannot be read side by side. Raise max_length ({spec.max_length}), or take "
            "models with one tokenizer."
        )
    texts = {name: part.texts["text"] for name, part in read.items() if name != TEACHER}
    signals: dict[str, Values] = {}
    if teacher is not None:
        beside, signals = teacher.beside(read[TEACHER].texts["text"], language)
        texts |= beside
    return Group(language, texts, {**{f"{name}_labels": labels[name] for name in texts}, **signals})


def _labels_a_row(labels: Values) -> NDArray[Any]:
    """How many labels each row has."""
    if isinstance(labels, np.ndarray):
        return np.ones(len(labels), dtype=np.int64)
    assert isinstance(labels, Ragged), "labels are of rows or of tokens"
    return np.diff(np.concatenate([[0], np.cumsum(labels.flat != IGNORED)])[labels.offsets])
