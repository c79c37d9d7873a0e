"""Premise and hypothesis pairs, in equal numbers of the three labels, such that neither sentence alone tells the label.

Pairs come in triples: one hypothesis, and a premise for each label, a few edits away. So what a hypothesis says is
exactly as frequent with each label. Premises cannot be shared in this way (what entails is the stronger of the two):
`balance.py` chooses among several. Half of the hypotheses affirm and half deny, for what makes a premise strong is
opposite for the two. A pair in which one sentence only adds words to the other is left out: hardly any is a
contradiction, so its label could be read off the lengths.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from random import Random

from polydistill.world.balance import Balance, only_adds
from polydistill.world.clauses import Clauses, denies, quantity
from polydistill.world.draws import draw
from polydistill.world.edits import edit
from polydistill.world.logic import RELATIONS, consistent, relation
from polydistill.world.meaning import Meaning

TRIES = 80  # edited sentences looked at for a hypothesis
CANDIDATES = 20  # premises kept for each label, to choose from
PATIENCE = 500  # hypotheses in a row without a new triple before the set counts as used up


@dataclass(frozen=True)
class NliPair:
    """Two meanings, and the index in `logic.RELATIONS` of what the premise says about the hypothesis."""

    premise: Meaning
    hypothesis: Meaning
    label: int


def pairs(clauses: Clauses, rng: Random) -> Iterator[NliPair]:
    """Pairs without repeats, in triples of one hypothesis and all labels, until no more are found."""
    seen: set[tuple[Meaning, Meaning]] = set()
    balance = Balance()
    for denied in cycle((False, True)):
        triple = _triple(clauses, denied, balance, seen, rng)
        if triple is None:
            return
        seen.update((pair.premise, pair.hypothesis) for pair in triple)
        rng.shuffle(triple)
        yield from triple


def _triple(
    clauses: Clauses, denied: bool, balance: Balance, seen: set[tuple[Meaning, Meaning]], rng: Random
) -> list[NliPair] | None:
    """One hypothesis that affirms or denies, with a premise for each label; `None` if none is found any more."""
    for _ in range(PATIENCE):
        hypothesis = draw(clauses, rng)
        while denies(quantity(hypothesis.clauses[0])) != denied:
            hypothesis = draw(clauses, rng)
        candidates = _premises(hypothesis, clauses, seen, rng)
        if all(candidates):
            chosen = balance.choose(candidates, hypothesis)
            return [NliPair(premise, hypothesis, label) for label, premise in enumerate(chosen)]
    return None


def _premises(
    hypothesis: Meaning, clauses: Clauses, seen: set[tuple[Meaning, Meaning]], rng: Random
) -> list[list[Meaning]]:
    """Premises for the hypothesis, a few edits away, by label."""
    found: list[list[Meaning]] = [[] for _ in RELATIONS]
    tried = {hypothesis}
    for tried_so_far in range(TRIES):
        if tried_so_far == TRIES // 2 and not all(found):
            break
        premise = hypothesis
        for _ in range(rng.choice(clauses.difficulty.edits)):
            premise = edit(premise, clauses, rng)
        if premise in tried:
            continue
        tried.add(premise)
        if only_adds(premise, hypothesis) or (premise, hypothesis) in seen or not consistent(premise):
            continue
        premises = found[RELATIONS.index(relation(premise, hypothesis))]
        if len(premises) < CANDIDATES:
            premises.append(premise)
    return found
