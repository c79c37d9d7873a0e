"""What the scales of all papers share: their names, the hub's encoders and XNLI, and the mini-world's encoders.

`paper` is what the paper used, `real` a smaller encoder and less of the same data, in sizes that one core can do
(`real.py`), `world` the mini-world (minutes a run), `quick` the same with a smaller encoder and
fewer steps (the quickstart), `smoke` seconds, for tests: it shows that all parts fit, and nothing else. What a paper
decides for itself stands in its own `scales.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from polydistill.data.rows.sources import HubSource, WorldSource
from polydistill.defaults import PRETRAIN, PRETRAIN_PAIRS, PRETRAIN_ROWS
from polydistill.errors import unknown
from polydistill.methods.pretraining import PretrainSpec
from polydistill.starts.origins import Fresh, Pretrained
from polydistill.training.run import ResultOf, Run, Start
from polydistill.training.settings import Training

Scale = Literal["paper", "real", "world", "quick", "smoke"]
Encoder = Literal["XLM MLM", "XLM MLM+TLM", "XLM-R base"]
S = TypeVar("S")
StartOf = Callable[[int], Start]
"""What a run begins with, by the seed."""

WORLD_LANGUAGES = ("en", "fr", "es", "de", "tr", "sw")

CHECKPOINTS: Mapping[Encoder, Pretrained] = {  # "pretrained XLM from pytorch-transformers" (XD, Sec. 3.1)
    "XLM MLM": Pretrained(name="FacebookAI/xlm-mlm-xnli15-1024"),
    "XLM MLM+TLM": Pretrained(name="FacebookAI/xlm-mlm-tlm-xnli15-1024"),
    "XLM-R base": Pretrained(  # ours: what one would take today; the paper has no number for it
        name="FacebookAI/xlm-roberta-base", revision="e73636d4f797dec63c3081bb6ed5c7b0bb3f2089"
    ),
}

_XNLI = "b8dd5d7af51114dbda02c0e3f6133f332186418e"


def chosen(scale: str, makers: Mapping[str, Callable[[], S]], paper: str) -> S:
    """The setting of a scale, of those that a paper's recipes have."""
    if scale not in makers:
        raise unknown(f"scale of the {paper} recipes", scale, makers)
    return makers[scale]()


def xnli(split: str) -> HubSource:
    """XNLI's rows, and the translated MultiNLI's to learn from, as the hub has them."""
    return HubSource(name="facebook/xnli", revision=_XNLI, config="{lang}", split=split, aligned=True)


@dataclass(frozen=True)
class Polyglot:
    """A mini polyglot: its shape, the text it is pre-trained on, and how."""

    shape: Fresh
    text: WorldSource
    training: Training


FEW = Training(steps=4, batch_size=4, learning_rate=1e-3)
"""Steps enough to see that all parts fit."""


def polyglot(scale: Scale) -> Polyglot | None:
    """The mini polyglot of a scale; none where it is downloaded."""
    if scale == "paper":
        return None
    if scale == "smoke":
        return Polyglot(Fresh(vocabulary=300, width=32, blocks=2, heads=2), WorldSource(rows=60, split="train"), FEW)
    return Polyglot(
        Fresh() if scale == "world" else Fresh(blocks=3),  # less pre-training instead costs English dear
        WorldSource(rows=PRETRAIN_ROWS, split="train"),
        Training.model_validate({"steps": 3_000, **PRETRAIN}),
    )


def pretrained(polyglot: Polyglot, languages: tuple[str, ...], kind: Encoder, seed: int) -> Run:
    """The mini-world's stand-in for XLM: MLM on single sentences, or on these and on translation pairs (TLM)."""
    pairs = PRETRAIN_PAIRS if kind == "XLM MLM+TLM" else 0.0
    return Run(
        name=f"{kind} polyglot",
        method=PretrainSpec(languages=languages, data=polyglot.text, pairs=pairs),
        start=polyglot.shape,
        training=polyglot.training,
        seed=seed,
    )


def encoder(scale: Scale, kind: Encoder, seed: int) -> Start:
    """The polyglot that students begin as: downloaded, or a mini one pre-trained with or without translation pairs."""
    made = polyglot(scale)
    return CHECKPOINTS[kind] if made is None else ResultOf(run=pretrained(made, WORLD_LANGUAGES, kind, seed))
