"""How far a student's vectors are from a teacher's, row by row: logits, first-token vectors, sentence vectors.

B = rows of the batch, D = width (of the logits or of the vector).
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def mean_over(rows_B: Tensor, mask_B: Tensor | None) -> Tensor:
    """The mean of the rows that count (mask 1 or True); 0 if none does."""
    if mask_B is None:
        return rows_B.mean() if len(rows_B) else rows_B.sum()
    weight_B = mask_B.to(rows_B.dtype)
    return (rows_B * weight_B).sum() / weight_B.sum().clamp(min=1)


def mse(student_BD: Tensor, teacher_BD: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """Mean squared error: mean over rows and features of (s - t)^2 (XD, Sec. 2.3: "L2 loss")."""
    return mean_over(F.mse_loss(student_BD, teacher_BD, reduction="none").mean(-1), mask_B)


def squared_distance(student_BD: Tensor, teacher_BD: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """Mean over rows of |s - t|^2, which is D times the mean squared error (thesis, Sec. 3.3.6)."""
    return mean_over(F.mse_loss(student_BD, teacher_BD, reduction="none").sum(-1), mask_B)


def l1(student_BD: Tensor, teacher_BD: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """Mean absolute error: mean over rows and features of |s - t|."""
    return mean_over(F.l1_loss(student_BD, teacher_BD, reduction="none").mean(-1), mask_B)


def smooth_l1(student_BD: Tensor, teacher_BD: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """Huber with threshold 1: mean over rows and features of d^2 / 2 where |d| < 1, else |d| - 1/2, with d = s - t."""
    return mean_over(F.smooth_l1_loss(student_BD, teacher_BD, reduction="none").mean(-1), mask_B)


def cosine(student_BD: Tensor, teacher_BD: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """One minus the cosine: mean over rows of 1 - s.t / (|s| |t|)."""
    finer = torch.promote_types(student_BD.dtype, teacher_BD.dtype)  # else each norm is taken in its own precision
    return mean_over(1 - F.cosine_similarity(student_BD.to(finer), teacher_BD.to(finer), dim=-1), mask_B)
