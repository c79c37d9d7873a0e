"""The scales of the BERT-KLD recipes: what `paper`, `real`, `world` and `smoke` each decide.

`paper` is mBERT on XNLI of the hub. `real` has few rows that are translated by people, so models begin tuned on English
labels there, and each table is made with two numbers of labelled rows of the pair. `world` is the mini-world (half a
minute a run), `smoke` seconds, for tests: it shows that all parts fit, and nothing else. The mini-world has no
Bulgarian and no Hindi: Spanish stands for Bulgarian (as a fourth language, no more), Swahili for Hindi (far from
English).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from polydistill.data.rows.sources import Source, WorldSource
from polydistill.papers import scales
from polydistill.papers.real import FROZEN, FURTHER_RATE, LEARNED, MAX_LENGTH, Real, Trimming, on_english
from polydistill.papers.scales import CHECKPOINTS, StartOf, chosen, encoder, xnli
from polydistill.starts.origins import Pretrained
from polydistill.training.run import ResultOf
from polydistill.training.settings import Training

Scale = Literal["paper", "real", "world", "smoke"]
Model = Literal["mBERT", "XLM-R"]

_MINI: Mapping[Model, scales.Scale] = {"mBERT": "quick", "XLM-R": "world"}
LANGUAGES = ("en", "hi", "fr", "de", "tr", "bg")
FEW_ROWS = (500, LEARNED)
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
    starts: Mapping[Model, StartOf]
    """What students and teachers begin as, by the seed.

    In the mini-world XLM-R, with more parameters than mBERT, is the polyglot of the XD tables; mBERT is the one of the
    quickstart, which is a block less deep. Both have seen translation pairs: without them a mini one aligns nothing
    (docs/results).
    """
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    """The language that stands where the poster has another."""
    frozen: Mapping[str, Any] = field(default_factory=dict)
    """What does not learn."""
    needs: tuple[Trimming, ...] = ()


def setting(scale: str) -> Setting:
    """The setting of a scale that has one."""
    return chosen(scale, {"paper": _paper, "world": _world, "smoke": _smoke}, "BERT-KLD")


def settings(scale: str, real: Real) -> Mapping[str, Setting]:
    """By the name of a block of rows (empty where there is one), its setting."""
    if scale != "real":
        return {"": setting(scale)}
    return {f"{rows} labelled rows": _real(real, rows) for rows in FEW_ROWS}


def _real(real: Real, rows: int) -> Setting:
    """All numbers are ours."""
    small = real.trimmed(LANGUAGES)
    steps = rows // 5  # of 32 rows: six times through
    return Setting(
        scale="real",
        train=real.learned(rows),
        dev=real.chosen(),
        test=real.tested(),
        max_length=MAX_LENGTH,
        training=on_english().model_copy(
            update={"steps": steps, "evaluate_every": steps // 2, "learning_rate": FURTHER_RATE}
        ),
        starts={"mBERT": lambda seed: ResultOf(run=real.english_run(small.start, seed))},
        frozen=FROZEN,
        needs=(small,),
    )


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
        starts={"mBERT": lambda _: MBERT, "XLM-R": lambda _: CHECKPOINTS["XLM-R base"]},
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
        starts={name: partial(encoder, scale, "XLM MLM+TLM") for name, scale in _MINI.items()},
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
        starts=dict.fromkeys(_MINI, partial(encoder, "smoke", "XLM MLM+TLM")),
        stand_ins=_world().stand_ins,
    )
