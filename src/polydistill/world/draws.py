"""Meanings by chance: one clause, or two where the difficulty allows it."""

from collections.abc import Iterator
from random import Random

from polydistill.world.clauses import Clauses
from polydistill.world.logic import consistent
from polydistill.world.meaning import Meaning

TWO_CLAUSES = 0.3  # how often a meaning has two clauses, where it may
PATIENCE = 200  # repeats in a row before the rest is listed instead of drawn


def draw(clauses: Clauses, rng: Random) -> Meaning:
    """A meaning by chance, never one that contradicts itself."""
    if not clauses.difficulty.conjunction or rng.random() >= TWO_CLAUSES:
        return Meaning((clauses.draw(rng),))
    while True:
        one, other = clauses.draw(rng), clauses.draw(rng)
        meaning = Meaning((one, other))
        if one != other and consistent(meaning):
            return meaning


def distinct(clauses: Clauses, rng: Random) -> Iterator[Meaning]:
    """Meanings without repeats: by chance as long as that finds new ones, then each single clause that is left."""
    seen: set[Meaning] = set()
    repeats = 0
    while repeats < PATIENCE:
        meaning = draw(clauses, rng)
        repeats = repeats + 1 if meaning in seen else 0
        if not repeats:
            seen.add(meaning)
            yield meaning
    rest = [meaning for meaning in (Meaning((clause,)) for clause in clauses) if meaning not in seen]
    rng.shuffle(rest)
    yield from rest
