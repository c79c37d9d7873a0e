"""Learning from a teacher's scores: Hinton et al.'s soft targets, in the three scalings that are in use.

N = rows or positions, C = classes or vocabulary. For a vocabulary too large for [N, C], see `vocabulary.py`.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from polydistill.errors import unknown
from polydistill.objectives.precision import finer

Scaling = Literal["hinton", "cross_entropy", "sequence_sum"]
"""`hinton`: T^2 x mean over rows of KL(teacher || student). `cross_entropy`: mean over rows of -p_teacher log p_student
without T^2 (TextBrewer; MultiKD, eq. 3). `sequence_sum`: T^2 x sum over rows of KL / number of sequences (the code of
MonoShot). They differ by factors of T^2 and of the length, so learning rates do not carry over."""

NEVER = -1e4
"""The logarithm of a probability of 0, finite so that 0 times it is 0."""
_SCALINGS = ("hinton", "cross_entropy", "sequence_sum")


def hinton(
    student_NC: Tensor,
    teacher_NC: Tensor,
    temperature: float,
    scaling: Scaling = "hinton",
    mask_N: Tensor | None = None,
    sequences: int | None = None,
) -> Tensor:
    """How far softmax(student / T) is from softmax(teacher / T) over the rows that count (thesis, eq. 2.8, 2.9).

    `sequences`, for `sequence_sum` alone, is the number of texts that the rows are the tokens of.
    """
    dtype = finer(student_NC, teacher_NC)
    student_NC = F.log_softmax(student_NC / temperature, dim=-1, dtype=dtype)
    teacher_NC = F.log_softmax(teacher_NC / temperature, dim=-1, dtype=dtype)
    if scaling == "cross_entropy":
        rows_N = -(teacher_NC.exp() * student_NC).sum(-1)
    else:
        rows_N = F.kl_div(student_NC, teacher_NC, reduction="none", log_target=True).sum(-1)
    if mask_N is not None:
        rows_N = rows_N * mask_N.to(rows_N.dtype)
    number = len(rows_N) if mask_N is None else int(mask_N.sum())
    return rows_N.sum() * row_weight(scaling, temperature, number, sequences)


def rest_as_one(student_NC: Tensor, teacher_NC: Tensor) -> tuple[Tensor, Tensor]:
    """Scores of both as log-probabilities, with the classes that the teacher leaves out as one more class.

    Where the teacher's score is `nan` it gives no class by itself, and what is left of 1 to all such classes together;
    the others must then be log-probabilities. Softened by T, that class is one like any other.
    """
    unknown_NC = teacher_NC.isnan()
    if not unknown_NC.any():
        return student_NC, teacher_NC
    log_NC = F.log_softmax(student_NC, dim=-1, dtype=finer(student_NC, teacher_NC))
    named_NC = teacher_NC.to(log_NC.dtype).masked_fill(unknown_NC, NEVER)
    some_N1 = unknown_NC.any(-1, keepdim=True)
    rest_N1 = (1 - named_NC.exp().sum(-1, keepdim=True)).clamp(min=0).log().clamp(min=NEVER)
    together_N1 = log_NC.masked_fill(~unknown_NC, NEVER).logsumexp(-1, keepdim=True)
    student = [log_NC.masked_fill(unknown_NC, NEVER), together_N1.masked_fill(~some_N1, NEVER)]
    teacher = [named_NC, rest_N1.masked_fill(~some_N1, NEVER)]
    return torch.cat(student, -1), torch.cat(teacher, -1)


def from_shares(
    student_NC: Tensor, shares_NC: Tensor, temperature: float = 1.0, scaling: Scaling = "cross_entropy"
) -> Tensor:
    """The same where the teacher's probabilities are known and not its scores: p^(1/T) is softmax(log p / T).

    Classes whose share is `nan` share what is left of 1 as one.
    """
    scores_NC = shares_NC.to(finer(student_NC, shares_NC)).log().clamp(min=NEVER)
    return hinton(*rest_as_one(student_NC, scores_NC), temperature, scaling)


def row_weight(scaling: Scaling, temperature: float, rows: int, sequences: int | None) -> float:
    """What each of the rows that count is multiplied by before they are added up."""
    if temperature <= 0:
        raise ValueError(f"The temperature is {temperature}, but must be above 0; 1 leaves the scores as they are.")
    if scaling == "hinton":
        return temperature**2 / max(1, rows)
    if scaling == "cross_entropy":
        return 1 / max(1, rows)
    if scaling != "sequence_sum":
        raise unknown("scaling", scaling, _SCALINGS)
    if sequences is None:
        raise ValueError(
            "The scaling 'sequence_sum' divides by the number of sequences; give it as `sequences`, or take 'hinton', "
            "which divides by the number of positions."
        )
    return temperature**2 / max(1, sequences)
