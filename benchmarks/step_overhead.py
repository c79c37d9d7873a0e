"""What the trainer adds to a training step: `Distiller` against a bare PyTorch loop that does the same mathematics.

    OMP_WAIT_POLICY=passive python benchmarks/step_overhead.py [--rounds 5] [--sizes tiny small medium]

Both train copies of one model on the same batches with the same fused AdamW, clipping and schedule; the script fails if
their weights differ by one bit at the end. The bare loop has its batches ready as tensors, so making them counts as
overhead, as do logging, callbacks and the progress display. Their steps alternate within one process: the trainer does
one, then the bare loop does the same one. A round's ratio is the median over its pairs of steps. XD learns from stored
teacher logits, as it does by default. (The wait policy matters to the row with two threads, where others take a core.)
"""

import argparse
import copy
import io
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate.utils import is_lomo_available
from rich.console import Console
from torch import nn
from transformers import TrainerCallback, XLMRobertaConfig, XLMRobertaForSequenceClassification
from transformers.optimization import get_linear_schedule_with_warmup

from measuring import Row, Seconds, in_ms, interleaved, markdown, now, ratios, spread, write
from polydistill.data.batches.batches import Group, Steps
from polydistill.data.batches.encoding import Encoded, from_lists
from polydistill.data.batches.schedule import Schedule
from polydistill.methods.method import Method
from polydistill.methods.tuning import Tuning
from polydistill.methods.xd import XD
from polydistill.models.polyglot import Polyglot
from polydistill.training.distiller import Distiller
from polydistill.training.numerics import probe
from polydistill.training.progress import ShowProgress
from polydistill.training.settings import Training

TRAINER, BARE = "trainer", "bare"
CLASSES, LANGUAGES, ROWS = 3, ("en", "fr", "tr", "sw"), 2_000
STEPS = 1_000  # of a run, which decides how often is logged; it is stopped when all rounds are done


@dataclass(frozen=True)
class Size:
    """An XLM-R shape and the batches it reads: `tokens` a row on average; `pairs` of steps make a round."""

    blocks: int
    width: int
    batch: int
    tokens: int
    pairs: int
    goal: float

    def __str__(self) -> str:
        return f"{self.blocks}x{self.width}, {self.batch} rows of ~{self.tokens} tokens"


SIZES = {
    "tiny": Size(blocks=4, width=128, batch=32, tokens=24, pairs=20, goal=1.10),
    "tiny-8": Size(blocks=4, width=128, batch=8, tokens=24, pairs=30, goal=1.10),
    "small": Size(blocks=4, width=256, batch=8, tokens=64, pairs=12, goal=1.05),
    "medium": Size(blocks=6, width=512, batch=8, tokens=64, pairs=5, goal=1.03),
}
VOCABULARY = 4_000


class BareLoop:
    """Forward, backward, clip, step: nothing else."""

    def __init__(self, method: Method, steps: Steps, training: Training, ready: int) -> None:
        self.method, self.clip = method.train(), training.clip
        self.batches = [steps[step] for step in range(ready)]
        self.optimiser = torch.optim.AdamW(method.parameters(), lr=training.learning_rate, weight_decay=0.0, fused=True)
        self.scheduler = get_linear_schedule_with_warmup(self.optimiser, 0, training.steps)

    def step(self, number: int) -> None:
        """One training step."""
        self.method(**self.batches[number]).total.backward()
        nn.utils.clip_grad_norm_(self.method.parameters(), self.clip)
        self.optimiser.step()
        self.scheduler.step()
        self.optimiser.zero_grad()


class Alternate(TrainerCallback):
    """After every step of the trainer, lets the bare loop do the same step; times both."""

    def __init__(self, bare: BareLoop) -> None:
        self.bare = bare
        self.seconds: Seconds = {TRAINER: [], BARE: []}

    def on_train_begin(self, *_: object, **__: object) -> None:
        self._since = now()

    def on_step_end(self, args: object, state: object, control: object, **_: object) -> None:
        del args
        trained = now()
        self.bare.step(state.global_step - 1)
        self.seconds[TRAINER].append(trained - self._since)
        self.seconds[BARE].append(now() - trained)
        control.should_training_stop = state.global_step >= len(self.bare.batches)
        self._since = now()


def compare(kind: str, size: Size, rounds: int) -> Seconds:
    """Seconds of every step but those of a first round; the two must have done the same."""
    method, steps, training = make(kind, size)
    bare = BareLoop(copy.deepcopy(method), steps, training, (rounds + 1) * size.pairs)
    alternate = Alternate(bare)
    fit(method, steps, training, alternate)
    for one, other in zip(method.parameters(), bare.method.parameters(), strict=True):
        assert torch.equal(one, other), "the two did not do the same mathematics"
    return {who: times[size.pairs :] for who, times in alternate.seconds.items()}


def fit(method: Method, steps: Steps, training: Training, watcher: TrainerCallback) -> None:
    """Train as a run does, progress display included."""
    callbacks = [ShowProgress("benchmark", Console(file=io.StringIO())), watcher]
    with tempfile.TemporaryDirectory() as folder:
        Distiller(method, steps, training, Path(folder), seed=0, callbacks=callbacks).fit()


def parts(size: Size, times: int = 100) -> list[Row]:
    """Milliseconds a step of what the trainer does besides the mathematics, each done alone."""
    method, steps, _ = make("xd", size)
    numbers = iter(range(len(steps)))
    method(**steps[0]).total.backward()
    alone = {
        "making the batch": lambda: steps[next(numbers)],
        "waking all modules: `train()`": method.train,
        "dropping gradients module by module: `zero_grad()`": method.zero_grad,
        "looking for an optional package in every backward (accelerate)": is_lomo_available,
    }
    seconds = interleaved(alone, times)
    return [{"part": name, "ms a step": f"{1000 * statistics.median(taken):.2f}"} for name, taken in seconds.items()]


def make(kind: str, size: Size) -> tuple[Method, Steps, Training]:
    """A method with random weights, its steps, and how it is trained: no checkpoint falls into the measured time."""
    training = Training(
        steps=STEPS, batch_size=size.batch, learning_rate=1e-4, decay="linear", checkpoint_every=10 * STEPS
    )
    rng = np.random.default_rng(0)
    groups = [group(kind, language, size, rng) for language in LANGUAGES]
    schedule = Schedule([rows.lengths for rows in groups], size.batch, STEPS, seed=0)
    torch.manual_seed(0)
    student = Polyglot(XLMRobertaForSequenceClassification(config(size)))
    return Tuning(student) if kind == "tune" else XD(student, None), Steps(schedule, groups), training


def config(size: Size) -> XLMRobertaConfig:
    """No dropout, so that both loops can be held to the same bits."""
    return XLMRobertaConfig(
        vocab_size=VOCABULARY,
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


def group(kind: str, language: str, size: Size, rng: np.random.Generator) -> Group:
    """Random tokens, in rows whose lengths spread about as those of sentence pairs do."""
    lengths = rng.gamma(4.0, size.tokens / 4, size=ROWS).astype(int).clip(6, 256)
    text: Encoded = from_lists(
        {"input_ids": [rng.integers(5, VOCABULARY, size=length) for length in lengths]}, {"input_ids": 1}
    )
    if kind == "tune":
        return Group(language, {"text": text}, {"labels": rng.integers(CLASSES, size=ROWS)})
    return Group(language, {"target": text}, {"signal": rng.standard_normal((ROWS, CLASSES), dtype=np.float32)})


def by_round(values: Sequence[float], pairs: int) -> list[float]:
    """The median of each round."""
    return [statistics.median(values[start : start + pairs]) for start in range(0, len(values), pairs)]


def table(found: Iterable[Row]) -> list[Row]:
    """What was measured, to read."""
    rows = []
    for one in found:
        size, seconds = SIZES[one["size"]], one["seconds"]
        added = [trainer - bare for trainer, bare in zip(seconds[TRAINER], seconds[BARE], strict=True)]
        row = {
            "size": f"{one['size'].partition('-')[0]} ({size})",
            "step of": one["kind"],
            "threads": one["threads"],
            "fp32 products": one["products"],
            "bare step, ms": in_ms(seconds[BARE]),
            "added, ms": in_ms(added),
            "trainer / bare": spread(by_round(ratios(seconds, TRAINER, BARE), size.pairs), 3),
            "goal": f"{size.goal:.2f}",
        }
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    options = parser.parse_args()
    found: list[Row] = []
    kernels: dict[str, str] = {}
    rows = [(1, name, kind) for name in options.sizes for kind in ("tune", "xd")]
    for threads, name, kind in (*rows, (2, options.sizes[0], "xd")):
        torch.set_num_threads(threads)
        if name not in kernels:
            kernels[name] = probe(SIZES[name].width).matmul
        torch.set_float32_matmul_precision(kernels[name])
        seconds = compare(kind, SIZES[name], options.rounds)
        found.append({"size": name, "kind": kind, "threads": threads, "products": kernels[name], "seconds": seconds})
    torch.set_num_threads(1)
    inside = parts(SIZES["tiny"])
    text = (
        "`trainer / bare` is the median over rounds of alternating steps, and the range of the rounds. Both loops end "
        f"with the same weights, bit for bit. Vocabulary {VOCABULARY:,}; fp32 products as a run's probe chooses."
    )
    why = "Where the added time goes, at tiny size, each part done alone:"
    page = [text, markdown(table(found)), why, markdown(inside)]
    write("step_overhead", "What the trainer adds to a step", page, found)


if __name__ == "__main__":
    main()
