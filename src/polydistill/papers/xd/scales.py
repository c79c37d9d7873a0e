"""The scales of the XD recipes: what `paper`, `world`, `quick` and `smoke` each decide.

`paper` is the XLM checkpoints on XNLI of the hub. The mini-world has six of the paper's fifteen languages and no Urdu;
where the paper has Urdu, an unrelated language far from English, the mini-world has Turkish.
"""

from dataclasses import dataclass, replace

from polydistill.data.rows.sources import Source, WorldSource
from polydistill.papers.scales import FEW, WORLD_LANGUAGES, Encoder, Scale, chosen, xnli
from polydistill.training.settings import Training

PAPER_LANGUAGES = ("en", "fr", "es", "de", "el", "bg", "ru", "tr", "ar", "vi", "th", "zh", "hi", "sw", "ur")
PAPER_ENCODERS: tuple[Encoder, ...] = ("XLM MLM", "XLM MLM+TLM")


@dataclass(frozen=True)
class Setting:
    """All that a scale decides."""

    scale: Scale
    languages: tuple[str, ...]
    far: str
    """The unrelated language of the case studies."""
    train: Source
    dev: Source
    test: Source
    max_length: int
    tune: Training
    distil: Training


def setting(scale: Scale) -> Setting:
    """The setting of a scale."""
    return chosen(scale, {"paper": _paper, "world": _world, "quick": _quick, "smoke": _smoke}, "XD")


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
        "paper", PAPER_LANGUAGES, "ur", xnli("train"), xnli("validation"), xnli("test"), 256, training, training
    )


def _world() -> Setting:
    return Setting(
        scale="world",
        languages=WORLD_LANGUAGES,
        far="tr",
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
        train=WorldSource(rows=9_000, split="train"),
        tune=world.tune.model_copy(update={"steps": 1_200, "evaluate_every": 400}),
        distil=world.distil.model_copy(update={"steps": 700}),
    )


def _smoke() -> Setting:
    return Setting(
        scale="smoke",
        languages=WORLD_LANGUAGES,
        far="tr",
        train=WorldSource(rows=60, split="train"),
        dev=WorldSource(rows=30, split="dev"),
        test=WorldSource(rows=30, split="test"),
        max_length=64,
        tune=FEW.model_copy(update={"evaluate_every": 2}),
        distil=FEW,
    )
