"""The scales of the XD recipes: what `paper`, `real`, `world`, `quick` and `smoke` each decide.

`paper` is the XLM checkpoints on XNLI of the hub. `real` has labels of many rows in English alone, so what learns in
other languages begins as the Baseline there, with labels (IndT, MLT) or without (XD) of the same rows. The mini-world
has six of the paper's fifteen languages and no Urdu; where the paper has Urdu, an unrelated language far from English,
the mini-world has Turkish.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from polydistill.data.rows.sources import Source, WorldSource
from polydistill.papers.real import (
    CHOSEN,
    FROZEN,
    FURTHER_RATE,
    HUB,
    LABELLED,
    LEARNED,
    MAX_LENGTH,
    TESTED,
    XNLI_LANGUAGES,
    Real,
    Trimming,
    on_english,
)
from polydistill.papers.scales import FEW, WORLD_LANGUAGES, Encoder, Scale, chosen, encoder, xnli
from polydistill.training.run import Start
from polydistill.training.settings import Training

PAPER_ENCODERS: tuple[Encoder, ...] = ("XLM MLM", "XLM MLM+TLM")


@dataclass(frozen=True)
class Setting:
    """All that a scale decides."""

    scale: Scale
    languages: tuple[str, ...]
    far: str
    """The unrelated language of the case studies."""
    start: Callable[[Encoder, int], Start]
    """What a system begins as, by encoder and seed."""
    train: Source
    dev: Source
    test: Source
    max_length: int
    tune: Training
    distil: Training
    parallel: Source | None = None
    """Rows in all languages, where `train` is English alone. What learns from them begins as the Baseline, and is
    trained as XD is."""
    frozen: Mapping[str, Any] = field(default_factory=dict)
    """What does not learn."""
    encoders: Mapping[Encoder, str] = field(default_factory=lambda: {kind: kind for kind in PAPER_ENCODERS})
    """The encoders that there are, and what they are called here."""
    needs: tuple[Trimming, ...] = ()
    remarks: tuple[str, ...] = ()


def setting(scale: Scale, real: Real = HUB) -> Setting:
    """The setting of a scale."""
    makers: dict[str, Callable[[], Setting]] = {
        "paper": _paper,
        "real": partial(_real, real),
        "world": _world,
        "quick": _quick,
        "smoke": _smoke,
    }
    return chosen(scale, makers, "XD")


def _paper() -> Setting:
    training = Training(
        steps=1_000_000,  # ours: a bound that patience reaches first; the reference code has 400 epochs
        batch_size=8,  # "batch size of 8 sentences from the same language" (Sec. 3.1)
        learning_rate=5e-6,  # "a learning rate of 5x10^-6"
        clip=0.0,  # the paper names no clipping
        evaluate_every=2_500,  # "small epochs of 20,000 examples each"
        patience=60,  # reference code; the paper: until convergence
        checkpoint_every=2_500,
    )
    return Setting(
        scale="paper",
        languages=XNLI_LANGUAGES,
        far="ur",
        start=partial(encoder, "paper"),
        train=xnli("train"),
        dev=xnli("validation"),
        test=xnli("test"),
        max_length=256,
        tune=training,
        distil=training,
    )


def _real(real: Real) -> Setting:
    """All numbers are ours: what one core does in some minutes a run."""
    languages = real.of(XNLI_LANGUAGES)
    if "en" not in languages or len(languages) < 2:
        raise ValueError(f"langs is {', '.join(languages)}; XD goes from English to others: name en and one more.")
    small = real.trimmed(languages)
    return Setting(
        scale="real",
        languages=languages,
        far="ur" if "ur" in languages else languages[-1],
        start=lambda *_: small.start,
        train=real.labelled(),
        dev=real.chosen(),
        test=real.tested(),
        max_length=MAX_LENGTH,
        tune=on_english(),
        distil=on_english().model_copy(update={"steps": 300, "evaluate_every": 150, "learning_rate": FURTHER_RATE}),
        parallel=real.learned(),
        frozen=FROZEN,
        encoders={"XLM MLM+TLM": "multilingual-e5-small"},
        needs=(small,),
        remarks=(
            "Smaller than in the paper: an encoder of 12 blocks of 384 (the paper's: 12 of 1,024), of which the six "
            f"upper blocks learn; {LABELLED:,} English rows with labels (392,702); of XNLI's dev rows {LEARNED:,} to "
            f"learn from in each language (392,702), {CHOSEN} to choose by (2,490) and {TESTED:,} to test on (5,010); "
            "64 tokens (256); about 300 steps of 32 rows a system (until convergence).",
            "Other than in the paper: IndT, SepT and MLT begin as the Baseline does after it was tuned on the English "
            "labels, as XD does, and learn from the labels of the rows whose text alone XD reads.",
        ),
    )


def _world() -> Setting:
    return Setting(
        scale="world",
        languages=WORLD_LANGUAGES,
        far="tr",
        start=partial(encoder, "world"),
        train=WorldSource(rows=12_000, split="train"),
        dev=WorldSource(rows=900, split="dev"),
        test=WorldSource(rows=1_500, split="test"),
        max_length=64,
        tune=Training(
            steps=1_500, batch_size=32, learning_rate=1e-3, warmup=0.1, decay="linear", evaluate_every=500
        ),  # ours, as all numbers of this scale
        distil=Training(steps=1_800, batch_size=32, learning_rate=1e-3, warmup=0.1, decay="linear"),
    )


def _quick() -> Setting:
    """The mini-world with a smaller encoder, fewer rows and fewer steps: what the quickstart has time for."""
    world = _world()
    return replace(
        world,
        scale="quick",
        start=partial(encoder, "quick"),
        train=WorldSource(rows=9_000, split="train"),
        tune=world.tune.model_copy(update={"steps": 1_200, "evaluate_every": 400}),
        distil=world.distil.model_copy(update={"steps": 700}),
    )


def _smoke() -> Setting:
    return Setting(
        scale="smoke",
        languages=WORLD_LANGUAGES,
        far="tr",
        start=partial(encoder, "smoke"),
        train=WorldSource(rows=60, split="train"),
        dev=WorldSource(rows=30, split="dev"),
        test=WorldSource(rows=30, split="test"),
        max_length=64,
        tune=FEW.model_copy(update={"evaluate_every": 2}),
        distil=FEW,
    )
