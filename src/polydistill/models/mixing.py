"""The mixer of an MBLM: what all branches say of a text, weighed feature by feature (MultiKD and MBLM, eq. 9 to 12).

B = rows, L = places, D = width, N = branches.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn


def mixed(streams: Iterable[Tensor], vector_L: Tensor, mask_BL: Tensor | None) -> Tensor:
    """Eq. 10 to 12: scores v . H of every branch and feature, their softmax over branches, the weighted sum.

    Pads have no part in the scores: more of them change nothing. A vector of zeros makes it the plain mean.
    """
    all_BLD = list(streams)
    first_BLD, others = all_BLD[0], all_BLD[1:]
    vector_1L = vector_L[: first_BLD.shape[1]].unsqueeze(0)
    vector_BL = vector_1L.expand(len(first_BLD), -1) if mask_BL is None else vector_1L * mask_BL.to(vector_L.dtype)
    scores_NB1D = torch.stack([vector_BL.unsqueeze(1) @ stream_BLD for stream_BLD in all_BLD])
    shares_NB1D = scores_NB1D.softmax(0).to(first_BLD.dtype)
    total_BLD = first_BLD * shares_NB1D[0]
    for stream_BLD, share_B1D in zip(others, shares_NB1D[1:], strict=True):
        total_BLD.addcmul_(stream_BLD, share_B1D)  # in place: no gradient asks for what the total was before
    return total_BLD


class Mixer(nn.Module):
    """The trainable vectors v over positions: one for each output, so that only outputs that are learned from move."""

    def __init__(self, outputs: Iterable[str], positions: int) -> None:
        super().__init__()
        self.vectors = nn.ParameterDict({name: nn.Parameter(torch.zeros(positions)) for name in outputs})

    def forward(self, output: str, streams: Mapping[str, Tensor], mask_BL: Tensor | None) -> Tensor:
        """One of the mixer's outputs."""
        return mixed(streams.values(), self.vectors[output], mask_BL)
