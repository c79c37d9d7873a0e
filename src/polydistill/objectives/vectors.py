"""How far a student's vectors are from a teacher's, row by row: logits, first-token vectors, sentence vectors.

B = rows of the batch, D = width (of the logits or of the vector).
"""

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from polydistill.objectives.logits import Scaling, hinton
from polydistill.objectives.precision import alike, finer

Side = Literal["teacher", "student"]


def mean_over(rows_B: Tensor, mask_B: Tensor | None) -> Tensor:
    """The mean of the rows that count (mask 1 or True); 0 if none does."""
    rows_B = rows_B.to(finer(rows_B))
    if mask_B is None:
        return rows_B.mean() if len(rows_B) else rows_B.sum()
    weight_B = mask_B.to(rows_B.dtype)
    return (rows_B * weight_B).sum() / weight_B.sum().clamp(min=1)


def mse(student_BD: Tensor, teacher_BD: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """Mean squared error: mean over rows and features of (s - t)^2 (XD, Sec. 2.3: "L2 loss")."""
    return mean_over(F.mse_loss(*alike(student_BD, teacher_BD), reduction="none").mean(-1), mask_B)


def squared_distance(student_BD: Tensor, teacher_BD: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """Mean over rows of |s - t|^2, which is D times the mean squared error (thesis, Sec. 3.3.6)."""
    return mean_over(F.mse_loss(*alike(student_BD, teacher_BD), reduction="none").sum(-1), mask_B)


def l1(student_BD: Tensor, teacher_BD: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """Mean absolute error: mean over rows and features of |s - t|."""
    return mean_over(F.l1_loss(*alike(student_BD, teacher_BD), reduction="none").mean(-1), mask_B)


def smooth_l1(student_BD: Tensor, teacher_BD: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """Huber with threshold 1: mean over rows and features of d^2 / 2 where |d| < 1, else |d| - 1/2, with d = s - t."""
    return mean_over(F.smooth_l1_loss(*alike(student_BD, teacher_BD), reduction="none").mean(-1), mask_B)


def cosine(student_BD: Tensor, teacher_BD: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """One minus the cosine: mean over rows of 1 - s.t / (|s| |t|)."""
    return mean_over(1 - F.cosine_similarity(*alike(student_BD, teacher_BD), dim=-1), mask_B)


def kl(
    student_BD: Tensor,
    teacher_BD: Tensor,
    temperature: float = 1.0,
    target: Side = "teacher",
    scaling: Scaling = "hinton",
    mask_B: Tensor | None = None,
) -> Tensor:
    """T^2 x mean over rows of KL(softmax(t / T) || softmax(s / T)): features as if they were scores (BERT-KLD's loss).

    With the student as `target` the two change places: KL(softmax(s / T) || softmax(t / T)).
    """
    said, aim = (student_BD, teacher_BD) if target == "teacher" else (teacher_BD, student_BD)
    return hinton(said, aim, temperature, scaling, mask_B)
