"""BERTScore (Zhang et al. 2020) of every query with every candidate, as full matrices.

    recall(q, c)    = sum over tokens i of q of w_i max_j q_i . c_j    w = weights of q's tokens, summing to 1
    precision(q, c) = sum over tokens j of c of v_j max_i q_i . c_j    v = weights of c's tokens, summing to 1
    F1              = 2 precision recall / (precision + recall)

The query is what the paper calls the reference. Sentences of equal length are compared together, so nothing is padded:
a block of n sentences of a tokens and m of b is one matrix product, of which the maxima over tokens are taken.

P = tokens of a sentence in a block, N = queries, M = candidates, D = width.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from polydistill.data.batches.encoding import Ints
from polydistill.progress import followed
from polydistill.retrieval.token_vectors import Sentences

BLOCK = 1024  # token vectors a side of a matrix product: chosen by measurement, so that the product stays in the cache


@dataclass(frozen=True)
class BertScores:
    """Precision and recall of every query with every candidate, both [N, M]."""

    precision: Tensor
    recall: Tensor

    @property
    def f1(self) -> Tensor:
        """Their harmonic mean; 0 where both are."""
        both_NM = self.precision + self.recall
        return 2 * self.precision * self.recall / torch.where(both_NM == 0, 1, both_NM)

    def swapped(self) -> "BertScores":
        """The same with queries and candidates exchanged."""
        return BertScores(self.recall.T, self.precision.T)


@dataclass(frozen=True)
class _Block:
    """Sentences of one length, and their places in the order of lengths; positions come first, then sentences."""

    start: int
    vectors_PND: Tensor
    weights_PN: Tensor

    @property
    def places(self) -> slice:
        """Rows or columns of the matrices that these sentences fill."""
        return slice(self.start, self.start + self.vectors_PND.shape[1])


def bertscore(queries: Sentences, candidates: Sentences, block: int = BLOCK) -> BertScores:
    """All pairs' precision and recall. A sentence without tokens that weigh anything scores 0 with all others."""
    here = queries.vectors_KTD
    precision_NM, recall_NM = (here.new_empty(len(queries), len(candidates)) for _ in range(2))
    rows, columns = _by_length(queries), _by_length(candidates)
    others = list(_blocks(candidates, columns, block))
    blocks = followed(
        _blocks(queries, rows, block), "BERTScore", len(queries), unit="text", many=lambda one: one.vectors_PND.shape[1]
    )
    for one in blocks:
        for other in others:
            precision_NM[one.places, other.places], recall_NM[one.places, other.places] = _compare(one, other)
    back_N, back_M = (torch.from_numpy(np.argsort(order)).to(here.device) for order in (rows, columns))
    empty_NM = (_total(queries) == 0)[:, None] | (_total(candidates) == 0)[None, :]
    return BertScores(*(matrix[back_N][:, back_M].masked_fill(empty_NM, 0.0) for matrix in (precision_NM, recall_NM)))


def _compare(queries: _Block, candidates: _Block) -> tuple[Tensor, Tensor]:
    """Precision and recall of every query of a block with every candidate of another."""
    (p, n, width), (q, m, _) = queries.vectors_PND.shape, candidates.vectors_PND.shape
    products = queries.vectors_PND.reshape(p * n, width) @ candidates.vectors_PND.reshape(q * m, width).T
    similar_PNQM = products.view(p, n, q, m)
    recall_NM = (similar_PNQM.amax(2) * queries.weights_PN[:, :, None]).sum(0)
    precision_NM = (similar_PNQM.amax(0) * candidates.weights_PN[None]).sum(1)
    return precision_NM, recall_NM


def _by_length(sentences: Sentences) -> Ints:
    return np.argsort(np.diff(sentences.offsets), kind="stable")


def _total(sentences: Sentences) -> Tensor:
    """What the tokens of each sentence weigh together."""
    lengths = torch.from_numpy(np.diff(sentences.offsets)).to(sentences.weights_T.device)
    return torch.segment_reduce(sentences.weights_T, "sum", lengths=lengths)


def _blocks(sentences: Sentences, order: Ints, block: int) -> Iterator[_Block]:
    """The sentences in the order of their lengths, cut into blocks of one length and about `block` vectors."""
    layers, _, width = sentences.vectors_KTD.shape
    lengths, totals_N = np.diff(sentences.offsets)[order], _total(sentences)
    device = sentences.weights_T.device
    for length in np.unique(lengths[lengths > 0]):  # without tokens there is nothing to compare
        first, last = np.searchsorted(lengths, length), np.searchsorted(lengths, length, side="right")
        step = max(1, block // max(1, int(length) * layers))
        for start in range(first, last, step):
            rows = order[start : min(start + step, last)]
            places = torch.from_numpy(sentences.offsets[rows][None, :] + np.arange(length)[:, None]).to(device)
            vectors = sentences.vectors_KTD[:, places].reshape(layers * length, len(rows), width)
            total_N = totals_N[torch.from_numpy(rows).to(device)] * layers
            weights_PN = (sentences.weights_T[places] / torch.where(total_N == 0, 1, total_N)).repeat(layers, 1)
            yield _Block(start, vectors, weights_PN)
