"""Learning from labels: of rows, and of masked tokens.

B = rows, C = classes, N = masked positions, V = vocabulary.
"""

from torch import Tensor
from torch.nn import functional as F

from polydistill.objectives.logits import from_shares
from polydistill.objectives.precision import finer
from polydistill.objectives.vectors import mean_over


def cross_entropy(logits_BC: Tensor, labels_B: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """Mean over rows of -log softmax(logits)[label]. Also of masked tokens, with B = positions and C = vocabulary."""
    return mean_over(F.cross_entropy(logits_BC.to(finer(logits_BC)), labels_B, reduction="none"), mask_B)


def soft_cross_entropy(logits_BC: Tensor, shares_BC: Tensor) -> Tensor:
    """Mean over rows of -sum of shares x log softmax(logits). Labels whose share is `nan` share what is left as one.

    With some such labels: -sum over the others of share x log q - rest x log(sum of q over these labels).
    """
    return from_shares(logits_BC, shares_BC, scaling="cross_entropy")


def each_alone(logits_BC: Tensor, shares_BC: Tensor) -> Tensor:
    """Mean over rows and labels of the binary cross-entropy of sigmoid(logits) with the share of each label."""
    return F.binary_cross_entropy_with_logits(logits_BC.to(finer(logits_BC)), shares_BC.to(finer(logits_BC)))


def squared_error(numbers_B: Tensor, wanted_B: Tensor) -> Tensor:
    """Mean over rows of (number - wanted)^2."""
    return F.mse_loss(numbers_B.to(finer(numbers_B)), wanted_B.to(finer(numbers_B)))
