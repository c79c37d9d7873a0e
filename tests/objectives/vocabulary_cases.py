"""Small vocabulary losses to compare: the same inputs to the chunked and to the dense way."""

import dataclasses

import numpy as np
import pytest
import torch

from polydistill.objectives.classes import cross_entropy
from polydistill.objectives.logits import hinton
from polydistill.objectives.vocabulary import mlm_and_hinton
from polydistill.objectives.vocabulary_teachers import Decoder, Reading

POSITIONS, PIECES, WIDTH = 13, 11, 5
every_scaling = pytest.mark.parametrize("scaling", ["hinton", "cross_entropy", "sequence_sum"])


@dataclasses.dataclass
class Case:
    vectors: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor | None
    labels: torch.Tensor
    teacher: Reading
    distil: torch.Tensor

    @property
    def leaves(self):
        return [leaf for leaf in (self.vectors, self.weight, self.bias) if leaf is not None]

    @property
    def decoder(self):
        return Decoder(self.weight, self.bias)

    def dense(self, temperature=1.0, scaling="hinton"):
        """Both terms from the scores of every position."""
        scores = self.vectors @ self.weight.T + (0 if self.bias is None else self.bias)
        mlm = cross_entropy(scores, self.labels.clamp(min=0), self.labels != -100)
        with torch.no_grad():
            wanted = self.teacher.decoder.scores(self.teacher.vectors_ND)
        return mlm, hinton(scores, wanted, temperature, scaling, self.distil, sequences=3)

    def chunked(self, **settings):
        settings = {"teacher": self.teacher, "distil_N": self.distil, "sequences": 3} | settings
        return mlm_and_hinton(self.vectors, self.decoder, self.labels, **settings)

    def gradients(self, terms, weights=(1.0, 1.0)):
        return torch.autograd.grad(weights[0] * terms[0] + weights[1] * terms[1], self.leaves)


def make_case(seed=0, bias=True, dtype=torch.float64, labelled=0.6, distilled=0.6, scale=1.0):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return (scale * torch.randn(*shape, generator=generator, dtype=torch.float64)).to(dtype)

    labels = torch.randint(PIECES, (POSITIONS,), generator=generator)
    labels[torch.rand(POSITIONS, generator=generator) >= labelled] = -100
    return Case(
        vectors=normal(POSITIONS, WIDTH).requires_grad_(),
        weight=normal(PIECES, WIDTH).requires_grad_(),
        bias=normal(PIECES).requires_grad_() if bias else None,
        labels=labels,
        teacher=Reading(normal(POSITIONS, 7), Decoder(normal(PIECES, 7), normal(PIECES) if bias else None)),
        distil=torch.rand(POSITIONS, generator=generator) < distilled,
    )


def assert_equal(case, terms, expected, weights=(1.0, 1.0)):
    for value, other in zip(terms, expected, strict=True):
        assert value.item() == pytest.approx(other.item(), rel=1e-9, abs=1e-12)
    for gradient, other in zip(case.gradients(terms, weights), case.gradients(expected, weights), strict=True):
        np.testing.assert_allclose(gradient.numpy(), other.numpy(), rtol=1e-9, atol=1e-12)
