"""What a student says of texts, whatever runs it.

A student of PyTorch takes tensors. Any other takes and gives arrays (`ArrayStudent`), and nothing of PyTorch is loaded
for it. T = tokens of all texts, C = outputs of the head.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from polydistill.data.batches.encoding import Encoded, Floats, Ints
from polydistill.data.batches.padding import Padded, padded_batches, read_together
from polydistill.data.files.growing import room_for
from polydistill.progress import followed

if TYPE_CHECKING:
    import torch
    from torch import nn


class ArrayStudent(ABC):
    """A student that another runtime than PyTorch runs."""

    @abstractmethod
    def logits(self, inputs: Padded) -> Floats:
        """Of a padded batch."""


if TYPE_CHECKING:
    Student = nn.Module | ArrayStudent


def row_logits(
    student: Student,
    text: Encoded,
    language: str | None,
    batch_size: int | None = None,
    device: torch.device | None = None,
) -> Floats:
    """The logits of every row, in order."""
    logits: Floats | None = None
    for rows, said in batch_logits(student, text, language, batch_size, device):
        if logits is None:
            logits = room_for((len(text), *said.shape[1:]), np.float32)
        logits[rows] = said
    assert logits is not None, "there are texts to read"
    return logits


def token_logits(
    student: Student, text: Encoded, outputs: int, language: str | None, device: torch.device | None
) -> Floats:
    """The logits [T, C] of the tokens of all texts, in order."""
    logits_TC = np.zeros((len(text.columns["input_ids"]), outputs), dtype=np.float32)
    for rows, logits_BLC in batch_logits(student, text, language, None, device):
        for row, logits_LC in zip(rows, logits_BLC, strict=True):
            start, end = text.offsets[row], text.offsets[row + 1]
            logits_TC[start:end] = logits_LC[: end - start]
    return logits_TC


def batch_logits(
    student: Student, text: Encoded, language: str | None, batch_size: int | None, device: torch.device | None
) -> Iterator[tuple[Ints, Floats]]:
    """The rows of each batch, and what the student says of them; it is shown how far it is."""
    batch_size = read_together(device) if batch_size is None else batch_size
    said: Iterator[tuple[Ints, Floats]]
    if isinstance(student, ArrayStudent):
        said = ((rows, student.logits(inputs)) for rows, inputs in padded_batches(text, batch_size))
    else:
        said = _by_torch(student, text, language, batch_size, device)
    what = "The model reads" if language is None else f"The model reads {language}"
    return followed(said, what, len(text), unit="row", many=lambda batch: len(batch[0]))


def _by_torch(
    student: nn.Module, text: Encoded, language: str | None, batch_size: int, device: torch.device | None
) -> Iterator[tuple[Ints, Floats]]:
    """The same of a module, which sleeps meanwhile."""
    import torch

    from polydistill.data.batches.batches import length_batches

    was_training = student.training
    student.eval()
    try:
        for rows, inputs in length_batches(text, batch_size, device or torch.device("cpu")):
            with torch.no_grad():
                said: Floats = student(inputs, language).logits_BC.float().cpu().numpy()
            yield rows, said
    finally:
        student.train(was_training)
