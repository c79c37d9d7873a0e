"""Steps a second of distilling one teacher's logits: our engine against TextBrewer 0.2.1 and a bare PyTorch loop.

    OMP_NUM_THREADS=1 python benchmarks/against_textbrewer.py [--data ../shared/data] [--turns 5] [--into FOLDER]

All train a 4x192 student from a 6x288 teacher (random weights, one tokenizer) on the MultiNLI sample where the folder
has it, else on the mini-world, 32 rows a step, with MultiKD's loss (cross-entropy of the softened logits, T = 8, no
labels), AdamW, clipping at 1, dropout 0.1 and fp32. TextBrewer is installed into a folder of its own beside the torch
and transformers that are here, and is not patched: only its checkpoint at the end of every turn is left out, by a
subclass. Our engine is the trainer as a run has it, progress and log included, with the defaults of a run: stored
logits, length groups, fused AdamW. A turn takes some steps of every contender; what is compared is the time of a step.
"""

import argparse
import importlib.metadata
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from rich.console import Console
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, TrainerCallback, XLMRobertaConfig, XLMRobertaForSequenceClassification

from measuring import Row, Seconds, in_ms, markdown, now, ratios, spread, timed, write
from polydistill.data.batches.batches import Steps, pad_texts
from polydistill.data.batches.encoding import Encoded, Ints, encode
from polydistill.data.batches.schedule import Schedule
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.methods.method import Models
from polydistill.methods.multikd import MultiKDSpec
from polydistill.models.fresh import learn_tokenizer
from polydistill.models.loaded import Loaded
from polydistill.objectives.logits import hinton
from polydistill.training.distiller import Distiller
from polydistill.training.progress import ShowProgress
from polydistill.training.settings import Training

ROWS, BATCH, MAX_LENGTH, PASSES = 3_200, 32, 128, 3
VOCABULARY = 13_000  # of the student's weights embeddings then are the share that they are of multilingual BERT's
TEMPERATURE, CLIP, RATE = 8.0, 1.0, 2e-5
OURS, SWITCHES, BARE = "ours", "bare loop, all our switches", "bare loop, dynamic padding"
DOCUMENTED, DYNAMIC = "TextBrewer as documented", "TextBrewer, dynamic padding"
STEPS_A_TURN = {OURS: 25, SWITCHES: 25, BARE: 8, DOCUMENTED: 4, DYNAMIC: 8}  # more where batches differ more
GOALS = {DOCUMENTED: "4.5", DYNAMIC: "3"}
HOW = {
    OURS: "stored logits, length groups, fused AdamW",
    SWITCHES: "the same batches and stored logits, fused AdamW, no trainer",
    BARE: "teacher in every step, random batches padded to their longest row, AdamW",
    DOCUMENTED: f"teacher in every step, rows padded to {MAX_LENGTH}, AdamW",
    DYNAMIC: "teacher in every step, random batches padded to their longest row, AdamW",
}

EQUAL = """\
Equal for all: rows, tokenizer, shapes, 32 rows a step, loss, learning rate, clipping, dropout, the fp32 product. Not
equal, and what is measured: whether the teacher reads in every step or once, how rows are batched and padded, which
AdamW, and whose loop. The loop of TextBrewer itself costs next to nothing: with dynamic padding it is as fast as the
bare one. Left out: its checkpoint at the end of a turn; the filling of our store in the first column of ratios (the
second one counts it, spread over three passes); and that a run of ours learns only the embedding rows in use, which
at 250,002 pieces saves the most of AdamW's time."""

Inputs = dict[str, Tensor]
Take = Callable[[int], None]
"""Takes so many training steps."""


@dataclass(frozen=True)
class Work:
    """What all do: the rows, as one and the same tokenizer has them, and how they are trained."""

    data: FileSource | WorldSource
    start: Loaded
    teacher: PreTrainedModel
    text: Encoded

    def student(self) -> PreTrainedModel:
        """A student of its own for every contender."""
        return network(4, 192)

    def padded(self, to: int | None = None) -> "DataLoader[Inputs]":
        """Random batches, padded to their longest row or to a length."""
        rows = self.text.take(np.arange(len(self.text)))

        def collate(some: list[dict[str, Ints]]) -> Inputs:
            return pad_texts(some, self.text.pad)

        if to is None:
            return DataLoader(rows, BATCH, shuffle=True, drop_last=True, collate_fn=collate)
        ready = [
            {name: value[0] for name, value in pad_texts([row, _long(row, to)], self.text.pad).items()} for row in rows
        ]
        return DataLoader(ready, BATCH, shuffle=True, drop_last=True)


def _long(row: dict[str, Ints], to: int) -> dict[str, Ints]:
    """A row of that length, beside which another one is padded to it."""
    return {name: np.zeros(to, dtype=np.int64) for name in row}


def network(blocks: int, width: int) -> PreTrainedModel:
    """A classifier with random weights."""
    config = XLMRobertaConfig(
        vocab_size=VOCABULARY, hidden_size=width, num_hidden_layers=blocks, num_attention_heads=width // 48,
        intermediate_size=4 * width, max_position_embeddings=MAX_LENGTH + 2, type_vocab_size=1, num_labels=3,
    )  # fmt: skip
    torch.manual_seed(blocks)
    return XLMRobertaForSequenceClassification(config)


def work(folder: Path) -> Work:
    """The rows of the folder, if it has them, and the models."""
    file = folder / "mnli_subset" / "train.tsv"
    data = FileSource(path=str(file), rows=ROWS) if file.exists() else WorldSource(rows=ROWS)
    rows = load_rows(data, PAIR_OF_SENTENCES, ("en",)).rows["en"]
    tokenizer = learn_tokenizer([*rows["premise"], *rows["hypothesis"]], VOCABULARY, MAX_LENGTH)
    start = Loaded(network(4, 192), tokenizer)
    return Work(data, start, network(6, 288).eval(), encode(tokenizer, rows, PAIR_OF_SENTENCES, MAX_LENGTH))


def optimiser(student: PreTrainedModel, fused: bool) -> torch.optim.Optimizer:
    """AdamW as everyone has it."""
    return torch.optim.AdamW(student.parameters(), lr=RATE, weight_decay=0.0, fused=fused or None)


def bare(student: PreTrainedModel, batches: Iterable[tuple[Inputs, Tensor]], fused: bool) -> Take:
    """Forward, loss, backward, clip, step: nothing else. A batch comes with what the teacher says of it."""
    coming, steps = iter(batches), optimiser(student.train(), fused)

    def take(count: int) -> None:
        for _ in range(count):
            inputs, signal = next(coming)
            hinton(student(**inputs).logits, signal, TEMPERATURE, "cross_entropy").backward()
            nn.utils.clip_grad_norm_(student.parameters(), CLIP)
            steps.step()
            steps.zero_grad()

    return take


def taught(teacher: PreTrainedModel, loader: "DataLoader[Inputs]") -> Iterable[tuple[Inputs, Tensor]]:
    """Batches without end, each read by the teacher as it comes."""
    while True:
        for inputs in loader:
            with torch.no_grad():
                signal = teacher(**inputs).logits
            yield inputs, signal


def textbrewer(of: Work, loader: "DataLoader[Inputs]", folder: Path) -> Take:
    """The library's own training, as its README has it."""
    from textbrewer import DistillationConfig, GeneralDistiller, TrainingConfig

    class Unsaved(GeneralDistiller):
        """Turns are short, and their end is no end of an epoch."""

        def save_and_callback(self, *_: object) -> None:
            return

    def adaptor(batch: Inputs, outputs: SimpleNamespace) -> dict[str, Tensor]:
        del batch
        return {"logits": outputs.logits}

    student = of.student().train()
    steps = optimiser(student, fused=False)
    config = TrainingConfig(device="cpu", output_dir=str(folder), ckpt_steps=10**9)
    distiller = Unsaved(
        config, DistillationConfig(temperature=TEMPERATURE, kd_loss_type="ce"), of.teacher, student, adaptor, adaptor
    )

    def take(count: int) -> None:
        with distiller:
            distiller.train(steps, loader, num_steps=count, max_grad_norm=CLIP)

    return take


class Turns(TrainerCallback):
    """Our trainer's steps are timed as they come; after those of a turn, the others take theirs."""

    def __init__(self, others: dict[str, Take], turns: int) -> None:
        self.others, self.turns, self.seconds = others, turns, Seconds({name: [] for name in (OURS, *others)})

    def on_train_begin(self, *_: object, **__: object) -> None:
        self._since = now()

    def on_step_end(self, args: object, state: object, control: object, **_: object) -> None:
        del args
        if state.global_step % STEPS_A_TURN[OURS]:
            return
        self.seconds[OURS].append((now() - self._since) / STEPS_A_TURN[OURS])
        for name, take in self.others.items():
            count = STEPS_A_TURN[name]
            self.seconds[name].append(timed(lambda: take(count)) / count)  # noqa: B023 (called at once)
        control.should_training_stop = len(self.seconds[OURS]) > self.turns
        self._since = now()


def measure(of: Work, turns: int, folder: Path) -> tuple[Seconds, float]:
    """Seconds a step of everyone, turn by turn without the first; and, of filling our store, a step of a pass."""
    spec = MultiKDSpec(languages=("en",), data=of.data, max_length=MAX_LENGTH)
    teachers = {"en": lambda: Loaded(of.teacher, of.start.tokenizer)}
    began = now()
    prepared = spec.prepare(Models(of.start, None, folder, teachers=teachers), 0)
    filling = (now() - began) / (ROWS // BATCH)
    count = STEPS_A_TURN[OURS] * (turns + 1)
    steps = Steps(Schedule([group.lengths for group in prepared.groups], BATCH, count, seed=0), prepared.groups)
    ready = ((batch["text"], batch["signal"]) for batch in cycle(steps[step] for step in range(count)))
    others = {
        SWITCHES: bare(of.student(), ready, fused=True),
        BARE: bare(of.student(), taught(of.teacher, of.padded()), fused=False),
        DOCUMENTED: textbrewer(of, of.padded(MAX_LENGTH), folder),
        DYNAMIC: textbrewer(of, of.padded(), folder),
    }
    turned = Turns(others, turns)
    training = Training(steps=count, batch_size=BATCH, learning_rate=RATE, clip=CLIP, checkpoint_every=10**6)
    callbacks = [ShowProgress("benchmark", Console(file=io.StringIO())), turned]
    Distiller(prepared.method, steps, training, folder / "run", seed=0, callbacks=callbacks).fit()
    return {name: some[1:] for name, some in turned.seconds.items()}, filling


def installed(folder: Path) -> None:
    """TextBrewer alone in a folder, which is then looked into after all others."""
    if not (folder / "textbrewer").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
        subprocess.run([*pip, "textbrewer==0.2.1"], check=True)
    sys.path.append(str(folder))


def table(seconds: Seconds, filling: float) -> list[Row]:
    """A row a contender; the last columns say how many times as long as ours its step takes."""
    stored = {name: [step + filling / PASSES for step in seconds[name]] for name in (OURS, SWITCHES)}
    whole = {**seconds, **stored}
    return [
        {
            "contender": name,
            "how": HOW[name],
            "ms a step": in_ms(some),
            "times ours": "1" if name == OURS else spread(ratios(seconds, name, OURS)),
            f"filling the store included, {PASSES} passes": "1" if name == OURS else spread(ratios(whole, name, OURS)),
            "goal": GOALS.get(name, ""),
        }
        for name, some in seconds.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--into", type=Path, default=Path(tempfile.gettempdir()) / "textbrewer-0.2.1")
    options = parser.parse_args()
    torch.set_num_threads(1)
    installed(options.into)
    of = work(options.data)
    with tempfile.TemporaryDirectory() as name:
        seconds, filling = measure(of, options.turns, Path(name))
    lengths = of.text.lengths
    text = (
        f"{ROWS} rows of {'MultiNLI' if isinstance(of.data, FileSource) else 'the mini-world'}, {lengths.mean():.0f} "
        f"tokens on average, {lengths.max()} at most; {BATCH} rows a step; student 4x192, teacher 6x288, "
        f"{VOCABULARY:,} pieces; one thread, fp32, all with the same product of matrices. {options.turns} turns."
    )
    version = f"TextBrewer {importlib.metadata.version('textbrewer')}, unpatched, on the versions below."
    measured = [{"filling_a_step": filling, "seconds_a_step": seconds}]
    page = [text, markdown(table(seconds, filling)), EQUAL, version]
    write("against_textbrewer", "Against TextBrewer", page, measured)


if __name__ == "__main__":
    main()
