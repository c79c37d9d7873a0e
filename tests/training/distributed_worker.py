"""What one process of a distributed run does in `test_distributed.py`, which starts it with `torchrun`."""

import os
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from training_tools import ByLanguage, Call, Gradients, hide_by_content, numbers, sentences

from polydistill.data.batches.batches import Group, MicroBatches, Steps, Transform
from polydistill.data.batches.schedule import Batching, Schedule
from polydistill.data.batches.stream_steps import Share, StreamSteps, TextGroup
from polydistill.data.batches.streams import TextStream, open_texts
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.method import Method, Models
from polydistill.methods.monolingual import MonolingualSpec, Student
from polydistill.methods.pretraining import MaskedLanguageModelling
from polydistill.methods.tuning import TuneSpec, Tuning
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import Polyglot
from polydistill.starts.origins import Pretrained
from polydistill.training import execute as engine
from polydistill.training.distiller import Distiller
from polydistill.training.processes import processes
from polydistill.training.run import Run
from polydistill.training.settings import Judging, Training
from polydistill.training.store import Store
from tiny import tiny_network, tiny_tokenizer

STEPS = 6
TOGETHER = 8  # rows of a step, over all micro-batches and processes


def made(name: str) -> tuple[Method, list[Group], Transform | None]:
    """A method and its rows."""
    if name == "tuning":
        groups = [
            Group(code, {"text": sentences(60, seed)}, {"labels": np.random.default_rng(seed).integers(0, 3, 60)})
            for seed, code in enumerate(("en", "fr"))
        ]
        return Tuning(Polyglot(tiny_network())), groups, None
    if name.startswith("masked"):
        method = MaskedLanguageModelling(tiny_network(head="mlm"))
        return method, [Group(None, {"text": sentences(60)})], hide_by_content
    if name.startswith("monolingual"):
        groups = [Group(code, {"text": sentences(60, seed)}) for seed, code in enumerate(("en", "fr"))]
        return _monolingual(), groups, hide_by_content
    return ByLanguage(("en", "fr", "de")), [numbers(40, 1, "en"), numbers(40, 2, "fr"), numbers(40, 3, "de")], None


def _monolingual() -> Method:
    """Two students of one block that share the embeddings, and a third that reads English too."""
    students = {"en": ("en",), "fr": ("fr",), "other": ("en",)}
    spec = MonolingualSpec(
        students=tuple(Student(name=name, languages=codes) for name, codes in students.items()),
        data=WorldSource(rows=4),
        depth=1,
    )
    start = Loaded(tiny_network(head="mlm", seed=1), tiny_tokenizer())
    teacher = Loaded(tiny_network(head="mlm", seed=2), tiny_tokenizer())
    return spec.prepare(Models(start, teacher), seed=0).method


def in_memory(name: str, batch_size: int, accumulation: int) -> tuple[Method, MicroBatches]:
    """A method, and this process's batches of its rows."""
    method, groups, transform = made(name)
    state, lengths = processes(), [group.lengths for group in groups]
    schedule = Schedule(
        lengths,
        batch_size,
        STEPS,
        seed=3,
        rank=state.process_index,
        processes=state.num_processes,
        accumulation=accumulation,
    )
    return method, Steps(schedule, groups, transform)


def streamed(batch_size: int, accumulation: int) -> tuple[Method, MicroBatches]:
    """Masked language modelling, and this process's batches of text that is read as it is needed."""
    state, stream = processes(), TextStream(source=WorldSource(rows=60), buffer=25)
    groups = [TextGroup(code, open_texts(stream, code, seed=0), tiny_tokenizer(), 64) for code in ("en", "fr")]
    share = Share(batch_size, state.process_index, state.num_processes, accumulation)
    steps = StreamSteps(groups, share, STEPS, 3, Batching(pool=2), hide_by_content)
    return MaskedLanguageModelling(tiny_network(head="mlm")), steps


def learn(name: str, folder: Path) -> dict[str, Any]:
    """Gradients of every step, final weights, logged terms, and what each step read."""
    accumulation = 2 if name.endswith("accumulated") else 1
    batch_size = TOGETHER // accumulation // processes().num_processes
    method, steps = (
        streamed(batch_size, accumulation) if "stream" in name else in_memory(name, batch_size, accumulation)
    )
    settings = Training(
        steps=STEPS, batch_size=batch_size, accumulation=accumulation, learning_rate=1e-2, weight_decay=0.1, clip=0.0
    )
    gradients, private = Gradients(), []
    watch = Call(lambda step: private.append({k: part.detach().clone() for k, part in method.named_parameters()}))
    distiller = Distiller(method, steps, settings, folder / name, 0, callbacks=[gradients, watch])
    distiller.fit()
    return {
        "gradients": gradients.steps,
        "weights": private,
        "log": [{k: v for k, v in line.items() if k != "epoch"} for line in distiller.state.log_history],
        "languages": [steps[k]["language"] for k in range(len(steps))],
        "counts": [sum(method.counts(steps[k]).values()) for k in range(len(steps))],
    }


NAMES = (
    "tuning",
    "masked",
    "masked, accumulated",
    "private",
    "monolingual",
    "monolingual, accumulated",
    "stream",
    "stream, accumulated",
)


def small_run(model: Path, batch_size: int) -> Run:
    """Tuning with selection, from a folder, without dropout."""
    judged = {"max_length": 64, "languages": ("en", "fr")}
    return Run(
        name="small",
        method=TuneSpec(languages=("en", "fr"), data=WorldSource(rows=60), max_length=64),
        start=Pretrained(name=str(model)),
        training=Training(
            steps=12, batch_size=batch_size, learning_rate=1e-3, evaluate_every=4, checkpoint_every=5, weight_decay=0.01
        ),
        selection=Judging(data=WorldSource(rows=30, split="dev"), **judged),
        evaluation=Judging(data=WorldSource(rows=30, split="test"), **judged),
    )


def write_start(folder: Path) -> None:
    """A classifier to start from."""
    tiny_network(dtype=torch.float32).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)


def cut_at(step: int, rank: int | None) -> None:
    """Fail at this step: all processes, or one of them."""
    show = engine.ShowProgress.on_step_end

    def on_step_end(callback, args, state, control, **rest):
        if state.global_step == step and rank in (None, processes().process_index):
            os._exit(9)
        show(callback, args, state, control, **rest)

    engine.ShowProgress.on_step_end = on_step_end


def main(out: Path, what: str) -> None:
    """Do all of `NAMES` and the small run, or only the run, or the run until a step at which all die, or one."""
    torch.set_num_threads(1)
    state = processes()
    assert state.num_processes == 2
    if what == "all":
        torch.save({name: learn(name, out) for name in NAMES}, out / f"learned-{state.process_index}.pt")
    elif what != "run":
        step, *rank = map(int, what.split(" of "))
        cut_at(step, *(rank or [None]))
    console = Console(file=(said := StringIO()))
    result = engine.execute(small_run(out / "start", 4), Store(out / "store"), console)
    (out / f"result-{state.process_index}.json").write_text(result.model_dump_json())
    (out / f"said-{state.process_index}.txt").write_text(said.getvalue())
    state.wait_for_everyone()
    state.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
