"""Variants of monolingual students, and what their terms must be: by the reference, from networks asked plainly."""

from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from polydistill.data.batches.batches import Batch
from polydistill.data.batches.masking import IGNORED
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.method import Method
from polydistill.methods.monolingual import Monolingual, MonolingualSpec, Student, Weights
from polydistill.methods.monolingual.named_losses import LOSSES
from polydistill.models.layers import blocks, family_of
from reference import monolingual as reference

ONE_EACH = (Student(name="west", languages=("en", "fr")), Student(name="turkish", languages=("tr",)))
BOTH = (Student(name="small", languages=("en", "fr", "tr")), Student(name="turkish", languages=("tr",)))


def spec(students: tuple[Student, ...] = ONE_EACH, **settings: Any) -> MonolingualSpec:
    """Students of one block, of a teacher with two."""
    return MonolingualSpec(
        students=students,
        **{"data": WorldSource(rows=24), "depth": 1, "max_length": 40, "temperature": 2.0, **settings},
    )


SPECS = {
    "MonoShot": spec(),
    "MonoAlignment": spec(depth=2, **LOSSES["MonoAlignment"].settings),
    "masked": spec(positions="masked", scaling="cross_entropy", weights=Weights(hid=0, att=0, emb=0)),
    "reference": spec(
        hid="cosine", att="probabilities", scaling="sequence_sum", init_head="random", weights=Weights(mlm=0.0005)
    ),
    "narrow": spec(width=8, init="random", weights=Weights(relations=0.3), share=()),
    "untied": spec(BOTH, depth=2, share=("embeddings", 1), tie_head=False, relations=("value",)),
    "without a teacher": spec(weights=Weights(mlm=1, hinton=0, hid=0, att=0, emb=0)),
}


def expected_terms(spec: MonolingualSpec, method: Method, batch: Batch) -> dict[str, float]:
    """The terms of all students of the batch's language."""
    assert isinstance(method, Monolingual)
    taught = None if method.teacher is None else plainly(method.teacher.network.network, batch)
    names = [student.name for student in spec.students if batch["language"] in student.languages]
    found = {}
    for name in names:
        values = _values(spec, method, name, plainly(method.student.networks[name], batch), taught, batch)
        found |= {term if len(names) == 1 else f"{term}/{name}": value for term, value in values.items()}
    return found


def wanted_counts(spec: MonolingualSpec, batch: Batch) -> dict[str, int]:
    """Counted one by one."""
    real, labels = batch["text"]["attention_mask"].tolist(), batch["labels"].tolist()
    tokens, pairs = sum(map(sum, real)), sum(sum(row) * sum(row) for row in real)
    masked = sum(label != IGNORED for row in labels for label in row)
    soft = {"masked": masked, "all": tokens}[spec.positions]
    counts = {
        "mlm": masked,
        "hinton": len(real) if spec.scaling == "sequence_sum" else soft,
        "hid": tokens,
        "att": pairs,
        "emb": tokens,
        "relations": tokens,
    }
    names = [student.name for student in spec.students if batch["language"] in student.languages]
    wanted = [term for term, weight in spec.weights if weight]
    return {term if len(names) == 1 else f"{term}/{name}": counts[term] for name in names for term in wanted}


def plainly(network: PreTrainedModel, batch: Batch) -> dict[str, Any]:
    """Scores, hidden states, and queries, keys and values worked out from these block by block."""
    was_training = network.training
    network.eval()
    with torch.no_grad():
        outputs = network(**batch["text"], output_hidden_states=True)
        attention = [family_of(network).attention(block) for block in blocks(network)]
        heads = network.config.num_attention_heads
        projected = [
            {
                kind: getattr(one, name)(before).unflatten(-1, (heads, -1)).transpose(1, 2).numpy()
                for kind, name in zip(("query", "key", "value"), family_of(network).projections, strict=True)
            }
            for one, before in zip(attention, outputs.hidden_states, strict=False)
        ]
    network.train(was_training)
    return {
        "scores": outputs.logits.numpy(),
        "hidden": [state.numpy() for state in outputs.hidden_states],
        "attention": dict(enumerate(projected, start=1)),
    }


def _values(
    spec: MonolingualSpec, method: Monolingual, name: str, said: dict[str, Any], taught: Any, batch: Batch
) -> dict[str, float]:
    counts, labels = batch["text"]["attention_mask"].numpy().astype(bool), batch["labels"].numpy()
    flat = said["scores"].reshape(-1, said["scores"].shape[-1])
    values = {"mlm": reference.mlm(flat, labels.reshape(-1))}
    if taught is None:
        return values
    compared = labels != IGNORED if spec.positions == "masked" else counts
    values["hinton"] = reference.hinton(
        flat, taught["scores"].reshape(flat.shape), spec.temperature, spec.scaling, compared.reshape(-1), len(labels)
    )
    projections = getattr(method.projectors[name], "maps", {})

    def projected(m: int) -> np.ndarray:
        known = {int(key): part.weight.detach().numpy().T for key, part in projections.items()}
        return said["hidden"][m] @ known[m] if m in known else said["hidden"][m]

    hid = {"mse": reference.hidden_mse, "cosine": reference.hidden_cosine}[spec.hid]
    layers = method.layers.items()
    values["hid"] = sum(hid(projected(m), taught["hidden"][n], counts) for m, n in layers)
    pairs = [(said["attention"][m], taught["attention"][n]) for m, n in layers]
    values["att"] = sum(_att(spec, student, teacher, counts) for student, teacher in pairs)
    values["emb"] = reference.hidden_mse(projected(0), taught["hidden"][0], counts)
    values["relations"] = sum(
        reference.relation_kl(_flat(student[kind]), _flat(teacher[kind]), 2, counts)
        for student, teacher in pairs
        for kind in spec.relations
    )
    return {term: values[term] for term, weight in spec.weights if weight}


def _att(spec: MonolingualSpec, student: Any, teacher: Any, counts: np.ndarray) -> float:
    sides = [reference.scores(side["query"], side["key"]) for side in (student, teacher)]
    if spec.att == "scores":
        return reference.scores_mse(*sides, counts)
    return reference.probabilities_mse(*(reference.attended(side, counts) for side in sides), counts)


def _flat(vectors: np.ndarray) -> np.ndarray:
    rows, heads, tokens, width = vectors.shape
    return vectors.transpose(0, 2, 1, 3).reshape(rows, tokens, heads * width)
