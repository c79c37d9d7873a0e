"""Takes, of several premises, the one that keeps what shortcuts could go by even over the labels.

A classifier that sees the premise only goes by what premises say with one label more often than with another; a rule on
word overlap goes by how many words the two sentences do not share. Both are counted here as traits, each choice goes to
the premise whose traits its label is short of, and the next choices make up for what remains.

What cannot be evened out, for it is the logic of the fragment: premise and hypothesis of an entailment both affirm or
both deny, those of a contradiction do not. Neutral pairs are made to do the one as often as the other.
"""

from collections import Counter
from functools import lru_cache
from math import sqrt

from polydistill.world.clauses import Quantity, denies, predicate_details, quantity
from polydistill.world.concepts import NOUNS, PERSONS, VERBS
from polydistill.world.logic import RELATIONS
from polydistill.world.meaning import Clause, Meaning, Quantifier

Trait = tuple[object, ...]
Word = tuple[str, str, int]  # "word" or "phrase", which one, and the how-manieth of its like in the sentence

# All ours, set by trial on the mini world with benchmarks/world_balance.py; a trait not named here has weight 1.
WEIGHTS: dict[object, float] = {
    "difference": 8.0,
    "quantity": 8.0,
    "extra": 6.0,
    "missing": 6.0,
    "general noun": 4.0,
    "general verb": 2.0,
    "shape": 2.0,
    "verb and place": 2.0,
}
VARIETY = 20.0  # weight of saying each quantifier as often in premises as in hypotheses
AGREEMENT = 1.0  # weight of neutral pairs' evenness in affirming and denying
NEUTRAL = RELATIONS.index("neutral")
_PLURAL = (Quantifier.SOME, Quantifier.TWO, Quantifier.THREE)


class Balance:
    """What has been chosen so far, and the choice that evens it out best."""

    def __init__(self) -> None:
        self._counts: dict[Trait, list[int]] = {}
        self._in_premises: Counter[Quantity] = Counter()
        self._in_hypotheses: Counter[Quantity] = Counter()
        self._neutral: Counter[bool] = Counter()

    def choose(self, candidates: list[list[Meaning]], hypothesis: Meaning) -> list[Meaning]:
        """One premise for each label, of those given by label."""
        self._in_hypotheses.update(map(quantity, hypothesis.clauses))
        chosen = [self._best(premises, hypothesis, label) for label, premises in enumerate(candidates)]
        for label, (premise, found) in enumerate(chosen):
            self._in_premises.update(map(quantity, premise.clauses))
            for trait in found:
                self._counts.setdefault(trait, [0] * len(RELATIONS))[label] += 1
        self._neutral[agree(chosen[NEUTRAL][0], hypothesis)] += 1
        return [premise for premise, _ in chosen]

    def _best(self, premises: list[Meaning], hypothesis: Meaning, label: int) -> tuple[Meaning, list[Trait]]:
        described = [(premise, traits(premise, hypothesis)) for premise in premises]
        return min(described, key=lambda entry: self._cost(entry[0], entry[1], hypothesis, label))

    def _cost(self, premise: Meaning, found: list[Trait], hypothesis: Meaning, label: int) -> float:
        cost = sum(WEIGHTS.get(trait[0], 1.0) * self._excess(trait, label) for trait in found)
        cost += VARIETY * sum(map(self._overused, map(quantity, premise.clauses))) / len(premise.clauses)
        if label == NEUTRAL:
            same = agree(premise, hypothesis)
            cost += AGREEMENT * (self._neutral[same] - self._neutral[not same]) / (self._neutral.total() + 10)
        return cost

    def _excess(self, trait: Trait, label: int) -> float:
        """How much more often the trait came with this label than with the others, in units of chance."""
        counts = self._counts.get(trait)
        if counts is None:
            return 0.0
        total = sum(counts)
        return (len(counts) * counts[label] - total) / sqrt(total + 1)

    def _overused(self, of: Quantity) -> float:
        """How far this quantity's share of the premises exceeds its share of the hypotheses; the 3 damps the start."""
        ratio = (self._in_premises[of] + 3) / (len(RELATIONS) * self._in_hypotheses[of] + 3)
        return min(2.0, ratio - 1)


def agree(premise: Meaning, hypothesis: Meaning) -> bool:
    """Whether both begin by affirming, or both by denying."""
    return denies(quantity(premise.clauses[0])) == denies(quantity(hypothesis.clauses[0]))


def traits(premise: Meaning, hypothesis: Meaning) -> list[Trait]:
    """What a shortcut could go by: what the premise says, and which words the two do not share."""
    own, other = _words(premise), _words(hypothesis)
    extra, missing = _size(own - other), _size(other - own)
    found: list[Trait] = [("difference", *extra, *missing), ("extra", *extra), ("missing", *missing)]
    for clause in premise.clauses:
        found += _clause_traits(clause)
    return found


def only_adds(premise: Meaning, hypothesis: Meaning) -> bool:
    """Whether one of the two sentences has all the words of the other."""
    own, other = _words(premise), _words(hypothesis)
    return own <= other or other <= own


@lru_cache(maxsize=2**16)
def _clause_traits(clause: Clause) -> tuple[Trait, ...]:
    predicate, noun, own = clause.predicate, clause.subject.noun, quantity(clause)
    general_noun = noun not in PERSONS and NOUNS[noun].parent is None
    general_verb, placeless = VERBS[predicate.verb].parent is None, predicate.place is None
    return (
        ("quantity", *own),
        ("subject", *own, noun),
        ("noun", noun),
        ("general noun", general_noun),
        ("verb", predicate.verb),
        ("general verb", general_verb),
        ("verb and place", predicate.verb, placeless),
        ("shape", *own, general_noun, general_verb, placeless),
        *predicate_details(predicate),
    )


@lru_cache(maxsize=2**16)
def _words(meaning: Meaning) -> frozenset[Word]:
    """Roughly the words and phrases of its sentence in a language that marks number on noun and verb."""
    found: Counter[tuple[str, str]] = Counter()
    for clause in meaning.clauses:
        number = "plural" if clause.subject.quantifier in _PLURAL else "singular"
        words = [clause.subject.quantifier.value, f"{clause.subject.noun} {number}", number, clause.predicate.verb]
        found.update(("word", word) for word in (*words, *["not"] * clause.negated))
        details = predicate_details(clause.predicate)
        found.update(("word" if slot == "manner" else "phrase", said) for slot, said in details if said is not None)
    return frozenset((kind, word, time) for (kind, word), times in found.items() for time in range(times))


def _size(words: frozenset[Word]) -> tuple[int, int]:
    """How many words, and how many phrases (such as "in the park")."""
    phrases = sum(kind == "phrase" for kind, _, _ in words)
    return len(words) - phrases, phrases
