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
from pydantic import PositiveFloat, PositiveInt, field_validator, model_validator
from torch import Tensor, nn

from polydistill.data.batches.batches import Batch, Group, Values
from polydistill.data.batches.encoding import Ragged
from polydistill.data.batches.masking import IGNORED
from polydistill.data.batches.signals import stored_signals
from polydistill.data.rows.labelled import labelled_rows
from polydistill.data.rows.sources import Source, format_source
from polydistill.methods.method import Method, Models, Prepared
from polydistill.models.frozen import Frozen
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import Polyglot
from polydistill.objectives.vectors import squared_distance
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode
from polydistill.specs import Spec
from polydistill.tasks import NLI, AnyTask, Task, task_of
from polydistill.transfer.joint import Joint
from polydistill.transfer.strategies import Role, Strategy, strategy
from polydistill.transfer.transferring import transferring

TEACHER = "teacher"


class TaskDistillation(Spec):
    """What the terms weigh where a tuned teacher reads the same rows ("we choose 0.5 and 0.5", Sec. 3.3.6)."""

    logits: PositiveFloat = 0.5
    task: PositiveFloat = 0.5


class TransferTuneSpec(Spec):
    """Tune on the labels of some languages by a zero-shot strategy."""

    kind: Literal["transfer"] = "transfer"
    task: AnyTask = "nli"
    languages: tuple[LanguageCode, ...]
    data: Source
    max_length: int = 256  # as for `Tune`; the thesis does not say
    strategy: Strategy
    """Also by its name in table 4.6, such as `ADAPT SRC`."""
    distil: TaskDistillation | None = None
    """Learn from a tuned teacher's logits too: the run's `teacher`."""
    few: PositiveInt | None = None
    """So many rows of each language, the first of an order drawn by the run's seed; without it all."""

    @field_validator("strategy", mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        return strategy(given) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _a_teacher_says_something_of_rows_or_words(self) -> Self:
        if self.distil is not None and task_of(self.task).shape.spans:
            raise ValueError(
                f"Task distillation compares what is said of a row or word; the task {self.task!r} "
                f"{task_of(self.task).shape.parts}. Leave the teacher out, and learn from labels alone."
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


class TransferTuning(Method):
    """Learn a task from labels, and from what a tuned teacher says, on one student or on two together."""

    def __init__(
        self,
        learning: Mapping[Role, Polyglot],
        task: Task[Any, Any] = NLI,
        distil: TaskDistillation | None = None,
        teacher: Frozen | None = None,
    ) -> None:
        super().__init__()
        networks = list(learning.values())
        self.student: nn.Module = networks[0] if len(networks) == 1 else Joint(*networks)
        self.roles, self.task, self.distil, self.teacher = tuple(learning), task, distil, teacher

    def forward(self, language: str | None = None, **batch: Any) -> Loss:
        """The terms `task` and, with a teacher, `logits`; of each student (`task/source`) where two learn."""
        said = self.student(*(batch[role] for role in self.roles), language=language)
        taught_NC = self._taught(batch, language) if self.distil else None
        terms, share = {}, 1 / len(self.roles)
        for role, reading in zip(self.roles, said if isinstance(said, tuple) else (said,), strict=True):
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
        if "signal" in batch:
            return batch["signal"]  # type: ignore[no-any-return]
        assert self.teacher is not None, "without stored signals the teacher is needed"
        return labelled(self.teacher(batch[TEACHER], language).logits_BC, batch[f"{TEACHER}_labels"])

    def _name(self, term: str, role: Role) -> str:
        return term if len(self.roles) == 1 else f"{term}/{role}"


def labelled(logits: Tensor, labels: Tensor) -> Tensor:
    """The logits [N, C] of all that has a label: rows, or of tagged texts words, in order."""
    return logits[labels != IGNORED]


def prepare(spec: TransferTuneSpec, models: Models, seed: int) -> Prepared:
    """One group a language: the texts as those who learn (and the teacher) read them; around it all the strategy."""
    chosen, task = spec.strategy, task_of(spec.task)
    students: dict[Role, Loaded | None] = {"source": models.source, "target": None, chosen.judged: models.student}
    learning: dict[Role, Loaded] = {
        role: one
        for role in get_args(Role)
        if chosen.learns_on in (role, "both") and (one := students[role]) is not None
    }
    teacher = Frozen(Polyglot(models.teacher.network)) if models.teacher else None
    stored = teacher is not None and models.signals is not None and not task.shape.tagged  # one thing a row
    groups = []
    for language, rows in labelled_rows(spec.data, task.shape, spec.languages, spec.few, seed).items():
        group = _group(spec, models, learning, language, rows)
        groups.append(_stored(models, teacher, group) if stored else group)
    networks = {role: one.network for role, one in students.items() if one is not None}
    return Prepared(
        TransferTuning(
            {role: Polyglot(one.network) for role, one in learning.items()},
            task,
            spec.distil,
            None if stored else teacher,
        ),
        groups,
        learning={str(role): one for role, one in learning.items()},
        around=transferring(chosen, networks.get("source"), networks.get("target"), seed),
    )


def _group(
    spec: TransferTuneSpec, models: Models, learning: Mapping[Role, Loaded], language: str, rows: Dataset
) -> Group:
    """Labelled rows as each of those who read them does."""
    task = task_of(spec.task)
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
    return Group(
        language,
        {name: part.texts["text"] for name, part in read.items()},
        {f"{name}_labels": some for name, some in labels.items()},
    )


def _labels_a_row(labels: Values) -> NDArray[Any]:
    """How many labels each row has."""
    if isinstance(labels, np.ndarray):
        return np.ones(len(labels), dtype=np.int64)
    assert isinstance(labels, Ragged), "labels are of rows or of tokens"
    return np.diff(np.concatenate([[0], np.cumsum(labels.flat != IGNORED)])[labels.offsets])


def _stored(models: Models, teacher: Frozen | None, group: Group) -> Group:
    """The group with what the teacher says of its rows in place of the texts that the teacher reads."""
    assert teacher and models.teacher and models.signals, "stored signals need a teacher and a folder"

    def read(inputs: Mapping[str, Tensor]) -> Tensor:
        return teacher(inputs, group.language).logits_BC  # type: ignore[no-any-return]

    texts, values = dict(group.texts), dict(group.values)
    del values[f"{TEACHER}_labels"]
    network = models.teacher.network
    values["signal"] = stored_signals(
        models.signals, network, texts.pop(TEACHER), f"logits {group.language}", read, 64, network.device
    )
    return Group(group.language, texts, values)
