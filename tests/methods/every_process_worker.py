"""What one process of several learns of each method in each variant, with dropout, in `test_every_process.py`."""

import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from method_cases import CASES, Case, prepare
from torch import nn
from transformers import TrainerCallback

from polydistill.data.batches.batches import Steps
from polydistill.data.batches.schedule import Schedule
from polydistill.methods.method import Method
from polydistill.models.frozen import Frozen
from polydistill.training.distiller import Distiller
from polydistill.training.processes import processes
from polydistill.training.settings import Training

STEPS, TOGETHER, DROPOUT = 2, 8, 0.3
QUICK = [case for case in CASES if str(case) in ("tune-xlm-roberta", "sentence-all-xlm-roberta")]


@dataclass
class Gradients(TrainerCallback):
    """Keeps every step's gradients, as they are before the optimiser's step."""

    steps: list[dict[str, torch.Tensor]] = field(default_factory=list)

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):
        self.steps.append(
            {name: part.grad.detach().clone() for name, part in model.named_parameters() if part.grad is not None}
        )


def drop(method: Method) -> None:
    """Let whatever learns drop numbers; teachers drop none."""
    taught = {id(part) for frozen in method.modules() if isinstance(frozen, Frozen) for part in frozen.modules()}
    for part in method.modules():
        if id(part) in taught:
            continue
        if isinstance(part, nn.Dropout):
            part.p = DROPOUT
        for name in ("dropout", "attention_dropout"):  # XLM keeps the shares themselves
            if isinstance(getattr(part, name, None), float):
                setattr(part, name, DROPOUT)


def learn(case: Case, how: str, folder: Path, accumulation: int = 1) -> dict[str, Any]:
    """Gradients of every step, and the logged terms."""
    state, prepared = processes(), prepare(case)
    method, groups = prepared.method, prepared.groups
    drop(method)
    size = TOGETHER // accumulation // state.num_processes
    place = {"rank": state.process_index, "processes": state.num_processes, "accumulation": accumulation}
    schedule = Schedule([group.lengths for group in groups], size, STEPS, 3, **place)
    steps = Steps(schedule, groups, prepared.transform)
    training = Training(
        steps=STEPS, batch_size=size, accumulation=accumulation, learning_rate=1e-12, clip=0.0, dropout=how
    )
    gradients = Gradients()
    distiller = Distiller(method, steps, training, folder, 0, callbacks=[gradients])
    distiller.fit()
    log = [{name: value for name, value in line.items() if name != "epoch"} for line in distiller.state.log_history]
    return {"gradients": gradients.steps, "log": [line for line in log if "loss" in line]}


def all_learned(count: int = 1) -> dict[str, Any]:
    """Of each case, in four processes of every fourth; of some in micro-batches, and with a batch's dropout."""
    learned = {}
    cases = CASES[:: 4 if count == 4 else 1]
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases):
            learned[str(case)] = learn(case, "row", Path(folder) / str(number))
        for case in QUICK:
            learned[f"{case}, accumulated"] = learn(case, "row", Path(folder) / f"{case}-2", 2)
            learned[f"{case}, by batch"] = learn(case, "batch", Path(folder) / f"{case}-3")
    return learned


if __name__ == "__main__":
    torch.set_num_threads(1)
    state = processes()
    learned = all_learned(state.num_processes)
    if state.is_main_process:
        torch.save(learned, sys.argv[1])
    state.wait_for_everyone()
    state.destroy_process_group()
