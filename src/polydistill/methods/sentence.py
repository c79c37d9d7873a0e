"""Plain sentence distillation, the standard practice beside MMKD (Reimers & Gurevych 2020, eq. 1).

    sentence = mean over sentences and features of (student(text) - teacher(sentence))^2

where text is a sentence or its translation, each as often as the other: both are to lie where the teacher, which reads
only the source language, has the sentence. What it says is stored: it reads every sentence once, whatever the steps.

Sentences and translations are rows of their own, so that a batch holds texts of one length from either side, and the
student reads it at once. B rows learn from B texts, which are B / 2 pairs in the mean.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from transformers import PreTrainedModel

from polydistill.data.batches.batches import Batch, Group
from polydistill.data.batches.encoding import Repeated, encode_in_turn, encode_texts
from polydistill.data.translations.translations import Translations, load_pairs
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.spec import Head, MethodSpec, Teaching
from polydistill.methods.teacher import SIGNAL, Teacher
from polydistill.models.frozen import Frozen
from polydistill.models.heads import Pooling, bridge, pooled
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import check_reads_alike
from polydistill.objectives import vectors
from polydistill.outputs import Loss, Term


class SentenceSpec(Translations, MethodSpec):
    """Give sentences and their translations the vectors that a teacher gives the sentences."""

    kind: Literal["sentence"] = "sentence"
    head: ClassVar[Head] = "vectors"
    teaching: ClassVar[Teaching] = "one"
    pooling: Pooling = "mean"  # "mean pooling" (Reimers & Gurevych 2020, Sec. 3)
    max_length: PositiveInt = 128  # as MMKD

    @property
    def teacher_is(self) -> str:
        """What the teacher must be."""
        return f"an encoder of {self.source_language!r}"

    @property
    def taught_in(self) -> str:
        """The language that the teacher reads."""
        return self.source_language

    @property
    def pooled_by(self) -> Pooling:
        """As it learns them."""
        return self.pooling

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group a language: sentences and translations, and what the teacher says of the sentences."""
        assert models.teacher is not None and models.signals is not None, "it has a teacher, whose signals are stored"
        assert models.teacher.network is not models.student.network, "a teacher is frozen: a network of its own"
        for one in (models.student, models.teacher):
            check_reads_alike(one.network)
        loaded = load_pairs(self, "sentence distillation", models.student.tokenizer, seed)
        teacher = _teacher(models.teacher, self.pooling, models.signals)
        groups = []
        for code, pairs in loaded.pairs.items():
            taught = encode_texts(models.teacher.tokenizer, pairs.source, None, self.max_length)
            both = encode_in_turn(models.student.tokenizer, pairs, self.max_length)
            signal = Repeated(teacher.stored(taught, models.signals))
            groups.append(Group(code, {"text": both}, {SIGNAL: signal}))
        width = int(models.teacher.network.config.hidden_size)
        method = SentenceDistillation(models.student.network, width, self.pooling, seed)
        own = method.projectors["sentence"]
        return Prepared(method, groups, bridge=own if isinstance(own, nn.Linear) else None, notes=loaded.notes)


def _teacher(loaded: Loaded, pooling: Pooling, signals: Path) -> Teacher:
    def ask(teacher: Frozen, text: Mapping[str, Tensor], language: str | None) -> Tensor:
        del language
        return pooled(teacher(**text).last_hidden_state, text["attention_mask"], pooling)

    return Teacher(loaded.network.base_model, ask, f"sentence {pooling}", signals)


class SentenceDistillation(Method):
    """Make the student's vector of a text the teacher's of the sentence it says the same as."""

    student: PreTrainedModel

    def __init__(self, student: PreTrainedModel, width: int, pooling: Pooling, seed: int = 0) -> None:
        super().__init__()
        self.student, self.pooling = student, pooling
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            own = int(student.config.hidden_size)
            self.projectors = nn.ModuleDict({"sentence": bridge(own, width, student.dtype)})

    def forward(self, text: Mapping[str, Tensor], signal: Tensor, **_: Any) -> Loss:
        """One term, `sentence`, against the teacher's stored `signal`."""
        hidden_BLD = cast(Any, self.student.base_model)(**text).last_hidden_state
        student_BD = self.projectors["sentence"](pooled(hidden_BLD, text["attention_mask"], self.pooling))
        return Loss({"sentence": Term(vectors.mse(student_BD, signal))})

    def counts(self, batch: Batch) -> dict[str, int]:
        """Texts."""
        return {"sentence": len(batch["text"]["input_ids"])}
