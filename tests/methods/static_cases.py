"""Students without attention: the variants of the method, its student, and what its terms must be by the reference."""

from functools import cache
from typing import Any

import numpy as np

from polydistill.data.batches.batches import Batch
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.method import Method
from polydistill.methods.static import StaticSpec, StaticWeights, Text
from polydistill.models.bags import bag_of
from polydistill.models.loaded import Loaded
from polydistill.models.static_config import Bagging
from reference import sentences
from tiny import tiny_network, tiny_tokenizer

_ROWS = {"languages": ("tr",), "data": WorldSource(rows=24), "max_length": 50}
SPECS = {
    "static-pairs": StaticSpec(weights=StaticWeights(contrast=0.7), **_ROWS),
    "static-text": StaticSpec(
        texts=(Text(language="fr", data=WorldSource(rows=24)),),
        weights=StaticWeights(contrast=0.7, teacher=0.3),
        temperature=0.2,
        **_ROWS,
    ),
}


@cache
def student() -> Loaded:
    """Begun from a tiny encoder, in double precision."""
    whole = Loaded(tiny_network("xlm-roberta", "classes", seed=1), tiny_tokenizer())
    corpus = load_text(WorldSource(rows=24), ("en", "fr", "tr"))
    texts = [text for rows in corpus.rows.values() for text in rows["text"]]
    made = bag_of(whole, texts, ("Latin",), Bagging(width=8))
    made.network.double()
    return made


def weights(spec: StaticSpec) -> dict[str, float]:
    """The term of the first batch: with text, that is one of text."""
    return {"teacher": spec.weights.teacher} if spec.texts else {"contrast": spec.weights.contrast}


def text(spec: StaticSpec) -> str:
    """What the student reads in it."""
    return "text" if spec.texts else "source"


def wanted_counts(batch: Batch) -> dict[str, int]:
    """Rows."""
    name, side = ("teacher", "text") if "text" in batch else ("contrast", "source")
    return {name: len(batch[side]["input_ids"])}


def expected_terms(spec: StaticSpec, method: Method, batch: Batch) -> dict[str, float]:
    """From the vectors of the pieces alone."""
    table = method.student.get_input_embeddings().weight.detach().numpy()

    def bag(side: str) -> Any:
        read = zip(batch[side]["input_ids"].numpy(), batch[side]["attention_mask"].numpy(), strict=True)
        return np.stack([table[ids[mask > 0]].mean(0) for ids, mask in read])

    every = np.ones(len(next(iter(batch.values()))["input_ids"]), dtype=bool)
    if "text" in batch:
        seen = bag("text")
        seen = seen / np.linalg.norm(seen, axis=-1, keepdims=True)
        seen = seen @ method.projectors["teacher"].weight.detach().numpy().T
        taught = batch["signal"].double().numpy()
        return {"teacher": sentences.contrast(seen, taught - taught.mean(0), spec.temperature, every)}
    one, other = bag("source"), bag("target")
    both = [sentences.contrast(a, b, spec.temperature, every) for a, b in ((one, other), (other, one))]
    return {"contrast": sum(both) / 2}
