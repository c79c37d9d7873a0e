"""What a teacher says over a large vocabulary: from its vectors, chunk by chunk, or from its stored top pieces.

N = positions, n = positions of a chunk, V = vocabulary, D = width, K = stored pieces a position.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Decoder:
    """The last step of a masked-language-modelling head: scores = vectors . weight^T + bias."""

    weight_VD: Tensor
    bias_V: Tensor | None = None

    def at(self, temperature: float, dtype: torch.dtype) -> "Decoder":
        """The decoder for vectors that are divided by the temperature, as its scores then are; in this precision."""
        bias = None if self.bias_V is None else (self.bias_V / temperature).to(dtype)
        return Decoder(self.weight_VD.to(dtype), bias)

    def scores(self, vectors_nD: Tensor, into_nV: Tensor | None = None) -> Tensor:
        """Over the vocabulary, for these positions."""
        if self.bias_V is None:
            return torch.mm(vectors_nD, self.weight_VD.T, out=into_nV)
        return torch.addmm(self.bias_V, vectors_nD, self.weight_VD.T, out=into_nV)


@dataclass(frozen=True)
class Reading:
    """A teacher that reads along: the vectors that go into its decoder, and the decoder. It gets no gradient."""

    vectors_ND: Tensor
    decoder: Decoder

    def __len__(self) -> int:
        return len(self.vectors_ND)


@dataclass(frozen=True)
class TopPieces:
    """What was stored of a teacher at one temperature T: its K highest scores a position, and the weight of the rest.

    The rest is one bucket: the teacher's probability outside its K pieces is compared with the student's outside the
    same pieces. So no mass is lost and none is made up; the divergence is never above the full one.
    """

    scores_NK: Tensor
    """The highest scores / T."""
    pieces_NK: Tensor
    """Their pieces."""
    rest_N: Tensor
    """log sum exp of all other scores / T; -inf if there are none."""
    temperature: float

    def __len__(self) -> int:
        return len(self.pieces_NK)


Teacher = Reading | TopPieces


@torch.no_grad()
def top_pieces(teacher: Reading, pieces: int, temperature: float, chunk: int) -> TopPieces:
    """What to store of a teacher for these positions, `chunk` of them at a time."""
    vocabulary = len(teacher.decoder.weight_VD)
    if not 1 <= pieces <= vocabulary:
        raise ValueError(f"Cannot store {pieces} pieces a position: choose 1 to {vocabulary}, the vocabulary's size.")
    found = [
        _top_of(teacher.decoder.scores(part), pieces, temperature) for part in torch.split(teacher.vectors_ND, chunk)
    ]
    scores, places, rest = (torch.cat(parts) for parts in zip(*found, strict=True))
    return TopPieces(scores, places, rest, temperature)


def _top_of(scores_nV: Tensor, pieces: int, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    finer = torch.promote_types(scores_nV.dtype, torch.float32)
    scores_nV = scores_nV.to(finer) / temperature
    highest_nK, places_nK = scores_nV.topk(pieces, dim=-1)
    return highest_nK, places_nK, scores_nV.scatter(-1, places_nK, -torch.inf).logsumexp(-1)
