"""MBLMs of every layout on the tiny classifiers of `encoders.py`, with branches that differ."""

import copy
from functools import cache

import numpy as np
import torch
from torch import Tensor

from encoders import batch, encoder
from polydistill.models.mblm import MBLMForSequenceClassification, branched
from polydistill.models.mblm_config import Branches
from reference.mblm import mixer

LANGUAGES, ZERO_SHOT = ("en", "fr", "zh"), "sw"
LAYOUTS = {
    "paper": {},
    "one-block": {"blocks": 1},
    "without-inner-mixers": {"mixers": "outer"},
    "without-mixers-single": {"mixers": "none", "supervised_route": "own"},
    "without-mixers-all": {"mixers": "none"},
    "without-detaching": {"detach": False},
    "own-route": {"supervised_route": "own"},
    "at-the-top": {"place": "top"},
    "multi-classifier": {"place": "top", "heads": "own"},
    "multi-classifier-without-mixers": {"place": "top", "heads": "own", "mixers": "none"},
}


def layout(name: str = "paper") -> Branches:
    """A layout with branches of two blocks."""
    return Branches(**{"languages": LANGUAGES, "blocks": 2, **LAYOUTS[name]})


def mblm(name: str = "paper", family: str = "xlm-roberta", **other) -> MBLMForSequenceClassification:
    """An MBLM that has learned: no two of its branches are alike, and its mixers are no plain means."""
    return copy.deepcopy(_learned(name, family, **other))


@cache
def _learned(name: str, family: str, **other) -> MBLMForSequenceClassification:
    blocks = {"n_layers": 3} if family == "distilbert" else {"num_hidden_layers": 3}
    network = branched(encoder(family, **blocks, **other), layout(name))
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for value in network.parameters():
            value.add_(0.1 * torch.randn(value.shape, generator=generator, dtype=value.dtype))
    return network


def by_the_paper(network: MBLMForSequenceClassification, language: str, detach: bool, inputs=None) -> Tensor:
    """Eq. 7 to 9 word by word, for the layout of the paper on XLM-R: all branches with a graph, then detached."""
    inputs = inputs or batch()
    mask = inputs["attention_mask"]
    base = network.encoder
    streams = dict.fromkeys(LANGUAGES, base.embeddings(input_ids=inputs["input_ids"]))
    apart = torch.zeros(mask.shape, dtype=torch.float64).masked_fill(mask == 0, float("-inf"))[:, None, None]
    *lower, upper = base.encoder.layer
    for block in lower:
        streams = {code: block.branches[code](stream, apart) for code, stream in streams.items()}
        if detach:
            streams = {code: stream if code == language else stream.detach() for code, stream in streams.items()}
        streams = {
            out: differentiable_mixer(streams.values(), vector, mask) for out, vector in block.mixer.vectors.items()
        }
    return network.network.classifier(upper(streams["out"], apart))


def differentiable_mixer(streams, vector: Tensor, mask: Tensor) -> Tensor:
    """The reference in the words of torch, so that it has a gradient; it is held against the reference itself below."""
    stacked = torch.stack(list(streams))
    scores = torch.einsum("l,bl,nbld->nbd", vector[: mask.shape[1]], mask.double(), stacked)
    mixed = torch.einsum("nbd,nbld->bld", torch.softmax(scores, 0), stacked)
    wanted = mixer(stacked.detach().numpy(), vector.detach().numpy(), mask.numpy())
    np.testing.assert_allclose(mixed.detach().numpy(), wanted, rtol=1e-10, atol=1e-12)
    return mixed


def gradients(network: MBLMForSequenceClassification, logits: Tensor) -> dict[str, Tensor]:
    """The gradients of what is reached, by name."""
    network.zero_grad(set_to_none=True)
    logits.square().sum().backward()
    return {name: copy.copy(value.grad) for name, value in network.named_parameters() if value.grad is not None}
