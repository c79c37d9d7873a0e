"""Which clauses a set has: those that its difficulty allows and its split owns; drawn by chance, or all in turn."""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate, product
from random import Random

from polydistill.world.concepts import MANNERS, NOUNS, OBJECTS, PERSONS, PLACES, TIMES, VERBS
from polydistill.world.difficulty import Difficulty, Slot
from polydistill.world.meaning import NEGATABLE, Clause, Predicate, Quantifier, Subject
from polydistill.world.splits import Split, Splits, sort_of

DETAILS = {"object": OBJECTS, "place": PLACES, "time": TIMES, "manner": MANNERS}
PRESENT = 0.5  # how often a clause that is drawn has a detail that it may have

UNIV = float(__import__("os").environ.get("UNIV","0.5"))
UNIVERSAL = (Quantifier.EVERY, Quantifier.NO)
Quantity = tuple[Quantifier, bool]  # a quantifier, and whether the clause is negated


def denies(quantity: Quantity) -> bool:
    """Whether a clause with this quantity says of its subject that something is not so."""
    quantifier, negated = quantity
    return negated or quantifier is Quantifier.NO


class Clauses:
    """The clauses of one difficulty in one split."""

    def __init__(self, difficulty: Difficulty, splits: Splits, split: Split) -> None:
        self.difficulty, self._splits, self._split = difficulty, splits, split
        named = [q for q in difficulty.quantifiers if q is Quantifier.NAMED]
        counted = [q for q in difficulty.quantifiers if q is not Quantifier.NAMED]
        self._named, self._counted = self._quantities(named), self._quantities(counted)
        self._details = {
            (noun, verb.id): self._suitable(noun, verb.id)
            for noun, verb in product((*NOUNS, *(PERSONS if named else ())), difficulty.verbs)
            if sort_of(noun) in verb.sorts and splits.of_frame(noun, verb.id) == split
        }
        self._frames = tuple(self._details)
        self._weights = tuple(accumulate(_weight(noun) * _weight(verb) for noun, verb in self._frames))

    def __contains__(self, clause: Clause) -> bool:
        noun, predicate = clause.subject.noun, clause.predicate
        details = self._details.get((noun, predicate.verb))
        if details is None or (clause.subject.quantifier, clause.negated) not in self.quantities(noun):
            return False
        said = {slot: getattr(predicate, slot) for slot in DETAILS}
        return all(detail is None or detail in details.get(slot, ()) for slot, detail in said.items())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Clause]:
        for (noun, verb), details in self._details.items():
            choices = [(None, *known) for known in details.values()]
            for (quantifier, negated), *said in product(self.quantities(noun), *choices):
                predicate = Predicate(verb, **dict(zip(details, said, strict=True)))
                yield Clause(Subject(quantifier, noun), predicate, negated)

    def draw(self, rng: Random) -> Clause:
        """A clause by chance: half of them deny, half of those on nouns say `every` or `no`, and details come half of the time."""
        (noun, verb), = rng.choices(self._frames, cum_weights=self._weights)
        denied, universal = rng.random() < 0.5, rng.random() < UNIV
        fitting = [q for q in self.quantities(noun) if denies(q) == denied]
        quantifier, negated = rng.choice([q for q in fitting if (q[0] in UNIVERSAL) == universal] or fitting)
        if quantifier in (Quantifier.TWO,Quantifier.THREE) and rng.random() < .5: quantifier=Quantifier.SOME
        said = {
            slot: rng.choice(known)
            for slot, known in self._details[noun, verb].items()
            if known and rng.random() < PRESENT
        }
        return Clause(Subject(quantifier, noun), Predicate(verb, **said), negated)

    def quantities(self, noun: str) -> tuple[Quantity, ...]:
        """The quantifiers, plain and negated, that a noun or a person can have."""
        return self._named if noun in PERSONS else self._counted

    def details(self, noun: str, verb: str) -> Mapping[Slot, tuple[str, ...]]:
        """What may be said beside a noun and a verb, by slot; nothing if the set does not have the two."""
        return self._details.get((noun, verb), {})

    def verbs(self, noun: str) -> tuple[str, ...]:
        """The verbs that the set has with a noun or person."""
        return tuple(verb for known, verb in self._frames if known == noun)

    def _quantities(self, quantifiers: list[Quantifier]) -> tuple[Quantity, ...]:
        negated = [(q, True) for q in quantifiers if q in NEGATABLE and self.difficulty.negation]
        return (*((q, False) for q in quantifiers), *negated)

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
