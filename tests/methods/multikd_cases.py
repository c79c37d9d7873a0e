"""MultiKD on tiny networks: three teachers of different families, depths and tokenizers, and what its loss must be."""

from functools import cache
from typing import Any

from transformers import PreTrainedTokenizerFast

from polydistill.data.batches.batches import Batch
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.method import Method
from polydistill.methods.multikd import MultiKDSpec
from polydistill.models.fresh import learn_tokenizer
from polydistill.models.loaded import Loaded
from reference.mblm import distillation
from tiny import LANGUAGES, MAX_LENGTH, outputs, tiny_network, tiny_tokenizer

FAMILIES = {"en": ("bert", 2), "fr": ("distilbert", 1), "tr": ("xlm-roberta", 3)}
"""Of each language's teacher: its family and its blocks."""


@cache
def own_tokenizer(language: str) -> PreTrainedTokenizerFast:
    """A tokenizer learned on one language's text; it cuts texts into other pieces than `tiny_tokenizer` does."""
    rows = load_text(WorldSource(rows=60), (language,)).rows[language]
    return learn_tokenizer(list(rows["text"]), 150, MAX_LENGTH)


def teacher(language: str, head: str = "classes") -> Loaded:
    """A teacher of one language; it has dropout, so that its waking would show."""
    family, blocks = FAMILIES[language]
    network = tiny_network(family, head, seed=len(family), dropout=0.5, blocks=blocks)
    own = head == "classes"  # a question and its choices are too many of these small pieces
    return Loaded(network, own_tokenizer(language) if own else tiny_tokenizer())


def teachers(head: str = "classes") -> dict[str, Any]:
    """All of them, to be loaded when they are asked for."""
    return {code: lambda code=code: teacher(code, head) for code in LANGUAGES}


def expected_loss(spec: MultiKDSpec, method: Method, batch: Batch, said: Any) -> float:
    """The reference's loss of what the student says, from what the teacher of the batch's language says."""
    if spec.store_teacher:
        return distillation(said, batch["signal"].double().numpy(), spec.temperature)
    network = method.teachers[batch["language"]].network.network
    return distillation(said, outputs(network, batch["taught"], batch["language"])["logits"], spec.temperature)
