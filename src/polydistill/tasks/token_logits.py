"""What a student says of every token of some texts."""

import numpy as np
import torch
from torch import nn

from polydistill.data.batches.batches import length_batches
from polydistill.data.batches.encoding import Encoded
from polydistill.data.batches.signals import Floats

_BATCH = 64  # ours, as for other tasks


@torch.no_grad()
def token_logits(student: nn.Module, text: Encoded, outputs: int, language: str | None, device: torch.device) -> Floats:
    """The logits [T, outputs] of the tokens of all texts, in order."""
    was_training = student.training
    student.eval()
    logits_TC = np.zeros((len(text.columns["input_ids"]), outputs), dtype=np.float32)
    for rows, inputs in length_batches(text, _BATCH, device):
        logits_BLC = student(inputs, language).logits_BC.float().cpu().numpy()
        for row, logits_LC in zip(rows, logits_BLC, strict=True):
            start, end = text.offsets[row], text.offsets[row + 1]
            logits_TC[start:end] = logits_LC[: end - start]
    student.train(was_training)
    return logits_TC
