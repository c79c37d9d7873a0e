"""Which clauses a set has: those that its difficulty allows and its split owns; drawn by chance, or all in turn."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate, product
from random import Random
from typing import TypeVar

from polydistill.world.concepts import NOUNS, PERSONS, PLACES, TIMES, VERBS
from polydistill.world.difficulty import SLOTS, Difficulty, Slot
from polydistill.world.meaning import NEGATABLE, Clause, Predicate, Quantifier, Subject
from polydistill.world.splits import Split, Splits, sort_of

T = TypeVar("T")
PRESENT = 0.5  # how often a clause that is drawn has a detail that it may have
ALL_OR_NONE = 0.6  # how often a clause on a noun that is drawn says `every` or `no`
UNIVERSAL = (Quantifier.EVERY, Quantifier.NO)

Quantity = tuple[Quantifier, bool]  # a quantifier, and whether the clause is negated


def predicate_details(predicate: Predicate) -> tuple[tuple[Slot, str | None], ...]:
    """What a predicate says beside its verb, by slot."""
    return tuple(zip(SLOTS, (predicate.object, predicate.place, predicate.time, predicate.manner), strict=True))


def with_detail(predicate: Predicate, slot: Slot, detail: str | None) -> Predicate:
    """The predicate with this object, place, time or manner, or without one."""
    said = [detail if known == slot else old for known, old in predicate_details(predicate)]
    return Predicate(predicate.verb, *said)


def quantity(clause: Clause) -> Quantity:
    """How much of its noun a clause speaks of, and whether it is negated."""
    return clause.subject.quantifier, clause.negated


def denies(own: Quantity) -> bool:
    """Whether a clause with this quantity says of its subject that something is not so."""
    quantifier, negated = own
    return negated or quantifier is Quantifier.NO


def pick(items: Sequence[T], rng: Random) -> T:
    """One of the items by chance: `Random.choice` in a third of its time."""
    return items[int(rng.random() * len(items))]


class Clauses:
    """The clauses of one difficulty in one split."""

    def __init__(self, difficulty: Difficulty, splits: Splits, split: Split) -> None:
        self.difficulty, self._splits, self._split = difficulty, splits, split
        quantities = [(q, False) for q in difficulty.quantifiers]
        if difficulty.negation:
            quantities += [(q, True) for q in difficulty.quantifiers if q in NEGATABLE]
        self._named = tuple(known for known in quantities if known[0] is Quantifier.NAMED)
        self._counted = tuple(known for known in quantities if known[0] is not Quantifier.NAMED)
        self._details = {
            (noun, verb.id): self._suitable(noun, verb.id)
            for noun, verb in product((*NOUNS, *(PERSONS if self._named else ())), difficulty.verbs)
            if sort_of(noun) in verb.sorts and splits.of_frame(noun, verb.id) == split
        }
        self._frames = tuple(self._details)
        self._weights = tuple(accumulate(_weight(noun) * _weight(verb) for noun, verb in self._frames))

    def __contains__(self, clause: Clause) -> bool:
        noun, predicate = clause.subject.noun, clause.predicate
        details = self._details.get((noun, predicate.verb))
        if details is None or quantity(clause) not in self.quantities(noun):
            return False
        return all(said is None or said in details.get(slot, ()) for slot, said in predicate_details(predicate))

    def __iter__(self) -> Iterator[Clause]:
        for (noun, verb), details in self._details.items():
            predicates = [Predicate(verb)]
            for slot, known in details.items():
                predicates += [with_detail(one, slot, detail) for one in predicates for detail in known]
            for (quantifier, negated), predicate in product(self.quantities(noun), predicates):
                yield Clause(Subject(quantifier, noun), predicate, negated)

    def draw(self, rng: Random) -> Clause:
        """A clause by chance: half of them deny, and each possible detail is there half of the time."""
        ((noun, verb),) = rng.choices(self._frames, cum_weights=self._weights)
        quantifier, negated = self._draw_quantity(noun, rng)
        predicate = Predicate(verb)
        for slot, known in self._details[noun, verb].items():
            if known and rng.random() < PRESENT:
                predicate = with_detail(predicate, slot, pick(known, rng))
        return Clause(Subject(quantifier, noun), predicate, negated)

    def _draw_quantity(self, noun: str, rng: Random) -> Quantity:
        denied, universal = rng.random() < 0.5, rng.random() < ALL_OR_NONE
        fitting = [known for known in self.quantities(noun) if denies(known) == denied]
        quantifier, negated = pick([q for q in fitting if (q[0] in UNIVERSAL) == universal] or fitting, rng)
        if quantifier in (Quantifier.TWO, Quantifier.THREE) and rng.random() < 0.5:
            quantifier = Quantifier.SOME  # the numbers are no more frequent than it
        return quantifier, negated

    def has(self, noun: str, verb: str) -> bool:
        """Whether the set has clauses with this noun (or person) and verb."""
        return (noun, verb) in self._details

    def quantities(self, noun: str) -> tuple[Quantity, ...]:
        """The quantifiers, plain and negated, that a noun or a person can have."""
        return self._named if noun in PERSONS else self._counted

    def details(self, noun: str, verb: str) -> Mapping[Slot, tuple[str, ...]]:
        """What may be said beside a noun and a verb, by slot; nothing if the set does not have the two."""
        return self._details.get((noun, verb), {})

    def _suitable(self, noun: str, verb: str) -> dict[Slot, tuple[str, ...]]:
        sort = sort_of(noun)
        suiting: dict[Slot, tuple[str, ...]] = {
            "object": VERBS[verb].objects,
            "place": tuple(place.id for place in PLACES.values() if sort in place.sorts),
            "time": tuple(TIMES),
            "manner": VERBS[verb].manners,
        }
        return {slot: tuple(filter(lambda d: self._shown(verb, d), suiting[slot])) for slot in self.difficulty.slots}

    def _shown(self, verb: str, detail: str) -> bool:
        return self._split == "test" or not self._splits.held_out(verb, detail)


@cache
def _weight(concept: str) -> int:
    """How often a noun or verb is drawn: a hypernym as often as all its hyponyms together."""
    if concept in PERSONS:
        return 1
    table = NOUNS if concept in NOUNS else VERBS
    return max(1, sum(_weight(other.id) for other in table.values() if other.parent == concept))
