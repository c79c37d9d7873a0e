"""What follows from what, by rule: exact for the meanings of this world, and fast enough to label each pair.

A clause claims something (a predicate, affirmed or denied) of all of a noun (`every`, `no`), of at least so many of it
(`some`, numbers), or of one person. The rules rest on four properties of the worlds, which `checker.py` enumerates:
every kind has a member; two kinds may share members unless the one includes the other (then they surely do); what an
individual does is any set of events; the persons named in a pair are there, and no two of them are the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import Literal, get_args

from polydistill.world.concepts import MANNERS, NOUNS, OBJECTS, PERSONS, PLACES, TIMES, VERBS, ancestors
from polydistill.world.meaning import Clause, Meaning, Predicate, Quantifier

Relation = Literal["entailment", "neutral", "contradiction"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)

_AT_LEAST = {Quantifier.SOME: 1, Quantifier.TWO: 2, Quantifier.THREE: 3}
_DETAILS = {"object": OBJECTS, "place": PLACES, "time": TIMES, "manner": MANNERS}


@dataclass(frozen=True)
class Claim:
    """A predicate that is said to hold, or not to hold."""

    predicate: Predicate
    affirmed: bool

    def implies(self, other: "Claim") -> bool:
        """Whether this claim about an individual makes the other one true of it."""
        if self.affirmed != other.affirmed:
            return False
        stronger, weaker = (self, other) if self.affirmed else (other, self)
        return predicate_implies(stronger.predicate, weaker.predicate)

    def excludes(self, other: "Claim") -> bool:
        """Whether no individual can make both claims true."""
        if self.affirmed == other.affirmed:
            return False
        affirmed, denied = (self, other) if self.affirmed else (other, self)
        return predicate_implies(affirmed.predicate, denied.predicate)


@cache
def noun_implies(noun: str, other: str) -> bool:
    """Whether each `noun` is an `other`."""
    return other in ancestors(noun, NOUNS)


@lru_cache(maxsize=2**16)
def predicate_implies(predicate: Predicate, other: Predicate) -> bool:
    """Whether an event of the one kind is an event of the other: a hypernym or nothing in each place."""
    if other.verb not in ancestors(predicate.verb, VERBS):
        return False
    for slot, table in _DETAILS.items():
        said, asked = getattr(predicate, slot), getattr(other, slot)
        if asked is not None and (said is None or asked not in ancestors(said, table)):
            return False
    return True


def entails(premise: Meaning, hypothesis: Meaning) -> bool:
    """Whether the hypothesis is true in each world in which the premise is; the premise must be consistent."""
    facts = _Facts(premise.clauses, _persons(premise, hypothesis))
    return all(facts.force(clause) for clause in hypothesis.clauses)


def contradicts(premise: Meaning, hypothesis: Meaning) -> bool:
    """Whether no world makes both true."""
    return not _Facts(premise.clauses + hypothesis.clauses, _persons(premise, hypothesis)).possible()


def consistent(meaning: Meaning) -> bool:
    """Whether some world makes it true."""
    # One clause always is: whoever it speaks of can be as it says.
    return len(meaning.clauses) == 1 or _Facts(meaning.clauses, _persons(meaning)).possible()


def relation(premise: Meaning, hypothesis: Meaning) -> Relation:
    """The label of the pair."""
    if not consistent(premise):
        raise ValueError(f"The premise holds in no world, so anything follows from it: {premise}. Use another premise.")
    if entails(premise, hypothesis):
        return "entailment"
    return "contradiction" if contradicts(premise, hypothesis) else "neutral"


def _persons(*meanings: Meaning) -> tuple[str, ...]:
    subjects = (clause.subject for meaning in meanings for clause in meaning.clauses)
    return tuple(sorted({subject.noun for subject in subjects if subject.quantifier is Quantifier.NAMED}))


def _claim(clause: Clause) -> Claim:
    return Claim(clause.predicate, not (clause.negated or clause.subject.quantifier is Quantifier.NO))


class _Facts:
    """What a few clauses say together, sorted by what they speak of."""

    def __init__(self, clauses: Iterable[Clause], persons: Sequence[str]) -> None:
        self.persons = persons
        self.of_all: list[tuple[str, Claim]] = []
        self.of_some: list[tuple[str, Claim, int]] = []
        self.of_person: list[tuple[str, Claim]] = []
        for clause in clauses:
            quantifier, noun, claim = clause.subject.quantifier, clause.subject.noun, _claim(clause)
            if quantifier in _AT_LEAST:
                self.of_some.append((noun, claim, _AT_LEAST[quantifier]))
            elif quantifier is Quantifier.NAMED:
                self.of_person.append((noun, claim))
            else:
                self.of_all.append((noun, claim))

    def possible(self) -> bool:
        """Whether each individual that must exist can be as it must be; alike individuals come in any number."""
        witnesses = [[claim, *self._of_each(noun)] for noun, claim, _ in self.of_some]
        persons = [list(self._of(person)) for person in self.persons]
        # Members that each kind has: only a kind that a universal clause names can be forced into two claims.
        members = [list(self._of_each(noun)) for noun, _ in self.of_all]
        return not any(
            one.excludes(other) for claims in (*witnesses, *persons, *members) for one, other in product(claims, claims)
        )

    def force(self, clause: Clause) -> bool:
        """Whether the clause is true in each world in which these facts are."""
        quantifier, noun, claim = clause.subject.quantifier, clause.subject.noun, _claim(clause)
        if quantifier in _AT_LEAST:
            return self._at_least(noun, claim) >= _AT_LEAST[quantifier]
        known = self._of(noun) if quantifier is Quantifier.NAMED else self._of_each(noun)
        return any(one.implies(claim) for one in known)

    def _of_each(self, noun: str) -> Iterator[Claim]:
        """What surely holds of each individual of this noun."""
        return (claim for other, claim in self.of_all if noun_implies(noun, other))

    def _of(self, person: str) -> Iterator[Claim]:
        """What surely holds of this person."""
        yield from (claim for other, claim in self.of_person if other == person)
        yield from self._of_each(PERSONS[person].noun)

    def _at_least(self, noun: str, claim: Claim) -> int:
        """How many of `noun` surely satisfy the claim.

        The largest of three counts, not their sum: the facts come from at most two clauses, and then the witnesses
        of the one can always be among those of the other (claims of the same sign never exclude each other).
        """
        known = [0]
        for other, own, number in self.of_some:
            if noun_implies(other, noun) and any(one.implies(claim) for one in (own, *self._of_each(other))):
                known.append(number)
        for other, own in self.of_all:
            if (noun_implies(other, noun) or noun_implies(noun, other)) and own.implies(claim):
                known.append(1)
        known.append(
            sum(
                noun_implies(PERSONS[person].noun, noun) and any(one.implies(claim) for one in self._of(person))
                for person in self.persons
            )
        )
        return max(known)
