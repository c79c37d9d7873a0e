"""Learning where a teacher puts sentences: SentA and StrucA (MMKD, eq. 2 to 5).

Plain sentence distillation is `vectors.mse` of the student's sentence vectors to the teacher's. Beside it stand a
contrast within the batch and relations of sentences, and what tells a student that has collapsed.

B = sentences, D = width.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from polydistill.errors import unknown
from polydistill.objectives import vectors
from polydistill.objectives.precision import alike, counted, finer, products
from polydistill.objectives.vectors import mean_over

Objective = Callable[[Tensor, Tensor], Tensor]
_SAME = 1e-6  # ours: two vectors whose cosine is nearer to 1 are of one sentence

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


def in_batch_contrast(
    student_BD: Tensor, teacher_BD: Tensor, temperature: float = 0.05, mask_B: Tensor | None = None
) -> Tensor:
    """InfoNCE: mean over sentences i of -log softmax over j of cos(s_i, t_j) / T, at j = i (van den Oord et al. 2018).

    A sentence that stands twice in a batch (or with its translation, whose teacher's vector is the same) is no negative
    of itself: of the candidates that equal its own, only its own counts.
    """
    if temperature <= 0:
        raise ValueError(f"The temperature is {temperature}, but must be above 0; 1 leaves the cosines as they are.")
    student_BD, teacher_BD = (F.normalize(one_BD, dim=-1) for one_BD in alike(student_BD, teacher_BD))
    same_BB = products(teacher_BD, teacher_BD.T) > 1 - _SAME
    counts_BB = ~same_BB | torch.eye(len(same_BB), dtype=torch.bool, device=same_BB.device)
    if mask_B is not None:
        counts_BB = counts_BB & mask_B.bool()[None, :]
    scores_BB = counted(products(student_BD, teacher_BD.T) / temperature, counts_BB)
    return mean_over(-scores_BB.log_softmax(-1).diagonal(), mask_B)


def relation_mse(student_BD: Tensor, teacher_BD: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """Mean over pairs of two sentences of the squared difference of their cosines (Tung & Mori 2019)."""
    student_BB, teacher_BB = (
        products(one_BD, one_BD.T) for one_BD in (F.normalize(x, dim=-1) for x in alike(student_BD, teacher_BD))
    )
    return mean_over((student_BB - teacher_BB).square().flatten(), _pairs(student_BB, mask_B).flatten())


def at_widths(objective: Objective, student_BD: Tensor, teacher_BD: Tensor, widths: Sequence[int]) -> Tensor:
    """Matryoshka (Kusupati et al. 2022): an objective of the first w features of both, its mean over the widths w."""
    values = [objective(student_BD[:, :width], teacher_BD[:, :width]) for width in widths]
    return torch.stack(values).mean()


def explained(said_BD: Tensor, wanted_BD: Tensor) -> Tensor:
    """The share of the variance of the wanted vectors that the others give, all at length 1; at most 1.

    About 0 where a student says of every sentence what its teacher says in the mean, as one that has collapsed does.
    """
    said_BD, wanted_BD = (F.normalize(one_BD.detach(), dim=-1) for one_BD in alike(said_BD, wanted_BD))
    missed, whole = (said_BD - wanted_BD).square().sum(), (wanted_BD - wanted_BD.mean(0)).square().sum()
    return 1 - missed / whole.clamp(min=torch.finfo(whole.dtype).tiny)


def uniformity(x_BD: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """Log of the mean of exp(-2 |x_i - x_j|^2) over pairs at length 1 (Wang & Isola 2020): 0 if collapsed."""
    unit_BD = F.normalize(x_BD.detach().to(finer(x_BD)), dim=-1)
    apart_BB = (2 - 2 * products(unit_BD, unit_BD.T)).clamp(min=0)
    return mean_over((-2 * apart_BB).exp().flatten(), _pairs(apart_BB, mask_B).flatten()).clamp(min=1e-30).log()


def _pairs(values_BB: Tensor, mask_B: Tensor | None) -> Tensor:
    """Which pairs are of two sentences that count."""
    size, device = len(values_BB), values_BB.device
    rows_B = torch.ones(size, dtype=torch.bool, device=device) if mask_B is None else mask_B.bool()
    return rows_B[:, None] & rows_B[None, :] & ~torch.eye(size, dtype=torch.bool, device=device)


def spread(x_BD: Tensor) -> Tensor:
    """How far the vectors, at length 1, lie apart: the sum of the variances of their features.

    0 where all are one and the same direction (collapsed), at most 1.
    """
    return F.normalize(x_BD.detach().float(), dim=-1).var(0, correction=0).sum()
