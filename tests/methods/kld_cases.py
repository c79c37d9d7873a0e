"""BERT-KLD in its variants, and what its terms must be by the reference."""

from typing import Any

import torch

from polydistill.data.batches.batches import Batch
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.bert_kld import BertKld, BertKldSpec
from polydistill.methods.method import Method
from polydistill.models.frozen import Frozen
from polydistill.models.polyglot import Polyglot
from reference import bert_kld
from reference.xd_paper import tuning
from tiny import outputs

ROWS = {"pair": "fr-tr", "teacher_pair": "en-fr", "data": WorldSource(rows=24)}
_LIVING = {"store_teacher": False, "max_length": 40, **ROWS}
_KD = {"vector": "logits", "sum": "shared", "weight": 0.3, "temperature": 4.0}
SPECS = {
    "kld": BertKldSpec(**_LIVING),
    "kld-stored": BertKldSpec(**{**_LIVING, "store_teacher": True}),
    "kld-student-pair": BertKldSpec(teacher_reads="student_pair", **_LIVING),
    "kld-reversed": BertKldSpec(target="student", temperature=2.0, **_LIVING),
    "kd": BertKldSpec(**_KD, **_LIVING),
    "kd-cross-entropy": BertKldSpec(scaling="cross_entropy", **_KD, **_LIVING),
    "kd-choice": BertKldSpec(task="choice", **_KD, **{**_LIVING, "max_length": 60}),
}


def weights(spec: BertKldSpec) -> dict[str, float]:
    """The names of the terms and their weights."""
    task = 1.0 if spec.sum == "added" else 1.0 - spec.weight
    return {"task": task, "kl" if spec.vector == "hidden" else "kd": spec.weight}


def expected_terms(spec: BertKldSpec, method: Method, batch: Batch) -> dict[str, float]:
    """The values of the terms, from what the networks say when asked plainly."""
    assert isinstance(method, BertKld) and isinstance(method.student, Polyglot)
    on = "first" if spec.vector == "hidden" else "logits"
    said = outputs(method.student.network, batch["text"], batch["language"])
    task, _ = tuning(said["logits"], batch["labels"].numpy())
    apart = bert_kld.kl(said[on], _signal(method, batch, on), spec.temperature, spec.target, spec.scaling)
    return dict(zip(weights(spec), (task, apart), strict=True))


def _signal(method: BertKld, batch: Batch, on: str) -> Any:
    if "signal" in batch:
        return torch.as_tensor(batch["signal"]).numpy()
    assert isinstance(method.teacher, Frozen) and isinstance(method.teacher.network, Polyglot)
    return outputs(method.teacher.network.network, batch["taught"], "en")[on]
