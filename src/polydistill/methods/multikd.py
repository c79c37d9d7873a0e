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
from pydantic import PositiveFloat, PositiveInt, model_validator
from torch import Tensor, nn

from polydistill.data.batches.batches import Batch, Group
from polydistill.data.batches.signals import settle
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.sources import Source
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.spec import Given, TaskMethodSpec, Teaching
from polydistill.methods.teacher import SIGNAL, Teacher, answering, says
from polydistill.models.polyglot import Polyglot
from polydistill.objectives.logits import Scaling, hinton
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode


class MultiKDSpec(TaskMethodSpec):
    """Distil a teacher a language into one multilingual student, on the task's text."""

    kind: Literal["multikd"] = "multikd"
    teaching: ClassVar[Teaching] = "one a language"
    languages: tuple[LanguageCode, ...]
    """The supervised languages; the run's `teachers` has one for each."""
    data: Source
    temperature: PositiveFloat = 8.0  # "Temperature is 8 for all distillation experiments" (Experimental Setup)
    scaling: Scaling = "cross_entropy"  # eq. 3, which has no T^2
    max_length: PositiveInt = 128  # "The maximum length is 128" (Experimental Setup)
    store_teacher: bool = True
    """Let every teacher read its texts once and keep what it says, instead of reading them again each step."""

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
        return ((self.data, self.languages),)

    def check(self, given: Given) -> None:
        """A teacher for each language, and no other."""
        if set(given.teachers) != set(self.languages) or given.teacher is not None:
            raise ValueError(
                f"MultiKD needs a teacher for each of {', '.join(self.languages)} under `teachers`, and none under "
                f"`teacher`; there are teachers for {', '.join(given.teachers) or 'no language'}."
            )
        super().check(given)

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group a language: its text for the student, and what its teacher says of it, or the text for it."""
        del seed
        corpus = load_rows(self.data, self.shape, self.languages)
        reading: dict[str, Teacher] = {}
        groups = [_group(self, models, code, rows, reading) for code, rows in corpus.rows.items()]
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
        rows = len(student_BC)
        return Loss({"kd": Term(hinton(student_BC, taught_BC, self.temperature, self.scaling, sequences=rows))})

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
