"""Tasks with one label a row. Accuracy is the share of rows whose largest logit is the gold label."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from polydistill.data.encoding import Encoded
from polydistill.data.rows import PAIR_OF_SENTENCES, RowShape
from polydistill.data.signals import Floats, compute_signals

TaskName = Literal["nli"]


@dataclass(frozen=True)
class Classification:
    """One task: its name, the rows it reads, and the number that judges it."""

    name: TaskName
    shape: RowShape
    metric: str = "accuracy"


NLI = Classification("nli", PAIR_OF_SENTENCES)
TASKS: dict[TaskName, Classification] = {"nli": NLI}


def predict_logits(
    student: nn.Module, text: Encoded, language: str | None, batch_size: int = 64, device: torch.device | None = None
) -> Floats:
    """The student's logits for every text, in order."""
    was_training = student.training
    student.eval()
    logits = compute_signals(
        lambda inputs: student(inputs, language).logits_BC, text, batch_size, device or torch.device("cpu")
    )
    student.train(was_training)
    return logits


def accuracy(predicted: Sequence[int] | NDArray[Any], gold: Sequence[int] | NDArray[Any]) -> float:
    """Share of rows predicted right."""
    return float(np.mean(np.asarray(predicted) == np.asarray(gold)))
