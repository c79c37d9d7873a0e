"""Premise and hypothesis pairs, in equal numbers of the three labels, such that neither sentence alone tells the label.

Pairs come in triples: one hypothesis, and a premise for each label, a few edits away. So what a hypothesis says is
exactly as frequent with each label. Premises cannot be shared in this way (what entails is the stronger of the two), so
among several premises for a label the one is taken that best evens out, over the labels, what premises say and how far
they overlap with their hypotheses (see `Balance`).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from random import Random

from polydistill.world.clauses import DETAILS, Clauses, Quantity, denies
from polydistill.world.concepts import NOUNS, VERBS
from polydistill.world.draws import draw
from polydistill.world.edits import edit
from polydistill.world.logic import RELATIONS, consistent, relation
from polydistill.world.meaning import Clause, Meaning, Quantifier

TRIES = int(__import__('os').environ.get('TRIES','80'))  # premises drawn for a hypothesis
CANDIDATES = int(__import__('os').environ.get('CAND','8'))  # premises kept for each label, to choose from
PATIENCE = 500  # hypotheses in a row without a new triple before the set counts as used up
_PLURAL = (Quantifier.SOME, Quantifier.TWO, Quantifier.THREE)

Trait = tuple[object, ...]
import os,json
WEIGHTS: dict[object, float] = {"difference": 4.0, "quantity": 2.0, "shape": 4.0}
DIVERSE = 1.0
NEUTRAL = 1.0
POW=.5
if os.environ.get("W"):
    WEIGHTS.update(json.loads(os.environ["W"])); DIVERSE=WEIGHTS.pop("D",1.); NEUTRAL=WEIGHTS.pop("N",1.); POW=WEIGHTS.pop("P",.5)
  # ours


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


class Balance:
    """Keeps the traits of premises and pairs evenly spread over the labels, one choice at a time."""

    def __init__(self) -> None:
        self._counts: dict[Trait, list[int]] = {}
        self._said: tuple[Counter[Quantity], Counter[Quantity]] = Counter(), Counter()
        self._neutral: Counter[bool] = Counter()

    def choose(self, candidates: list[list[Meaning]], hypothesis: Meaning) -> list[Meaning]:
        """For each label, the premise whose traits that label is most short of."""
        self._said[1].update(_quantities(hypothesis))
        chosen = [self._best(premises, hypothesis, label) for label, premises in enumerate(candidates)]
        for label, (premise, found) in enumerate(chosen):
            self._said[0].update(_quantities(premise))
            if label == 1:
                self._neutral[_agree(premise, hypothesis)] += 1
            for trait in found:
                self._counts.setdefault(trait, [0, 0, 0])[label] += 1
        return [premise for premise, _ in chosen]

    def _best(self, premises: list[Meaning], hypothesis: Meaning, label: int) -> tuple[Meaning, list[Trait]]:
        described = [(premise, traits(premise, hypothesis)) for premise in premises]
        costs = [
            self._excess(found, label)
            + DIVERSE * sum(self._overused(q) for q in _quantities(premise)) / len(premise.clauses)
            + (NEUTRAL * self._neut(_agree(premise, hypothesis)) if label == 1 else 0)
            for premise, found in described
        ]
        return described[costs.index(min(costs))]

    def _neut(self, agree: bool) -> float:
        return (self._neutral[agree] - self._neutral[not agree]) / (self._neutral.total() + 10)

    def _overused(self, quantity: Quantity) -> float:
        return min(2.0, (self._said[0][quantity] + 3) / (3 * self._said[1][quantity] + 3) - 1)

    def _excess(self, described: list[Trait], label: int) -> float:
        """How much more often these traits came with this label than with the others."""
        excess = 0.0
        for trait in described:
            counts = self._counts.get(trait)
            if counts is not None:
                total = sum(counts)
                excess += WEIGHTS.get(trait[0], 1.0) * (3 * counts[label] - total) / (total + 1)**POW
        return excess


def _quantities(meaning: Meaning) -> list[Quantity]:
    return [(clause.subject.quantifier, clause.negated) for clause in meaning.clauses]


def _agree(premise: Meaning, hypothesis: Meaning) -> bool:
    return _denies(premise.clauses[0]) == _denies(hypothesis.clauses[0])


TOP={c.id for t in (NOUNS,VERBS) for c in t.values() if c.parent is None}
def traits(premise: Meaning, hypothesis: Meaning) -> list[Trait]:
    """What a rule of thumb could go by: what the premise says, and which of its words the hypothesis repeats."""
    own, other = words(premise), words(hypothesis)
    extra, missing = (Counter(own) - Counter(other)), Counter(other) - Counter(own)
    difference = Counter(part for part, _ in extra.elements()), Counter(part for part, _ in missing.elements())
    found: list[Trait] = [("difference", *(tuple(sorted(parts.items())) for parts in difference))]
    found += [("extra", extra.total()), ("missing", missing.total())]
    for clause in premise.clauses:
        quantity = (clause.subject.quantifier, clause.negated)
        predicate = clause.predicate
        found += [
            ("quantity", *quantity),
            ("subject", *quantity, clause.subject.noun),
            ("shape", *quantity, clause.subject.noun in TOP, predicate.verb in TOP, predicate.place is None),
            ("noun", clause.subject.noun),
            ("general noun", clause.subject.noun in TOP),
            ("general verb", predicate.verb in TOP),
            ("verb", predicate.verb),
            ("verb place", predicate.verb, predicate.place is None),
            ("object", predicate.object),
            ("place", predicate.place),
            ("time", predicate.time),
            ("manner", predicate.manner),
        ]
    return found


def words(meaning: Meaning) -> list[tuple[str, str]]:
    """Roughly the words of its sentence in a language that marks number on noun and verb, by the part they belong to."""
    found: list[tuple[str, str]] = []
    for clause in meaning.clauses:
        number = "plural" if clause.subject.quantifier in _PLURAL else "singular"
        core = (clause.subject.quantifier, f"{clause.subject.noun} {number}", number, clause.predicate.verb)
        found += [("core", word) for word in (*core, *["not"] * clause.negated)]
        details = (("core" if slot=="manner" else "phrase", getattr(clause.predicate, slot)) for slot in DETAILS)
        found += [(slot, detail) for slot, detail in details if detail is not None]
    return found


def _triple(
    clauses: Clauses, denied: bool, balance: Balance, seen: set[tuple[Meaning, Meaning]], rng: Random
) -> list[NliPair] | None:
    """One hypothesis that affirms or denies, with a premise for each label; `None` if none is found any more."""
    for _ in range(PATIENCE):
        hypothesis = draw(clauses, rng)
        while _denies(hypothesis.clauses[0]) != denied:
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
    for _ in range(TRIES):
        premise = hypothesis
        for _ in range(rng.choice(clauses.difficulty.edits)):
            premise = edit(premise, clauses, rng)
        if premise in tried or (len(premise.clauses)==len(hypothesis.clauses) and all((a.subject,a.predicate.verb,a.negated)==(b.subject,b.predicate.verb,b.negated) for a,b in zip(premise.clauses,hypothesis.clauses))) or (premise, hypothesis) in seen or not consistent(premise):
            continue
        tried.add(premise)
        premises = found[RELATIONS.index(relation(premise, hypothesis))]
        if len(premises) < CANDIDATES:
            premises.append(premise)
    return found


def _denies(clause: Clause) -> bool:
    return denies((clause.subject.quantifier, clause.negated))
