"""Premise and hypothesis pairs, in equal numbers of the three labels, such that neither sentence alone tells the label.

Pairs come in triples: one hypothesis, and a premise for each label, a few edits away. So what a hypothesis says is
exactly as frequent with each label. Premises cannot be shared in this way (what entails is the stronger of the two):
`balance.py` chooses among several. Half of the hypotheses affirm and half deny, for what makes a premise strong is
opposite for the two. A pair in which one sentence only adds words to the other is left out: hardly any is a
contradiction, so its label could be read off the lengths.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random

from polydistill.world.balance import Balance, only_adds
from polydistill.world.clauses import Clauses, denies, quantity
from polydistill.world.draws import draw
from polydistill.world.edits import edit
from polydistill.world.logic import RELATIONS, consistent, relation
from polydistill.world.meaning import Meaning

TRIES = 80  # edited sentences looked at for a hypothesis
ENOUGH = 10  # premises of each label to choose from: no more are looked for
PATIENCE = 5000  # hypotheses in a row without a new triple before the set counts as used up


@dataclass(frozen=True)
class NliPair:
    """Two meanings, and the index in `logic.RELATIONS` of what the premise says about the hypothesis."""

    premise: Meaning
    hypothesis: Meaning
    label: int


def pairs(clauses: Clauses, rng: Random) -> Iterator[NliPair]:
    """Pairs without repeats, in triples of one hypothesis and all labels, until no more are found."""
    seen: set[tuple[Meaning, Meaning]] = set()
    barren: set[Meaning] = set()
    balance = Balance()
    for denied in cycle((False, True)):
        for hypothesis in islice(_hypotheses(clauses, denied, rng), PATIENCE):
            candidates = [] if hypothesis in barren else _premises(hypothesis, clauses, seen, rng)
            if candidates and all(candidates):
                break
            barren.add(hypothesis)
        else:
            return
        chosen = balance.choose(candidates, hypothesis)
        triple = [NliPair(premise, hypothesis, label) for label, premise in enumerate(chosen)]
        seen.update((pair.premise, pair.hypothesis) for pair in triple)
        rng.shuffle(triple)
        yield from triple


def _hypotheses(clauses: Clauses, denied: bool, rng: Random) -> Iterator[Meaning]:
    """Meanings by chance that all begin by denying, or all by affirming."""
    while True:
        meaning = draw(clauses, rng)
        if denies(quantity(meaning.clauses[0])) == denied:
            yield meaning


def _premises(
    hypothesis: Meaning, clauses: Clauses, seen: set[tuple[Meaning, Meaning]], rng: Random
) -> list[list[Meaning]]:
    """Premises for the hypothesis, a few edits away, by label."""
    found: list[list[Meaning]] = [[] for _ in RELATIONS]
    tried = {hypothesis}
    for attempt in range(TRIES):
        if (attempt == TRIES // 2 and not all(found)) or min(map(len, found)) >= ENOUGH:
            break
        premise = hypothesis
        for _ in range(rng.choice(clauses.difficulty.edits)):
            premise = edit(premise, clauses, rng)
        if premise in tried:
            continue
        tried.add(premise)
        if only_adds(premise, hypothesis) or (premise, hypothesis) in seen or not consistent(premise):
            continue
        found[RELATIONS.index(relation(premise, hypothesis))].append(premise)
    return found
