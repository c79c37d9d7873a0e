"""MultiKD: many monolingual teachers, one multilingual student (Multilingual Knowledge Distillation, eq. 1 to 4).

    kd = -mean over rows of softmax(teacher_l(text) / T) . log softmax(student(text) / T)

A step takes one supervised language l and its teacher T_l: a model tuned on the task in that language, with its own
tokenizer, vocabulary, depth and width. Teacher and student read the same text, so nothing need be parallel, and no
label is read beyond those that the teachers saw. With one teacher it is MonoKD. The student may be an MBLM.
"""

from collections.abc import Mapping
from typing import Any, Literal, Self

from datasets import Dataset
from pydantic import PositiveFloat, model_validator
from torch import Tensor, nn

from polydistill.data.batches.batches import Batch, Group
from polydistill.data.batches.signals import stored_signals
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.sources import Source
from polydistill.methods.method import Method, Models, Prepared
from polydistill.models.frozen import Frozen
from polydistill.models.polyglot import Polyglot
from polydistill.objectives.logits import Scaling, hinton
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode
from polydistill.specs import Spec
from polydistill.tasks import AnyTask, task_of

_TEXTS_AT_ONCE = 64  # ours: rows that a teacher reads together when its signals are stored


class MultiKDSpec(Spec):
    """Distil a teacher a language into one multilingual student, on the task's text."""

    kind: Literal["multikd"] = "multikd"
    task: AnyTask = "nli"
    languages: tuple[LanguageCode, ...]
    """The supervised languages; the run's `teachers` has one for each."""
    data: Source
    temperature: PositiveFloat = 8.0  # "Temperature is 8 for all distillation experiments" (Experimental Setup)
    scaling: Scaling = "cross_entropy"  # eq. 3, which has no T^2
    max_length: int = 128  # "The maximum length is 128" (Experimental Setup)
    store_teacher: bool = True
    """Let every teacher read its texts once and keep what it says, instead of reading them again each step."""

    @model_validator(mode="after")
    def _a_label_a_row(self) -> Self:
        if parts := task_of(self.task).shape.parts:
            raise ValueError(
                f"MultiKD compares what is said of a row; the task {self.task!r} {parts}, and teachers with other "
                "tokenizers see other tokens. Take a task with a label a row."
            )
        return self

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        return ((self.data, self.languages),)

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """Languages whose task labels are read: none here; those that the teachers saw count in a run."""
        return ()


class MultiKD(Method):
    """Make the student say of a text what the teacher of its language says."""

    def __init__(
        self,
        student: nn.Module,
        teachers: Mapping[str, Frozen],
        temperature: float = 8.0,
        scaling: Scaling = "cross_entropy",
    ) -> None:
        super().__init__()
        self.student, self.temperature, self.scaling = student, temperature, scaling
        self.teachers = nn.ModuleDict(teachers)

    def forward(
        self,
        text: Mapping[str, Tensor],
        signal: Tensor | None = None,
        taught: Mapping[str, Tensor] | None = None,
        language: str | None = None,
        **_: Any,
    ) -> Loss:
        """One term, `kd`. The teacher reads `taught`, unless its stored `signal` comes with the batch."""
        if signal is None:
            if language is None:
                raise ValueError(
                    "Teachers that read each batch need batches of one language: set training.batching.batches to "
                    "'homogeneous', or store_teacher to true."
                )
            signal = self.teachers[language](taught, language).logits_BC
        said_BC = self.student(text, language).logits_BC
        rows = len(said_BC)
        return Loss({"kd": Term(hinton(said_BC, signal, self.temperature, self.scaling, sequences=rows))})

    def counts(self, batch: Batch) -> dict[str, int]:
        """Rows."""
        return {"kd": len(batch["text"]["input_ids"])}


def prepare(spec: MultiKDSpec, models: Models, seed: int) -> Prepared:
    """One group a language: its text for the student, and what its teacher says of it, or the text for the teacher."""
    del seed
    corpus = load_rows(spec.data, task_of(spec.task).shape, spec.languages)
    living: dict[str, Frozen] = {}
    groups = [_group(spec, models, code, rows, living) for code, rows in corpus.rows.items()]
    student = Polyglot(models.student.network)
    return Prepared(MultiKD(student, living, spec.temperature, spec.scaling), groups)


def _group(spec: MultiKDSpec, models: Models, code: str, rows: Dataset, living: dict[str, Frozen]) -> Group:
    """A language's rows. Its teacher is loaded here; where its signals are stored it is needed no longer after that."""
    task, loaded = task_of(spec.task), models.teachers[code]()
    assert loaded.network is not models.student.network, "a teacher is frozen, so it is a network of its own"
    teacher = Frozen(Polyglot(loaded.network))
    text = task.encode(models.student.tokenizer, rows, spec.max_length)
    taught = task.encode(loaded.tokenizer, rows, spec.max_length)
    if not spec.store_teacher:
        living[code] = teacher
        return Group(code, {"text": text, "taught": taught})
    assert models.signals is not None, "stored signals need a folder"

    def read(inputs: Mapping[str, Tensor]) -> Tensor:
        logits: Tensor = teacher(inputs, code).logits_BC
        return logits

    device = next(loaded.network.parameters()).device
    signal = stored_signals(models.signals, loaded.network, taught, f"logits {code}", read, _TEXTS_AT_ONCE, device)
    return Group(code, {"text": text}, {"signal": signal})
