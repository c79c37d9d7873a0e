"""Matching attention (Att): the scores before the softmax, or the probabilities after it.

B = rows of the batch, H = heads, L = tokens, K = width of a head. What counts are the pairs of tokens that both count,
so a batch has the sum over its rows of (number of tokens)^2 of them.
"""

import math

from torch import Tensor

from polydistill.objectives.precision import alike, counted
from polydistill.objectives.vectors import mean_over


def scores(query_BHLK: Tensor, key_BHLK: Tensor) -> Tensor:
    """What attention puts into its softmax, pads not masked: A = Q K^T / sqrt(K) (thesis, eq. 2.14)."""
    return query_BHLK @ key_BHLK.transpose(-1, -2) / math.sqrt(query_BHLK.shape[-1])


def scores_mse(student_BHLL: Tensor, teacher_BHLL: Tensor, mask_BL: Tensor | None = None) -> Tensor:
    """Att: mean over heads and over the pairs that count of (s - t)^2, before the softmax (thesis, eq. 2.15)."""
    if student_BHLL.shape != teacher_BHLL.shape:
        raise ValueError(
            f"Attention is matched head by head, but the student's is {tuple(student_BHLL.shape)} and the teacher's "
            f"{tuple(teacher_BHLL.shape)} (rows, heads, tokens, tokens). Give the student the teacher's number of "
            "heads, or match relations, which need no equal heads."
        )
    student_BHLL, teacher_BHLL = alike(student_BHLL, teacher_BHLL)
    apart_BHLL = student_BHLL - teacher_BHLL
    if mask_BL is None:
        return mean_over(apart_BHLL.square().flatten(), None)
    counts_BL = mask_BL.bool()
    counts_BLL = counts_BL.unsqueeze(-1) & counts_BL.unsqueeze(-2)
    # Filled before the square, for what stands at a pad may be -inf on both sides.
    apart_BHLL = apart_BHLL.masked_fill(~counts_BLL.unsqueeze(1), 0.0)
    return mean_over(apart_BHLL.square().mean(1).flatten(), counts_BLL.flatten())


def probabilities(scores_BHLL: Tensor, mask_BL: Tensor | None = None) -> Tensor:
    """The softmax of the scores over the tokens that count."""
    return counted(scores_BHLL, None if mask_BL is None else mask_BL[:, None, None, :]).softmax(-1)


def probabilities_mse(
    student_BHLL: Tensor,
    teacher_BHLL: Tensor,
    mask_BL: Tensor | None = None,
    smallest: float = 1e-2,  # "torch.where(attentions <= 1e-2, zeros, attentions)" (the authors' code, both sides)
) -> Tensor:
    """Att as the authors' code has it: like `scores_mse`, of probabilities, those up to `smallest` cut to zero."""
    student_BHLL, teacher_BHLL = (
        one_BHLL.masked_fill(one_BHLL <= smallest, 0.0) for one_BHLL in (student_BHLL, teacher_BHLL)
    )
    return scores_mse(student_BHLL, teacher_BHLL, mask_BL)
