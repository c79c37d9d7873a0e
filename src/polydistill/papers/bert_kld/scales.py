"""The scales of the BERT-KLD recipes: what `paper`, `world` and `smoke` each decide.

`paper` is mBERT on XNLI of the hub, `world` the mini-world (half a minute a run), `smoke` seconds, for tests: it shows
that all parts fit, and nothing else. The mini-world has no Bulgarian and no Hindi: Spanish stands for Bulgarian (as a
fourth language, no more), Swahili for Hindi (far from English).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from polydistill.data.rows.sources import Source, WorldSource
from polydistill.papers import scales
from polydistill.papers.scales import CHECKPOINTS, chosen, encoder, xnli
from polydistill.starts.origins import Pretrained
from polydistill.training.run import Start
from polydistill.training.settings import Training

Scale = Literal["paper", "world", "smoke"]
Model = Literal["mBERT", "XLM-R"]

MBERT = Pretrained(name="google-bert/bert-base-multilingual-cased", revision="3f076fdb1ab68d5b2880cb87a0886f315b8146f8")


@dataclass(frozen=True)
class Setting:
    """All that a scale decides."""

    scale: Scale
    train: Source
    dev: Source
    test: Source
    max_length: int
    training: Training
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    """The language that stands where the poster has another."""

    def start(self, model: Model, seed: int) -> Start:
        """The encoder that students and teachers begin as.

        In the mini-world XLM-R, with more parameters than mBERT, is the polyglot of the XD tables; mBERT is the one of
        the quickstart, which is a block less deep. Both have seen translation pairs: without them a mini one aligns
        nothing (docs/results).
        """
        if self.scale == "paper":
            return MBERT if model == "mBERT" else CHECKPOINTS["XLM-R base"]
        mini: dict[Model, scales.Scale] = {"mBERT": "quick", "XLM-R": "world"}
        return encoder("smoke" if self.scale == "smoke" else mini[model], "XLM MLM+TLM", seed)


def setting(scale: str) -> Setting:
    """The setting of a scale."""
    return chosen(scale, {"paper": _paper, "world": _world, "smoke": _smoke}, "BERT-KLD")


def _paper() -> Setting:
    epoch = 14_025  # steps: 392,702 rows in batches of 28; the poster does not say how many rows it learns from
    return Setting(
        scale="paper",
        train=xnli("train"),
        dev=xnli("validation"),
        test=xnli("test"),
        max_length=128,  # "Maximum sequence length = 128"
        training=Training(
            steps=5 * epoch,  # "Max epoch 5 with early stopping"
            batch_size=28,  # "Batch Size = 28"
            learning_rate=2e-5,  # "Learning Rate = 2e-5"
            clip=0.0,  # the poster names no clipping
            evaluate_every=epoch,
            patience=1,  # ours
            checkpoint_every=2_500,
        ),
    )


def _world() -> Setting:
    """All numbers are ours."""
    return Setting(
        scale="world",
        train=WorldSource(rows=6_000, split="train"),
        dev=WorldSource(rows=600, split="dev"),
        test=WorldSource(rows=1_500, split="test"),
        max_length=64,
        training=Training(
            steps=400, batch_size=32, learning_rate=1e-3, warmup=0.1, decay="linear", evaluate_every=100, patience=2
        ),
        stand_ins={"bg": "es", "hi": "sw"},
    )


def _smoke() -> Setting:
    return Setting(
        scale="smoke",
        train=WorldSource(rows=30, split="train"),
        dev=WorldSource(rows=15, split="dev"),
        test=WorldSource(rows=15, split="test"),
        max_length=64,
        training=Training(steps=2, batch_size=4, learning_rate=1e-3, evaluate_every=2),
        stand_ins=_world().stand_ins,
    )
