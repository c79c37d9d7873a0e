"""MultiKD: many monolingual teachers, one multilingual student (Multilingual Knowledge Distillation, eq. 1 to 4).

    kd = -mean over rows of softmax(teacher_l(text) / T) . log softmax(student(text) / T)

A step takes one supervised language l and its teacher T_l: a model tuned on the task in that language, with its own
tokenizer, vocabulary, depth and width. Teacher and student read the same text, so nothing need be parallel, and no
label is read beyond those that the teachers saw. With one teacher it is MonoKD. The student may be an MBLM.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, cast

import numpy as np
from datasets import Dataset
from pydantic import model_validator
from torch import Tensor, nn

from polydistill.bounds import Length, Temperature
from polydistill.data.batches.batches import Batch, Group
from polydistill.data.batches.signals import settle
from polydistill.data.rows.labelled import check_soft, labelled_rows
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.sources import ByLanguage, Source
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.spec import Given, TaskMethodSpec, Teaching
from polydistill.methods.teacher import SIGNAL, Teacher, answering, says
from polydistill.models.polyglot import Polyglot
from polydistill.objectives.logits import NEVER, Scaling, hinton, rest_as_one
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode


class MultiKDSpec(TaskMethodSpec):
    """Distil a teacher a language into one multilingual student, on the task's text."""

    kind: Literal["multikd"] = "multikd"
    teaching: ClassVar[Teaching] = "one a language"
    languages: tuple[LanguageCode, ...]
    """The supervised languages; the run's `teachers` has one for each."""
    data: Source | None = None
    """The text that models read; none where all teachers are rows."""
    soft: ByLanguage | None = None
    """Teachers that are rows: texts of a language and a share (or logit) for each label, as a large language model or
    an ensemble gives them. Labels that a row leaves out share what is left of 1 as one."""
    temperature: Temperature = 8.0  # "Temperature is 8 for all distillation experiments" (Experimental Setup)
    scaling: Scaling = "cross_entropy"  # eq. 3, which has no T^2
    max_length: Length = 128  # "The maximum length is 128" (Experimental Setup)
    store_teacher: bool = True
    """Let every teacher read its texts once and keep what it says, instead of reading them again each step."""

    @model_validator(mode="after")
    def _every_language_has_text(self) -> Self:
        rows = set() if self.soft is None else set(self.soft.sources)
        if rows - set(self.languages) or (self.data is None) != (not self.read_by_models):
            raise ValueError(
                f"The languages are {', '.join(self.languages)}; rows (soft) teach {', '.join(sorted(rows)) or 'none'} "
                "of them. Models read the others' text: give it as `data`, or leave it out where there are none."
            )
        return self

    @model_validator(mode="after")
    def _a_label_a_row(self) -> Self:
        if parts := self.shape.parts:
            raise ValueError(
                f"MultiKD compares what is said of a row; the task {self.task!r} {parts}, and teachers with other "
                "tokenizers see other tokens. Take a task with a label a row."
            )
        return self

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        found: list[tuple[Source, tuple[str, ...]]] = []
        if self.data is not None:
            found.append((self.data, self.read_by_models))
        if self.soft is not None:
            found.append((self.soft, tuple(self.soft.sources)))
        return tuple(found)

    @property
    def read_by_models(self) -> tuple[str, ...]:
        """The languages whose teachers are models."""
        return tuple(code for code in self.languages if self.soft is None or code not in self.soft.sources)

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """Those whose teachers are rows: what these say was made of somebody's labels."""
        return () if self.soft is None else tuple(self.soft.sources)

    def check(self, given: Given) -> None:
        """A teacher for each language, and no other."""
        if set(given.teachers) != set(self.read_by_models) or given.teacher is not None:
            raise ValueError(
                f"MultiKD needs a teacher for each of {', '.join(self.read_by_models)} under `teachers`, and none "
                f"under `teacher`; there are teachers for {', '.join(given.teachers) or 'no language'}."
            )
        super().check(given)

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group a language: its text for the student, and what its teacher says of it, or the text for it."""
        del seed
        reading: dict[str, Teacher] = {}
        groups = []
        if self.data is not None:
            corpus = load_rows(self.data, self.shape, self.read_by_models)
            groups += [_group(self, models, code, rows, reading) for code, rows in corpus.rows.items()]
        if self.soft is not None:
            soft = labelled_rows(self.soft, self.shape, tuple(self.soft.sources))
            groups += [_soft_group(self, models, code, rows) for code, rows in soft.items()]
        return Prepared(MultiKD(Polyglot(models.student.network), reading, self.temperature, self.scaling), groups)


class MultiKD(Method):
    """Make the student say of a text what the teacher of its language says."""

    def __init__(
        self,
        student: nn.Module,
        teachers: Mapping[str, Teacher],
        temperature: float = 8.0,
        scaling: Scaling = "cross_entropy",
    ) -> None:
        super().__init__()
        self.student, self.temperature, self.scaling = student, temperature, scaling
        self.teachers = nn.ModuleDict(teachers)

    def forward(self, text: Mapping[str, Tensor], language: str | None = None, **batch: Any) -> Loss:
        """One term, `kd`. The teacher reads `taught`, unless its stored `signal` comes with the batch."""
        if SIGNAL not in batch and language is None:
            raise ValueError(
                "Teachers that read each batch need batches of one language: set training.batching.batches to "
                "'homogeneous', or store_teacher to true."
            )
        teacher = cast(Teacher, self.teachers[language]) if language and language in self.teachers else None
        taught_BC = says(teacher, batch)
        student_BC = self.student(text, language).logits_BC
        rows, sides = len(student_BC), rest_as_one(student_BC, taught_BC)
        return Loss({"kd": Term(hinton(*sides, self.temperature, self.scaling, sequences=rows))})

    def counts(self, batch: Batch) -> dict[str, int]:
        """Rows."""
        return {"kd": len(batch["text"]["input_ids"])}


def _group(spec: MultiKDSpec, models: Models, code: str, rows: Dataset, reading: dict[str, Teacher]) -> Group:
    """A language's rows. Its teacher is loaded here; where its signals are stored it is needed no longer after that."""
    task, loaded = spec.task_learned, models.teachers[code]()
    assert loaded.network is not models.student.network, "a teacher is frozen, so it is a network of its own"
    teacher = answering(loaded.network, "logits", code, models.signals if spec.store_teacher else None)
    text = task.encode(models.student.tokenizer, rows, spec.max_length)
    texts, values = teacher.beside(task.encode(loaded.tokenizer, rows, spec.max_length))
    for signal in values.values():
        settle(signal, np.arange(len(text)))  # all rows and now, so that no two teachers are held at once
    if teacher.reading is not None:
        reading[code] = teacher.reading
    return Group(code, {"text": text, **texts}, values)


def _soft_group(spec: MultiKDSpec, models: Models, code: str, rows: Dataset) -> Group:
    """A language's rows whose teacher is what they hold: the logarithm of the share of each label."""
    task = spec.task_learned
    text = task.encode(models.student.tokenizer, rows, spec.max_length)
    shares = np.asarray(task.labels(text, rows))
    check_soft(shares, task, f"{code!r}")
    with np.errstate(divide="ignore"):
        return Group(code, {"text": text}, {SIGNAL: np.maximum(np.log(shares), np.float32(NEVER))})
