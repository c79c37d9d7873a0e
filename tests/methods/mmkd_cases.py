"""MMKD and sentence distillation in their variants, and what their terms must be by the reference.

The teacher has a family, a width and a tokenizer of its own, and dropout, so that its waking would show.
"""

from functools import cache
from typing import Any

import numpy as np
import torch
from multikd_cases import own_tokenizer
from transformers import BertConfig, BertModel

from polydistill.data.batches.batches import Batch
from polydistill.data.batches.masking import IGNORED
from polydistill.data.rows.sources import WorldSource
from polydistill.jobs import references
from polydistill.methods.method import Method
from polydistill.methods.mmkd import MMKDSpec
from polydistill.methods.sentence import SentenceSpec, SentenceWeights
from polydistill.methods.static import StaticSpec
from polydistill.models.loaded import Loaded
from reference import mmkd, sentences
from reference.masked_lm import masked_lm
from reference.xd_paper import distance
from tiny import MAX_LENGTH

ROWS = {"languages": ("tr", "fr"), "data": WorldSource(rows=24), "max_length": 50}
_SMALL = {"head_hidden": 12, "head_width": 8, "mask_rate": 0.4, **ROWS}
_WHOLE = MMKDSpec(**_SMALL)
SPECS = {
    "mmkd": _WHOLE,
    "mmkd-trained": MMKDSpec(teacher_projectors="trained", struca_rows="sum", senta_features="mean", **_SMALL),
    "mmkd-reference": MMKDSpec(**references.MMKD, **_SMALL),
    "mmkd-no-struca": _WHOLE.without("struca"),
    "mmkd-batch-norm": MMKDSpec(heads="batch-norm", xwcl_per="mean", **_SMALL),
    "mmkd-words": MMKDSpec(xwcl_per="word", xwcl_temperature=4.0, **_SMALL).without("struca"),
    **{
        f"mmkd-only-{name}": _WHOLE.without(*({"tlm", "xwcl", "senta", "struca"} - {name}))
        for name in ("tlm", "xwcl", "senta", "struca")
    },
    "sentence-mean": SentenceSpec(**ROWS),
    "sentence-first": SentenceSpec(pooling="first", teacher_pooling="first", **ROWS),
    "sentence-all": SentenceSpec(
        weights=SentenceWeights(sentence=2.0, cosine=0.5, contrast=0.1, relation=3.0), widths=(8, 24), **ROWS
    ),
    "sentence-length-one": SentenceSpec(normalize=True, dense=True, **ROWS),
}


@cache
def teacher() -> Loaded:
    """An English encoder that is unlike the student in everything."""
    config = BertConfig(
        vocab_size=150,
        hidden_size=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=MAX_LENGTH + 2,
        initializer_range=0.3,
        hidden_dropout_prob=0.5,
        pad_token_id=1,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        return Loaded(BertModel(config, add_pooling_layer=False).double().train(), own_tokenizer("en"))


def weights(spec: MMKDSpec | SentenceSpec) -> dict[str, float]:
    """The names of the terms and their weights."""
    return {name: weight for name, weight in spec.weights if weight}


def text(spec: MMKDSpec | SentenceSpec) -> str:
    """One of the texts that the student reads."""
    if isinstance(spec, SentenceSpec):
        return "text"
    return "target" if spec.weights.senta or spec.weights.struca else next(iter(weights(spec)))


def mixes_rows(spec: Any) -> bool:
    """Whether what is learned from a row depends on the other rows of its batch."""
    if isinstance(spec, SentenceSpec):
        return spec.weights.contrast > 0 or spec.weights.relation > 0
    if isinstance(spec, StaticSpec):
        return True
    return isinstance(spec, MMKDSpec) and (spec.weights.struca > 0 or spec.heads == "batch-norm")


def counts_pads(spec: Any) -> bool:
    """Whether pads count, which only the authors' code has."""
    return isinstance(spec, MMKDSpec) and spec.tlm_positions == "all"


def wanted_counts(spec: MMKDSpec | SentenceSpec, batch: Batch) -> dict[str, int]:
    """What each term is a mean over."""
    counts = dict.fromkeys(weights(spec), len(batch[text(spec)]["input_ids"]))
    if "tlm" in counts:
        counts["tlm"] = sum(label != IGNORED for label in batch["labels"].flatten().tolist())
    if "xwcl" in counts and spec.xwcl_per != "sentence":
        masked = batch["masked_words"].tolist()
        counts["xwcl"] = sum(map(sum, masked) if spec.xwcl_per == "word" else map(any, masked))
    return counts


def expected_terms(spec: MMKDSpec | SentenceSpec, method: Method, batch: Batch) -> dict[str, float]:
    """The values of the terms, from what the networks say when asked plainly."""
    if isinstance(spec, SentenceSpec):
        head = method.projectors["sentence"]
        said = pooled(method.student, batch["text"], head.reading.pooling[0])
        for part in head.parts:
            dense = hasattr(part, "linear")
            said = linear(part.linear, said) if dense else said / np.linalg.norm(said, axis=-1, keepdims=True)
        return _sentence_terms(spec, said, batch["signal"].double().numpy())
    makers = {"tlm": _tlm, "xwcl": _xwcl, "senta": _senta, "struca": _struca}
    return {name: makers[name](spec, method, batch) for name in weights(spec)}


def _sentence_terms(spec: SentenceSpec, said: Any, taught: Any) -> dict[str, float]:
    """Each the mean over the widths."""
    every, heat = np.ones(len(said), dtype=bool), spec.contrast_temperature
    terms = {
        "sentence": lambda s, t: distance("mse", s, t)[0],
        "cosine": lambda s, t: distance("cosine", s, t)[0],
        "contrast": lambda s, t: sentences.contrast(s, t, heat, every),
        "relation": lambda s, t: sentences.relation(s, t, every),
    }
    widths = spec.widths or (taught.shape[1],)
    return {
        name: float(np.mean([terms[name](said[:, :width], taught[:, :width]) for width in widths]))
        for name in weights(spec)
    }


def _tlm(spec: MMKDSpec, method: Any, batch: Batch) -> float:
    with torch.no_grad():
        scores = method.student(**batch["tlm"]).logits.numpy()
    return masked_lm(scores, batch["labels"].numpy())


def _xwcl(spec: MMKDSpec, method: Any, batch: Batch) -> float:
    read, taught = _read(method.student, batch["xwcl"]), _read(method.teacher.network, batch["source"])
    places, theirs = batch["word_tokens"].numpy(), batch["taught_word_tokens"].numpy()
    student = np.stack([linear(method.projectors["xwcl"], row[at]) for row, at in zip(read, places, strict=True)])
    wanted = np.stack([row[at] for row, at in zip(taught, theirs, strict=True)])
    masks = batch["masked_words"].numpy(), places >= 0
    how = spec.xwcl_temperature, spec.xwcl_picks == "student", spec.xwcl_per
    return mmkd.xwcl(student, wanted, *masks, *how)


def _senta(spec: MMKDSpec, method: Any, batch: Batch) -> float:
    said, taught = _projections("senta", method, batch)
    return mmkd.senta(said, taught, spec.senta_features, np.ones(len(said), dtype=bool))


def _struca(spec: MMKDSpec, method: Any, batch: Batch) -> float:
    said, taught = _projections("struca", method, batch)
    return mmkd.struca(said, taught, spec.struca_temperature, spec.struca_rows, np.ones(len(said), dtype=bool))


def _projections(term: str, method: Any, batch: Batch) -> tuple[Any, Any]:
    """Projected and predicted first tokens of the student, projected ones of the teacher."""
    projector, predictor = method.projectors[f"{term}_student"]
    said = _perceptron(predictor, _perceptron(projector, _read(method.student, batch["target"])[:, 0]))
    taught = _read(method.teacher.network, batch["source"])[:, 0]
    return said, _perceptron(method.projectors[f"{term}_teacher"], taught)


def _perceptron(layers: Any, x: Any) -> Any:
    for layer in layers:
        if isinstance(layer, torch.nn.BatchNorm1d):
            x = _normalised(layer, x)
        else:
            x = np.maximum(x, 0.0) if isinstance(layer, torch.nn.ReLU) else linear(layer, x)
    return x


def _normalised(layer: Any, x: Any) -> Any:
    """Of these rows, as while training."""
    assert layer.training
    x = (x - x.mean(0)) / np.sqrt(x.var(0) + layer.eps)
    return x * layer.weight.detach().numpy() + layer.bias.detach().numpy() if layer.affine else x


def linear(layer: Any, x: Any) -> Any:
    if not hasattr(layer, "weight"):
        return x
    bias = 0.0 if layer.bias is None else layer.bias.detach().numpy()
    return x @ layer.weight.detach().numpy().T + bias


def pooled(network: Any, inputs: Any, pooling: str) -> Any:
    read, mask = _read(network, inputs), inputs["attention_mask"].numpy().astype(bool)
    return np.stack([row[0] if pooling == "first" else row[one].mean(0) for row, one in zip(read, mask, strict=True)])


def _read(network: Any, inputs: Any) -> Any:
    """The last hidden states, asleep."""
    was_training = network.training
    network.eval()
    with torch.no_grad():
        hidden = network.base_model(**inputs).last_hidden_state.double().numpy()
    network.train(was_training)
    return hidden
