"""What a step with a teacher costs against one without: how many steps a student alone gets in the same time.

    OMP_NUM_THREADS=1 python benchmarks/equal_time.py [--scale world] [--turns 8]

MonoShot (all five terms) against masked language modelling alone, with the shapes, text and batches of the thesis'
recipes at a scale; the teacher has random weights. The contenders alternate, some steps each, in one process.
"""

import argparse
import tempfile
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import torch
from rich.console import Console

from measuring import Row, in_ms, interleaved, markdown, ratios, spread, write
from polydistill.methods.monolingual.named_losses import WITHOUT_TEACHER
from polydistill.papers.mono.scales import setting
from polydistill.papers.mono.systems import Systems
from polydistill.starts.origins import Pretrained
from polydistill.training.distiller import Distiller
from polydistill.training.execute import make_distiller
from polydistill.training.preparing import prepare
from polydistill.training.run import Run, before
from polydistill.training.starting import load_start
from polydistill.training.store import Store

STEPS = 10  # of a turn


def stepping(run: Run, folder: Path) -> Callable[[], None]:
    """Some more steps of a run each time: forward, backward, the optimiser's turn."""
    prepared = prepare(run, load_start(run.start, run, Store(folder)), Store(folder))
    method = prepared.method.train()
    distiller: Distiller = make_distiller(run, prepared, None, folder, Console(quiet=True))
    optimiser = torch.optim.AdamW([one for one in method.parameters() if one.requires_grad], lr=1e-4, fused=True)
    batches = cycle(distiller.steps.loader())

    def steps() -> None:
        for _ in range(STEPS):
            method(**next(batches)).total.backward()
            optimiser.step()
            optimiser.zero_grad()

    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="world")
    parser.add_argument("--turns", type=int, default=8)
    options = parser.parse_args()
    of = Systems(setting(options.scale))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pretraining = before(of.where.teacher(0))
        assert pretraining is not None, "the teacher of this scale is downloaded"
        first = load_start(pretraining.start, pretraining, Store(folder))
        first.network.save_pretrained(folder / "teacher")
        first.tokenizer.save_pretrained(folder / "teacher")
        start = Pretrained(name=str(folder / "teacher"))
        runs = {"MonoShot": of.students(0), "without a teacher": of.students(0, weights=WITHOUT_TEACHER)}
        contenders = {
            name: stepping(run.model_copy(update={"start": start}), folder / name) for name, run in runs.items()
        }
        seconds = interleaved(contenders, options.turns)
    ratio = ratios(seconds, "MonoShot", "without a teacher")
    rows: list[Row] = [{"step": name, "ms": in_ms(took, STEPS)} for name, took in seconds.items()]
    said = f"A step of MonoShot takes {spread(ratio)} times as long as one without a teacher ({options.scale} scale)."
    write("equal_time", "A teacher's price", [markdown(rows), said], [{"ratio": one} for one in ratio])


if __name__ == "__main__":
    main()
