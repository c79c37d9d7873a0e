"""What the trainer adds to a training step: `Distiller` against a bare PyTorch loop that does the same mathematics.

    python benchmarks/step_overhead.py [--turns 9] [--sizes tiny small medium]

Both train copies of one model on the same batches with the same fused AdamW, clipping and schedule; the script fails if
their weights differ by one bit at the end. The bare loop has its batches ready as tensors, so making them counts as
overhead, as do logging, callbacks and the progress display. Blocks of steps alternate within one process: the trainer
does some, then the bare loop does the same ones. XD learns from stored teacher logits, as it does by default.
"""

import argparse
import copy
import io
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from measuring import Seconds, markdown, ratios, spread, write
from rich.console import Console
from torch import nn
from transformers import TrainerCallback, XLMRobertaConfig, XLMRobertaForSequenceClassification
from transformers.optimization import get_linear_schedule_with_warmup

from polydistill.data.batches import Group, Steps
from polydistill.data.encoding import Encoded, from_lists
from polydistill.data.schedule import Schedule
from polydistill.methods.method import Method
from polydistill.methods.tuning import Tuning
from polydistill.methods.xd import XD
from polydistill.students.polyglot import Polyglot
from polydistill.training.distiller import Distiller
from polydistill.training.numerics import probe
from polydistill.training.progress import ShowProgress
from polydistill.training.run import Training

CLASSES, LANGUAGES = 3, ("en", "fr", "tr", "sw")


@dataclass(frozen=True)
class Size:
    """An XLM-R shape and the batches it reads. Tokens are the mean of a row; `block` is the steps of one turn."""

    blocks: int
    width: int
    tokens: int
    batch: int
    block: int
    vocabulary: int
    goal: float


SIZES = {
    "tiny": Size(blocks=4, width=128, tokens=24, batch=32, block=40, vocabulary=800, goal=1.10),
    "small": Size(blocks=4, width=256, tokens=64, batch=16, block=12, vocabulary=8_000, goal=1.05),
    "medium": Size(blocks=6, width=512, tokens=96, batch=8, block=6, vocabulary=8_000, goal=1.03),
}


class BareLoop:
    """Forward, backward, clip, step: nothing else."""

    def __init__(self, method: Method, steps: Steps, training: Training) -> None:
        self.method, self.training = method.train(), training
        self.batches = [steps[step] for step in range(len(steps))]
        self.optimiser = torch.optim.AdamW(
            method.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay, fused=True
        )
        self.scheduler = get_linear_schedule_with_warmup(self.optimiser, 0, training.steps)

    def run(self, begin: int, end: int) -> None:
        """The steps of a block."""
        for batch in self.batches[begin:end]:
            self.method(**batch).total.backward()
            nn.utils.clip_grad_norm_(self.method.parameters(), self.training.clip)
            self.optimiser.step()
            self.scheduler.step()
            self.optimiser.zero_grad()


class Alternate(TrainerCallback):
    """After every block of the trainer, lets the bare loop do the same steps; times both."""

    def __init__(self, bare: BareLoop, block: int) -> None:
        self.bare, self.block = bare, block
        self.seconds: Seconds = {"trainer": [], "bare": []}
        self._since = 0.0

    def on_train_begin(self, *_: object, **__: object) -> None:
        self._since = time.perf_counter()

    def on_step_end(self, args: object, state: object, control: object, **_: object) -> None:
        del args, control
        done = state.global_step
        if done % self.block:
            return
        trained = time.perf_counter()
        self.bare.run(done - self.block, done)
        now = time.perf_counter()
        self.seconds["trainer"].append(trained - self._since)
        self.seconds["bare"].append(now - trained)
        self._since = time.perf_counter()


def compare(name: str, size: Size, turns: int) -> Seconds:
    """Seconds of every block of `tune` or `xd`, the first one left out."""
    method, steps, training = make(name, size, turns + 1)
    bare = BareLoop(copy.deepcopy(method), steps, training)
    alternate = Alternate(bare, size.block)
    callbacks = [ShowProgress(name, Console(file=io.StringIO())), alternate]
    with tempfile.TemporaryDirectory() as folder:
        Distiller(method, steps, training, Path(folder), seed=0, callbacks=callbacks).fit()
    for one, other in zip(method.parameters(), bare.method.parameters(), strict=True):
        assert torch.equal(one, other), "the two did not do the same mathematics"
    return {who: times[1:] for who, times in alternate.seconds.items()}


def make(name: str, size: Size, turns: int) -> tuple[Method, Steps, Training]:
    """A method with random weights, its steps, and how it is trained: no checkpoint falls into the measured time."""
    training = Training(
        steps=turns * size.block, batch_size=size.batch, learning_rate=1e-4, decay="linear", checkpoint_every=10**6
    )
    rng = np.random.default_rng(0)
    groups = [group(name, language, size, rng) for language in LANGUAGES]
    schedule = Schedule([group.lengths for group in groups], size.batch, training.steps, seed=0)
    student = Polyglot(XLMRobertaForSequenceClassification(config(size)))
    return Tuning(student) if name == "tune" else XD(student, None), Steps(schedule, groups), training


def config(size: Size) -> XLMRobertaConfig:
    """No dropout, so that both loops can be held to the same bits."""
    return XLMRobertaConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.width,
        num_hidden_layers=size.blocks,
        num_attention_heads=size.width // 32,
        intermediate_size=4 * size.width,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=514,
        type_vocab_size=1,
        num_labels=CLASSES,
    )


def group(name: str, language: str, size: Size, rng: np.random.Generator, rows: int = 2_000) -> Group:
    """Random tokens in rows whose lengths spread as those of sentence pairs do."""
    text = random_text(rng, rows, size)
    if name == "tune":
        return Group(language, {"text": text}, {"labels": rng.integers(CLASSES, size=rows)})
    return Group(language, {"target": text}, {"signal": rng.standard_normal((rows, CLASSES), dtype=np.float32)})


def random_text(rng: np.random.Generator, rows: int, size: Size) -> Encoded:
    lengths = rng.gamma(4.0, size.tokens / 4, size=rows).astype(int).clip(6, 256)
    return from_lists({"input_ids": [rng.integers(5, size.vocabulary, size=n) for n in lengths]}, {"input_ids": 1})


def measured(sizes: list[str], turns: int) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
    """Rows of the table, and every measurement."""
    for size_name in sizes:
        size = SIZES[size_name]
        for name in ("tune", "xd"):
            seconds = compare(name, size, turns)
            found = spread(ratios(seconds, "trainer", "bare"))
            a_step = spread([1000 * second / size.block for second in seconds["bare"]])
            extra = 1000 * (found.median - 1) * a_step.median / 1000
            yield (
                {
                    "size": f"{size_name} ({size.blocks}x{size.width}, batch {size.batch}, ~{size.tokens} tokens)",
                    "method": name,
                    "threads": torch.get_num_threads(),
                    "bare step, ms": a_step.text(1),
                    "trainer / bare": found.text(3),
                    "added, ms": f"{extra:.2f}",
                    "goal": f"{size.goal:.2f}",
                },
                {"size": size_name, "method": name, "threads": torch.get_num_threads(), **seconds},
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    options = parser.parse_args()
    torch.set_num_threads(1)
    numerics = probe()
    numerics.apply()
    found = list(measured(options.sizes, options.turns))
    print(markdown([row for row, _ in found]))


if __name__ == "__main__":
    main()
