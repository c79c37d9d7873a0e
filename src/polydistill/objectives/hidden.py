"""Matching vectors token by token: hidden states (Hid) and embedding outputs (Emb).

B = rows of the batch, L = tokens, D = width. A student of another width is projected before it comes here.
"""

from torch import Tensor

from polydistill.objectives import vectors


def mse(student_BLD: Tensor, teacher_BLD: Tensor, mask_BL: Tensor | None = None) -> Tensor:
    """Hid and Emb by MSE: mean over the tokens that count and over features of (s - t)^2 (thesis, eq. 2.12, 2.16)."""
    return vectors.mse(student_BLD.flatten(0, 1), teacher_BLD.flatten(0, 1), _tokens(mask_BL))


def cosine(student_BLD: Tensor, teacher_BLD: Tensor, mask_BL: Tensor | None = None) -> Tensor:
    """Hid by cosine: mean over the tokens that count of 1 - s.t / (|s| |t|) (thesis, eq. 2.13)."""
    return vectors.cosine(student_BLD.flatten(0, 1), teacher_BLD.flatten(0, 1), _tokens(mask_BL))


def _tokens(mask_BL: Tensor | None) -> Tensor | None:
    return None if mask_BL is None else mask_BL.flatten()
