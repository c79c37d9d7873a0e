"""A second opinion on the labels: a model checker that looks for worlds. It shares no code with `logic.py`.

A world is a number of individuals. Each has a type: a set of nouns, closed under hypernymy, and a set of predicates,
closed under subsumption (what an individual does is any set of events, so any such set is possible). Only the nouns,
predicates and persons of the pair at hand matter. Each noun has a member, each named person is an individual of its
own, and no two nouns are assumed to exclude each other.

That a sentence is true, or false, then says of some set of types that at least, or at most, so many individuals have a
type in it (`Demand`), all told or of one person. `_some_world` looks for a world that meets a list of such demands: it
adds individuals one at a time, each time every individual that could serve one demand not yet met, and drops a world
with too many of something, which no addition can mend.

The bound: leaving an individual out never breaks an "at most". So if a world meets the demands, then so does the part
of it that is left when each "at least" keeps as many individuals as it asks for. Worlds as large as the lower bounds
sum to (3 a clause, 1 a noun, 1 a person, at most) are therefore enough, and the search tries all of these that could
succeed: it ends by itself, and when it finds no world there is none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import TypeVar

from polydistill.world import concepts
from polydistill.world.meaning import Clause, Meaning, Predicate, Quantifier

T = TypeVar("T")
MANY = 10**6
_LOW = {Quantifier.SOME: 1, Quantifier.TWO: 2, Quantifier.THREE: 3}

Concept = concepts.Noun | concepts.Verb | concepts.Detail
Kind = tuple[frozenset[str], frozenset[Predicate]]


@dataclass(frozen=True)
class Demand:
    """At least `low` and at most `high` individuals of these types; only `person` counts where one is given."""

    types: frozenset[int]
    low: int = 0
    high: int = MANY
    person: str | None = None


@dataclass(frozen=True)
class World:
    """The types of the individuals: the anonymous ones in order of their type, and the persons by name."""

    anonymous: tuple[int, ...] = ()
    persons: tuple[tuple[str, int], ...] = ()

    def count(self, demand: Demand) -> int:
        """How many individuals the demand counts."""
        named = [kind for name, kind in self.persons if demand.person in (None, name)]
        return sum(kind in demand.types for kind in (*named, *(self.anonymous if demand.person is None else ())))


def check(premise: Meaning, hypothesis: Meaning) -> str:
    """The label of the pair, by the worlds there are: "entailment", "neutral" or "contradiction"."""
    scene = Scene((*premise.clauses, *hypothesis.clauses))
    given = [*scene.presupposed(), *(scene.demand(clause) for clause in premise.clauses)]
    if not _some_world(scene, given):
        raise ValueError(f"The premise holds in no world: {premise}. Check another premise.")
    if not any(_some_world(scene, [*given, scene.demand(clause, true=False)]) for clause in hypothesis.clauses):
        return "entailment"
    both = [*given, *(scene.demand(clause) for clause in hypothesis.clauses)]
    return "neutral" if _some_world(scene, both) else "contradiction"


class Scene:
    """What a few clauses speak of: the possible types of an individual, and what the clauses demand of a world."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        named = {clause.subject.noun for clause in clauses if clause.subject.quantifier is Quantifier.NAMED}
        self.persons = sorted(named)
        self.nouns = sorted({clause.subject.noun for clause in clauses} - named)
        predicates = list(dict.fromkeys(clause.predicate for clause in clauses))
        noun_sets = [set_ for set_ in _subsets(self.nouns) if _closed(set_, self.nouns, _is_a)]
        predicate_sets = [set_ for set_ in _subsets(predicates) if _closed(set_, predicates, _is_event_of)]
        self.types: list[Kind] = [(nouns, does) for nouns in noun_sets for does in predicate_sets]

    def presupposed(self) -> list[Demand]:
        """Each noun has a member, and each person is there, with the nouns that surely hold of it."""
        members = [Demand(self._where(noun), low=1) for noun in self.nouns]
        persons = []
        for person in self.persons:
            own = [noun for noun in self.nouns if _is_a(concepts.PERSONS[person].noun, noun)]
            fitting = frozenset(at for at, (nouns, _) in enumerate(self.types) if nouns.issuperset(own))
            persons.append(Demand(fitting, low=1, person=person))
        return [*members, *persons]

    def demand(self, clause: Clause, true: bool = True) -> Demand:
        """What a world must be like for the clause to be true, or false."""
        quantifier, noun, does = clause.subject.quantifier, clause.subject.noun, clause.predicate
        if quantifier is Quantifier.NAMED:
            return Demand(self._where(None, does, clause.negated != true), low=1, person=noun)
        if quantifier in _LOW:
            counted, low = self._where(noun, does, not clause.negated), _LOW[quantifier]
            return Demand(counted, low=low) if true else Demand(counted, high=low - 1)
        exceptions = self._where(noun, does, quantifier is Quantifier.NO)
        return Demand(exceptions, high=0) if true else Demand(exceptions, low=1)

    def _where(self, noun: str | None, predicate: Predicate | None = None, holds: bool = True) -> frozenset[int]:
        """The types that have the noun and have (or lack) the predicate, as far as these are given."""
        return frozenset(
            at
            for at, (nouns, does) in enumerate(self.types)
            if (noun is None or noun in nouns) and (predicate is None or (predicate in does) == holds)
        )


def _some_world(scene: Scene, demands: Sequence[Demand]) -> bool:
    """Whether there is a world that meets all demands."""
    visited: set[World] = set()
    waiting = [World()]
    while waiting:
        world = waiting.pop()
        if world in visited:
            continue
        visited.add(world)
        unmet = [demand for demand in demands if world.count(demand) < demand.low]
        if not unmet:
            return True
        # The demand with the fewest ways to serve it: one that cannot be met at all ends the branch at once.
        fewest = min([_served(scene, world, demand, demands) for demand in unmet], key=len)
        waiting += fewest
    return False


def _served(scene: Scene, world: World, demand: Demand, demands: Sequence[Demand]) -> list[World]:
    """The worlds with one individual more that counts for the demand, and without too many of anything."""
    there = {name for name, _ in world.persons}
    larger = []
    for kind in demand.types:
        if demand.person is None:
            larger.append(World(tuple(sorted((*world.anonymous, kind))), world.persons))
        absent = [name for name in scene.persons if name not in there and demand.person in (None, name)]
        larger += [World(world.anonymous, tuple(sorted((*world.persons, (name, kind))))) for name in absent]
    return [world for world in larger if all(world.count(other) <= other.high for other in demands)]


def _subsets(items: Sequence[T]) -> list[frozenset[T]]:
    return [frozenset(some) for some in chain.from_iterable(combinations(items, n) for n in range(len(items) + 1))]


def _closed(some: frozenset[T], items: Sequence[T], implies: Callable[[T, T], bool]) -> bool:
    """Whether the set has all that its members imply."""
    return all(other in some for one in some for other in items if implies(one, other))


def _is_below(concept: str | None, other: str, table: Mapping[str, Concept]) -> bool:
    while concept is not None and concept != other:
        concept = table[concept].parent
    return concept == other


def _is_a(noun: str, other: str) -> bool:
    return _is_below(noun, other, concepts.NOUNS)


def _is_event_of(one: Predicate, other: Predicate) -> bool:
    """Whether an event that fits the one description fits the other."""
    pairs: tuple[tuple[str | None, str | None, Mapping[str, Concept]], ...] = (
        (one.verb, other.verb, concepts.VERBS),
        (one.object, other.object, concepts.OBJECTS),
        (one.place, other.place, concepts.PLACES),
        (one.time, other.time, concepts.TIMES),
        (one.manner, other.manner, concepts.MANNERS),
    )
    return all(asked is None or _is_below(said, asked, table) for said, asked, table in pairs)
