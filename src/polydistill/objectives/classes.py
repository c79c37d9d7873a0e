"""Learning from labels: of rows, and of masked tokens.

B = rows, C = classes, N = masked positions, V = vocabulary.
"""

from torch import Tensor
from torch.nn import functional as F

from polydistill.objectives.precision import finer
from polydistill.objectives.vectors import mean_over


def cross_entropy(logits_BC: Tensor, labels_B: Tensor, mask_B: Tensor | None = None) -> Tensor:
    """Mean over rows of -log softmax(logits)[label]. Also of masked tokens, with B = positions and C = vocabulary."""
    return mean_over(F.cross_entropy(logits_BC.to(finer(logits_BC)), labels_B, reduction="none"), mask_B)
