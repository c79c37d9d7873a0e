"""What a teacher says over a large vocabulary: from its vectors, chunk by chunk, or from its stored top pieces.

N = positions, n = positions of a chunk, V = vocabulary, W = that of a teacher who knows more pieces, D = width,
K = stored pieces a position.
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

    def of(self, pieces_V: Tensor) -> "Decoder":
        """The rows of these pieces."""
        return Decoder(self.weight_VD[pieces_V], None if self.bias_V is None else self.bias_V[pieces_V])

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

    def of(self, pieces_V: Tensor) -> "Reading":
        """The same teacher, as if it knew these pieces alone: p(v) / sum of p over them."""
        return Reading(self.vectors_ND, self.decoder.of(pieces_V))


@dataclass(frozen=True)
class Wider:
    """A teacher that reads along and knows more pieces than its student; what it says of the others is one bucket.

    The student has no piece for the bucket but one that stands for all that it cannot write: its <unk>. So it learns

        P(v) = p(v) for each of its pieces v, and P(unk) = p(unk) + sum of p(w) over all pieces w that it does not have

    of the teacher's p at the temperature. As with `TopPieces` no mass is lost and none is made up. (To share the lost
    mass out among the pieces that both have, let the teacher score these alone: `Reading.of`.)
    """

    vectors_ND: Tensor
    decoder: Decoder
    pieces_V: Tensor
    """The teacher's piece that each of the student's is."""
    unknown: int
    """The student's piece for all others."""

    def __len__(self) -> int:
        return len(self.vectors_ND)

    def gathered(self, scores_nW: Tensor, into_nV: Tensor) -> Tensor:
        """The log probabilities P of the student's pieces, from scores that are used up."""
        total_n1 = scores_nW.logsumexp(-1, keepdim=True)
        torch.index_select(scores_nW, -1, self.pieces_V, out=into_nV).sub_(total_n1)
        rest_n = scores_nW.index_fill_(-1, self.pieces_V, -torch.inf).logsumexp(-1) - total_n1.squeeze(-1)
        into_nV[:, self.unknown] = torch.logaddexp(into_nV[:, self.unknown], rest_n)
        return into_nV


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


Teacher = Reading | Wider | TopPieces


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
