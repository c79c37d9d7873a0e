"""How much of a batch is padding, and what it costs: length groups, dynamic padding, and padding to a fixed length.

    python benchmarks/padding.py [--data ../shared/data] [--rows 3200] [--turns 5]

Rows are the MultiNLI sample where the folder has it, else the mini-world's, under a tokenizer of 30,000 pieces learned
on them. Efficiency is the share of places that hold a token, over one pass. Times are of a tuning step of a 4x128
encoder. For it, each contender's batches are sorted by their places and dealt out to the turns, so that every turn gets
its share of long ones and all turns together are one pass.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from measuring import Row, in_ms, interleaved, markdown, ratios, spread, write
from polydistill.data.batches.batches import Batch, Group, collate
from polydistill.data.batches.encoding import Ints, encode
from polydistill.data.batches.schedule import Batching, Schedule, padding_efficiency
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import LABEL, PAIR_OF_SENTENCES
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.methods.tuning import Tuning
from polydistill.models.fresh import learn_tokenizer
from polydistill.models.polyglot import Polyglot

MAX_LENGTH = 128
FIXED, DYNAMIC, GROUPS = f"padded to {MAX_LENGTH}", "dynamic padding", "dynamic, length groups (default)"


@dataclass(frozen=True)
class Contender:
    """The batches of one pass; `fixed` pads each to the maximal length."""

    schedule: Schedule
    fixed: bool

    @property
    def efficiency(self) -> float:
        """Share of places that hold a token."""
        if not self.fixed:
            return padding_efficiency(self.schedule)
        tokens = sum(int(self.schedule.lengths[0][rows].sum()) for ((_, rows),) in self.schedule)
        return tokens / (len(self.schedule) * self.schedule.batch_size * MAX_LENGTH)

    def dealt(self, turns: int) -> list[list[Ints]]:
        """The rows of every batch, dealt out to the turns."""
        batches = [rows for ((_, rows),) in (self.schedule[step] for step in range(len(self.schedule)))]
        batches.sort(key=lambda rows: int(self.schedule.lengths[0][rows].max()))
        return [batches[turn::turns] for turn in range(turns)]


def contenders(lengths: Ints, batch: int) -> dict[str, Contender]:
    """One pass over rows of these lengths, batched in three ways."""
    steps = len(lengths) // batch
    shuffled = Schedule([lengths], batch, steps, 0, Batching(pool=1))
    return {
        FIXED: Contender(shuffled, fixed=True),
        DYNAMIC: Contender(shuffled, fixed=False),
        GROUPS: Contender(Schedule([lengths], batch, steps, 0), fixed=False),
    }


def read(data: Path) -> tuple[str, Group, int]:
    """What the rows are, the rows, and the size of their vocabulary."""
    file = data / "mnli_subset/train.tsv"
    source = FileSource(path=str(file)) if file.exists() else WorldSource(rows=9_600)
    rows = load_rows(source, PAIR_OF_SENTENCES, ["en"]).rows["en"]
    texts = [text for column in PAIR_OF_SENTENCES.texts for text in rows[column]]
    tokenizer = learn_tokenizer(texts, 30_000, MAX_LENGTH)
    text = encode(tokenizer, rows, PAIR_OF_SENTENCES, MAX_LENGTH)
    group = Group("en", {"text": text}, {"labels": np.asarray(rows[LABEL], dtype=np.int64)})
    lengths = group.lengths
    name = "MultiNLI sample" if file.exists() else "mini-world"
    said = (
        f"{len(lengths):,} rows of the {name}; tokens a row: mean {lengths.mean():.1f}, "
        f"median {np.median(lengths):.0f}, 95 % under {np.quantile(lengths, 0.95):.0f}, "
        f"longest {lengths.max()} (cut at {MAX_LENGTH})."
    )
    return said, group, len(tokenizer)


def step_of(vocabulary: int) -> Callable[[Batch], None]:
    """One tuning step of a small encoder."""
    config = XLMRobertaConfig(
        vocab_size=vocabulary, hidden_size=128, num_hidden_layers=4, num_attention_heads=4, intermediate_size=512,
        max_position_embeddings=MAX_LENGTH + 2, type_vocab_size=1, num_labels=3,
    )  # fmt: skip
    method = Tuning(Polyglot(XLMRobertaForSequenceClassification(config))).train()
    optimiser = torch.optim.AdamW(method.parameters(), lr=1e-5, fused=True)

    def step(batch: Batch) -> None:
        method(**batch).total.backward()
        optimiser.step()
        optimiser.zero_grad()

    return step


def padded(batch: Batch) -> Batch:
    """The batch, padded to the maximal length."""
    more = MAX_LENGTH - batch["text"]["input_ids"].shape[1]
    values = {"input_ids": 1, "attention_mask": 0}
    return {
        **batch,
        "text": {name: F.pad(column, (0, more), value=values[name]) for name, column in batch["text"].items()},
    }


def turns_of(one: Contender, group: Group, step: Callable[[Batch], None], turns: int) -> Callable[[], None]:
    """Call it once a turn: takes all steps of the next turn."""
    dealt = iter(one.dealt(turns))

    def turn() -> None:
        for rows in next(dealt):
            batch = collate([(group, rows)])
            step(padded(batch) if one.fixed else batch)

    return turn


def measure(group: Group, step: Callable[[Batch], None], batch: int, rows: int, turns: int) -> Row:
    """Seconds of every contender's pass over `rows` rows."""
    some = contenders(group.lengths[:rows], batch)
    for _ in range(3):
        step(collate([(group, np.arange(batch))]))
    seconds = interleaved({name: turns_of(one, group, step, turns) for name, one in some.items()}, turns, warm_up=0)
    efficiencies = {name: one.efficiency for name, one in contenders(group.lengths, batch).items()}
    return {"batch": batch, "rows": rows, "efficiency": efficiencies, "seconds": seconds}


def table(found: list[Row]) -> list[Row]:
    """What was measured, to read."""
    return [
        {
            "rows a batch": one["batch"],
            "padding": name,
            "efficiency": f"{one['efficiency'][name]:.2f}",
            "ms a row": in_ms(seconds, one["rows"] // len(seconds)),
            "time / length groups": spread(ratios(one["seconds"], name, GROUPS)),
        }
        for one in found
        for name, seconds in one["seconds"].items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the real sets")
    parser.add_argument("--rows", type=int, default=3_200, help="rows of the timed passes")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    said, group, vocabulary = read(options.data)
    step = step_of(vocabulary)
    found = [measure(group, step, batch, options.rows, options.turns) for batch in (32, 8)]
    text = (
        f"{said} Efficiency is over one pass of all rows; times are of a pass over {options.rows:,} rows, one thread."
    )
    write("padding", "Padding: efficiency and time", [text, markdown(table(found))], found)


if __name__ == "__main__":
    main()
