"""BERT-KLD: premise and hypothesis in two languages, taught by a model that was tuned on another pair of languages.

    loss = task + lambda kl        kl = mean over rows of KL(softmax(teacher's h) || softmax(student's h))

"L = CrossEnt(a,b) + l*KL(h1,h2)" (poster, picture b): `task` is the cross-entropy of the student's labels, h the first
token's vector of the last block. Both read the same examples, each in its own pair. Classical distillation, which the
poster compares with, is `vector="logits"` with `sum="shared"`: (1 - alpha) task + alpha kd, kd = T^2 x mean KL.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator
from torch import Tensor

from polydistill.bounds import Length, Rate, Temperature
from polydistill.data.batches.batches import Batch, Group
from polydistill.data.rows.load import load_aligned
from polydistill.data.rows.shapes import LABEL
from polydistill.data.rows.sources import Source, format_source
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.spec import FreezingSpec, Teaching
from polydistill.methods.teacher import Teacher, answering, says
from polydistill.models.polyglot import On, Polyglot
from polydistill.objectives import vectors
from polydistill.objectives.vectors import Side
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode

_COMPARED: dict[str, On] = {"hidden": "first", "logits": "logits"}
_TERM = {"hidden": "kl", "logits": "kd"}


class BertKldSpec(FreezingSpec):
    """Tune a model on the labels of one pair of languages, with a teacher that was tuned on another."""

    kind: Literal["bert-kld"] = "bert-kld"
    teaching: ClassVar[Teaching] = "one"
    pair: LanguageCode
    """The languages of the student's first text and of the others, such as `fr-tr`: those of its labels."""
    teacher_pair: LanguageCode
    data: Source
    """Rows of the task, the same in every language."""
    teacher_reads: Literal["own_pair", "student_pair"] = "own_pair"
    """The poster does not say. `own_pair`: the example in the teacher's languages; `student_pair`: the student's."""
    vector: Literal["hidden", "logits"] = "hidden"
    weight: Rate = 0.2  # "For all the experiments, lambda=0.2" (table 1)
    sum: Literal["added", "shared"] = "added"
    """`added`: task + weight x (kl or kd). `shared`: (1 - weight) x task + weight x (kl or kd)."""
    target: Side = "teacher"  # KL(h1, h2), "hidden representations of the teacher and student models respectively"
    """Whose distribution is the first of the KL divergence; the other one is held against it."""
    temperature: Temperature = 1.0
    scaling: Literal["hinton", "cross_entropy"] = "hinton"
    """`hinton`: T^2 x mean KL; `cross_entropy`: mean of -p log q, without T^2."""
    max_length: Length = 128  # "Maximum sequence length = 128"
    store_teacher: bool = True
    """Let the teacher read every row once and keep what it says, instead of reading it again each step."""

    @model_validator(mode="after")
    def _weights_are_shares(self) -> Self:
        if self.sum == "shared" and self.weight > 1:
            raise ValueError(
                f"weight is {self.weight}, but with sum='shared' it is a share: the labels have 1 - weight. Give at "
                "most 1, or say sum='added'."
            )
        return self

    @model_validator(mode="after")
    def _the_task_has_what_is_compared(self) -> Self:
        shape = self.shape
        if shape.parts or (shape.lists and self.vector == "hidden"):
            what = f"{shape.parts}, which translations do not share" if shape.parts else "reads several texts a row"
            way_out = "Tune on its labels instead" if shape.parts else "Compare logits (vector='logits')"
            raise ValueError(f"BERT-KLD compares one vector a row, and the task {self.task!r} {what}. {way_out}.")
        return self

    @model_validator(mode="after")
    def _the_entropy_is_constant(self) -> Self:
        if self.scaling == "cross_entropy" and self.target == "student":
            raise ValueError(
                "scaling='cross_entropy' leaves out the entropy of the target, which does not move only where the "
                "target is the teacher. Say scaling='hinton', or target='teacher'."
            )
        return self

    @property
    def taught_in(self) -> str:
        """The languages that the teacher reads."""
        return self.teacher_pair if self.teacher_reads == "own_pair" else self.pair

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        return ((self.data, tuple(dict.fromkeys((self.pair, self.taught_in)))),)

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """Languages whose task labels are read."""
        return (self.pair,)

    @property
    def teacher_is(self) -> str:
        """What the teacher must be."""
        return f"a model that was tuned on the pair {self.teacher_pair}"

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group: the rows in the student's pair, and in the teacher's or what the teacher says of them."""
        del seed
        assert models.teacher is not None, "BERT-KLD has a teacher"
        assert models.teacher.network is not models.student.network, "a teacher is frozen: a network of its own"
        _check_widths(self, models)
        ((data, languages),) = self.reads
        task = self.task_learned
        rows = load_aligned(data, task.shape, languages, "BERT-KLD").rows
        if LABEL not in rows[self.pair].column_names:
            raise ValueError(f"BERT-KLD needs labels; the {self.pair!r} rows of {format_source(data)} have none.")
        own = task.group(models.student.tokenizer, rows[self.pair], self.pair, self.max_length)
        signals = models.signals if self.store_teacher else None
        teacher = answering(models.teacher.network, _COMPARED[self.vector], self.taught_in, signals)
        texts, values = teacher.beside(task.encode(models.teacher.tokenizer, rows[self.taught_in], self.max_length))
        self.freeze(models.student.network)
        method = BertKld(Polyglot(models.student.network), teacher.reading, self)
        return Prepared(method, [Group(self.pair, {**own.texts, **texts}, {**own.values, **values})])


class BertKld(Method):
    """Learn labels, and say of each row what the teacher says of it."""

    def __init__(self, student: Polyglot, teacher: Teacher | None, spec: BertKldSpec) -> None:
        super().__init__()
        self.student, self.teacher, self.spec = student, teacher, spec
        self.on, self.term = _COMPARED[spec.vector], _TERM[spec.vector]

    def forward(self, text: Mapping[str, Tensor], labels: Tensor, language: str | None = None, **batch: Any) -> Loss:
        """`task` and `kl` (of logits: `kd`). The teacher reads `taught`, unless its stored `signal` comes along."""
        spec = self.spec
        taught = says(self.teacher, batch)
        reading = self.student(text, language, first=self.on == "first")
        apart = vectors.kl(reading.picked(self.on), taught, spec.temperature, spec.target, spec.scaling)
        kept = 1.0 - spec.weight if spec.sum == "shared" else 1.0
        learned = spec.task_learned.loss(reading.logits_BC, labels)
        return Loss({"task": Term(learned, kept), self.term: Term(apart, spec.weight)})

    def counts(self, batch: Batch) -> dict[str, int]:
        """Rows."""
        return {"task": self.spec.task_learned.count(batch["labels"]), self.term: len(batch["text"]["input_ids"])}


def _check_widths(spec: BertKldSpec, models: Models) -> None:
    """Features are compared one by one, so there must be as many."""
    assert models.teacher is not None
    teacher, student = (one.network.config.hidden_size for one in (models.teacher, models.student))
    if spec.vector == "hidden" and teacher != student:
        raise ValueError(
            f"The teacher's vectors have {teacher} features and the student's {student}; BERT-KLD compares them one by "
            "one, as the poster does with two copies of one model. Take models of one width, or vector='logits'."
        )
