"""What a method returns: named, weighted terms whose weighted sum is what is trained."""

from dataclasses import dataclass, field

from torch import Tensor

EXPLAINED = "explained"
"""A measure of vectors: the share of the variance of the teacher's that the student's give. About 0: collapsed."""


@dataclass(frozen=True)
class Term:
    """One part of a loss under its paper's name: an unweighted mean, and its weight."""

    value: Tensor
    weight: float = 1.0


@dataclass(frozen=True)
class Loss:
    """The terms of one batch, by name."""

    terms: dict[str, Term] = field(default_factory=dict)
    measured: dict[str, Tensor] = field(default_factory=dict)
    """What is logged beside the terms and not trained, such as how far projections spread: each a mean over rows."""

    @property
    def total(self) -> Tensor:
        """The weighted sum of the terms: what is trained."""
        values = [term.weight * term.value for term in self.terms.values()]
        assert values, "a loss has at least one term"
        return sum(values[1:], start=values[0])
