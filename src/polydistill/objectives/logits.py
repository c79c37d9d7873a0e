"""Learning from a teacher's scores: Hinton et al.'s soft targets, in the three scalings that are in use.

N = rows or positions, C = classes or vocabulary. For a vocabulary too large for [N, C], see `vocabulary.py`.
"""

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from polydistill.errors import unknown
from polydistill.objectives.precision import finer

Scaling = Literal["hinton", "cross_entropy", "sequence_sum"]
"""`hinton`: T^2 x mean over rows of KL(teacher || student). `cross_entropy`: mean over rows of -p_teacher log p_student
without T^2 (TextBrewer; MultiKD, eq. 3). `sequence_sum`: T^2 x sum over rows of KL / number of sequences (the code of
MonoShot). They differ by factors of T^2 and of the length, so learning rates do not carry over."""

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
