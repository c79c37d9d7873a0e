"""Plain sentence distillation, the standard practice beside MMKD (Reimers & Gurevych 2020, eq. 1).

    sentence = mean over sentences and features of (student(text) - teacher(sentence))^2

where text is a sentence or its translation, each as often as the other: both are to lie where the teacher, which reads
only the source language, has the sentence. What it says is stored: it reads every sentence once, whatever the steps.

Sentences and translations are rows of their own, so that a batch holds texts of one length from either side, and the
student reads it at once. B rows learn from B texts, which are B / 2 pairs in the mean.
"""

from collections.abc import Mapping
from typing import Any, Literal, cast

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from transformers import PreTrainedModel

from polydistill.data.batches.batches import Batch, Group
from polydistill.data.batches.encoding import Repeated, encode_in_turn, encode_texts
from polydistill.data.batches.signals import stored_signals
from polydistill.data.translations.translations import Pairs, Translations, load_pairs
from polydistill.methods.method import Method, Models, Prepared
from polydistill.models.frozen import Frozen
from polydistill.models.heads import Pooling, bridge, pooled
from polydistill.models.polyglot import check_reads_alike
from polydistill.objectives import vectors
from polydistill.outputs import Loss, Term

_AT_ONCE = 64  # ours: texts the teacher reads together


class SentenceSpec(Translations):
    """Give sentences and their translations the vectors that a teacher gives the sentences."""

    kind: Literal["sentence"] = "sentence"
    pooling: Pooling = "mean"  # "mean pooling" (Reimers & Gurevych 2020, Sec. 3)
    max_length: PositiveInt = 128  # as MMKD


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
        said_BD = self.projectors["sentence"](pooled(hidden_BLD, text["attention_mask"], self.pooling))
        return Loss({"sentence": Term(vectors.mse(said_BD, signal))})

    def counts(self, batch: Batch) -> dict[str, int]:
        """Texts."""
        return {"sentence": len(batch["text"]["input_ids"])}


def prepare(spec: SentenceSpec, models: Models, seed: int) -> Prepared:
    """One group a language: sentences and translations, and what the teacher says of the sentences."""
    assert models.teacher is not None, "sentence distillation has a teacher"
    assert models.teacher.network is not models.student.network, "a teacher is frozen, so it is a network of its own"
    for one in (models.student, models.teacher):
        check_reads_alike(one.network)
    loaded = load_pairs(spec, "sentence distillation", models.student.tokenizer, seed)
    groups = [_group(spec, models, code, pairs) for code, pairs in loaded.pairs.items()]
    width = int(models.teacher.network.config.hidden_size)
    method = SentenceDistillation(models.student.network, width, spec.pooling, seed)
    own = method.projectors["sentence"]
    return Prepared(method, groups, bridge=own if isinstance(own, nn.Linear) else None, notes=loaded.notes)


def _group(spec: SentenceSpec, models: Models, code: str, pairs: Pairs) -> Group:
    assert models.teacher is not None and models.signals is not None, "stored signals need a folder and a teacher"
    network = models.teacher.network
    teacher = Frozen(network.base_model)

    def read(inputs: Mapping[str, Tensor]) -> Tensor:
        return pooled(teacher(**inputs).last_hidden_state, inputs["attention_mask"], spec.pooling)

    taught = encode_texts(models.teacher.tokenizer, pairs.source, None, spec.max_length)
    device, wanted = next(network.parameters()).device, f"sentence {spec.pooling}"
    signal = stored_signals(models.signals, network, taught, wanted, read, _AT_ONCE, device)
    both = encode_in_turn(models.student.tokenizer, pairs, spec.max_length)
    return Group(code, {"text": both}, {"signal": Repeated(signal)})
