"""The scales of the monolingual-components recipes: what `paper`, `world` and `smoke` each decide.

`paper` is XLM-R base on CC-100, XNLI, WikiAnn and XCOPA, `world` the mini-world (minutes a run), `smoke` seconds, for
tests: it shows that all parts fit, and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from polydistill.data.schedule import Batching
from polydistill.data.sources import Source, WorldSource
from polydistill.errors import unknown
from polydistill.methods.pretraining import Pretrain
from polydistill.tasks import TaskName
from polydistill.training.run import Fresh, ResultOf, Run, Start
from polydistill.training.settings import Training

Scale = Literal["world", "smoke"]


@dataclass(frozen=True)
class Exercise:
    """A task to tune for: its rows, and how it is learned."""

    task: TaskName
    train: Source
    dev: Source
    test: Source
    few: Source
    """Rows of the target language of which a few are learned, and none is scored."""
    training: Training
    max_length: int


@dataclass(frozen=True)
class Setting:
    """All that a scale decides."""

    scale: Scale
    languages: tuple[str, ...]
    """The source language, then the target languages: each has a student."""
    text: Source
    held_out: Source
    """Text that surprises more or less."""
    depth: int
    distil: Training
    teacher_price: float
    """How many times as long a step of MonoShot takes as one without a teacher (benchmarks/equal_time.py)."""
    max_length: int
    exercises: Mapping[str, Exercise]
    """By the name of the task in the tables."""
    sentences: Source
    """That look for their translations."""
    polyglot: Fresh
    pretrain: Training
    efficient_rate: float
    """Learning rate of strategies under which few parameters learn."""
    shots: Training
    """How a few rows are learned; its `steps` are the passes over them."""

    def few_shot(self, rows: int) -> Training:
        """The training on so many rows of the target language."""
        return self.shots.model_copy(update={"steps": self.shots.steps * -(-rows // self.shots.batch_size)})

    def teacher(self, seed: int) -> Start:
        """The multilingual teacher: XLM-R's stand-in in the mini-world."""
        return ResultOf(
            run=Run(
                name="teacher",
                # XLM-R sees no translation pairs; a mini one without them aligns nothing (docs/results)
                method=Pretrain(languages=self.languages, data=self.text, pairs=0.6),
                start=self.polyglot,
                training=self.pretrain,
                seed=seed,
            )
        )


def setting(scale: str) -> Setting:
    """The setting of a scale."""
    match scale:
        case "world":
            return _world()
        case "smoke":
            return _smoke()
    raise unknown("scale of the monolingual recipes", scale, get_args(Scale))


def _world() -> Setting:
    """All numbers are ours.

    The teacher reads the students' languages alone: one of six languages does not cross them in these few minutes
    (docs/what_did_not_work.md).
    """
    nli = Training(steps=600, batch_size=32, learning_rate=1e-3, warmup=0.1, decay="linear", evaluate_every=200)
    ner = nli.model_copy(update={"steps": 300, "evaluate_every": 100})
    choice = nli.model_copy(update={"steps": 200, "batch_size": 16, "evaluate_every": 100})
    return Setting(
        scale="world",
        languages=("en", "tr", "sw"),
        text=WorldSource(rows=12_000, split="train", mixed=True),
        held_out=WorldSource(rows=300, split="dev", mixed=True),
        depth=2,
        distil=Training(
            steps=1_500,
            batch_size=32,
            learning_rate=1e-3,
            weight_decay=0.01,  # table 4.2
            warmup=0.1,  # table 4.2
            decay="linear",
            batching=Batching(sampling="in-turn"),  # algorithm 1
        ),
        teacher_price=2.0,
        max_length=64,
        exercises={
            "XNLI": _exercise("nli", 12_000, nli),
            "NER": _exercise("ner", 4_000, ner),
            "XCOPA": _exercise("choice", 4_000, choice),
        },
        sentences=WorldSource(rows=900, split="test", mixed=True),
        polyglot=Fresh(),
        pretrain=Training(
            steps=4_000, batch_size=32, learning_rate=2e-3, weight_decay=0.01, warmup=0.1, decay="linear"
        ),
        efficient_rate=5e-3,  # five times that of full tuning, as in the thesis (1e-4 and 2e-5, Sec. 4.2.2)
        shots=nli.model_copy(update={"steps": 50, "evaluate_every": None}),  # "50 Epochs", batch 32 (table 4.2)
    )


def _exercise(task: TaskName, rows: int, training: Training, held_out: int = 900) -> Exercise:
    return Exercise(
        task=task,
        train=WorldSource(rows=rows, split="train"),
        dev=WorldSource(rows=held_out, split="dev"),
        test=WorldSource(rows=held_out, split="test"),
        few=WorldSource(rows=500, split="dev"),  # their English is among the rows that select, and was never learned
        training=training,
        max_length=64,
    )


def _smoke() -> Setting:
    few = Training(steps=3, batch_size=4, learning_rate=1e-3)
    tuning = few.model_copy(update={"evaluate_every": 3})
    tasks: tuple[tuple[str, TaskName], ...] = (("XNLI", "nli"), ("NER", "ner"), ("XCOPA", "choice"))
    return Setting(
        scale="smoke",
        languages=("en", "tr", "sw"),
        text=WorldSource(rows=60, split="train", mixed=True),
        held_out=WorldSource(rows=12, split="dev", mixed=True),
        depth=1,
        distil=few.model_copy(update={"batching": Batching(sampling="in-turn")}),
        teacher_price=2.0,
        max_length=64,
        exercises={name: _exercise(task, 30, tuning, held_out=15) for name, task in tasks},
        sentences=WorldSource(rows=12, split="test", mixed=True),
        polyglot=Fresh(vocabulary=300, width=32, blocks=2, heads=2),
        pretrain=few,
        efficient_rate=5e-3,
        shots=Training(steps=1, batch_size=32, learning_rate=1e-3),
    )
