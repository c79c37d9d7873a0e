"""Learning where a teacher puts sentences: SentA and StrucA (MMKD, eq. 2 to 5).

Plain sentence distillation is `vectors.mse` of the student's sentence vectors to the teacher's.

B = sentences, D = width.
"""

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from polydistill.errors import unknown
from polydistill.objectives import vectors
from polydistill.objectives.precision import alike, counted, finer, products
from polydistill.objectives.vectors import mean_over

Features = Literal["mean", "sum"]
"""Over the features of a vector: their sum (eq. 2, as BYOL's: 2 - 2 cos), or their mean ("Mean Squared Error")."""

Rows = Literal["mean", "sum"]
"""Over the sentences of a batch: their mean, or their sum (eq. 5)."""


def sentence_alignment(
    student_BD: Tensor, teacher_BD: Tensor, features: Features = "sum", mask_B: Tensor | None = None
) -> Tensor:
    """SentA: mean over sentences of the squared difference of the two vectors at length 1 (eq. 2)."""
    distance = {"mean": vectors.mse, "sum": vectors.squared_distance}
    if features not in distance:
        raise unknown("features", features, distance)
    student_BD, teacher_BD = (F.normalize(one_BD, dim=-1) for one_BD in alike(student_BD, teacher_BD))
    return distance[features](student_BD, teacher_BD, mask_B)


def structure_alignment(
    student_BD: Tensor, teacher_BD: Tensor, temperature: float, rows: Rows = "mean", mask_B: Tensor | None = None
) -> Tensor:
    """StrucA: KL(softmax(A / T) || softmax(A~ / T)), A and A~ the cosines of all pairs of the batch (eq. 3 to 5).

    A is of the teacher's vectors, A~ of the student's; each sentence is compared with itself too, as in eq. 4.
    """
    if temperature <= 0:
        raise ValueError(f"The temperature is {temperature}, but must be above 0; 1 leaves the cosines as they are.")
    if rows not in ("mean", "sum"):
        raise unknown("rows", rows, ("mean", "sum"))
    student_BB, teacher_BB = (_log_relations(side, temperature, mask_B) for side in (student_BD, teacher_BD))
    rows_B = F.kl_div(student_BB, teacher_BB, reduction="none", log_target=True).sum(-1)
    if rows == "mean":
        return mean_over(rows_B, mask_B)
    return (rows_B if mask_B is None else rows_B * mask_B.to(rows_B.dtype)).sum()


def _log_relations(x_BD: Tensor, temperature: float, mask_B: Tensor | None) -> Tensor:
    """The logarithm of how much each sentence relates to each other one that counts."""
    unit_BD = F.normalize(x_BD.to(finer(x_BD)), dim=-1)
    return counted(products(unit_BD, unit_BD.T) / temperature, mask_B).log_softmax(-1)


def spread(x_BD: Tensor) -> Tensor:
    """How far the vectors, at length 1, lie apart: the sum of the variances of their features.

    0 where all are one and the same direction (collapsed), at most 1.
    """
    return F.normalize(x_BD.detach().float(), dim=-1).var(0, correction=0).sum()
