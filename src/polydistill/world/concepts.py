"""The concepts of the mini-world: what exists, what is a kind of what, and what can do what.

Every language table has exactly one entry for each id here (a test holds this). A concept's `parent` is its hypernym:
whatever is a `duck` is a `bird` and an `animal`; whoever whispers speaks.
"""

from dataclasses import dataclass
from typing import Literal

Sort = Literal["animal", "person", "vehicle", "plant"]

ANIMATE: tuple[Sort, ...] = ("animal", "person")
ALL_SORTS: tuple[Sort, ...] = ("animal", "person", "vehicle", "plant")


@dataclass(frozen=True)
class Noun:
    """Something a sentence can be about. Its sort is also its topmost hypernym."""

    id: str
    sort: Sort
    parent: str | None = None


@dataclass(frozen=True)
class Person:
    """A named individual and the noun that surely holds of it (its hypernyms follow)."""

    id: str
    noun: str


@dataclass(frozen=True)
class Verb:
    """What is done: by which sorts, on which objects (always optional), in which manners."""

    id: str
    sorts: tuple[Sort, ...]
    parent: str | None = None
    objects: tuple[str, ...] = ()
    manners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Detail:
    """An object, a place, a time or a manner; `sorts` says which subjects it suits."""

    id: str
    parent: str | None = None
    sorts: tuple[Sort, ...] = ALL_SORTS


NOUNS = {
    noun.id: noun
    for noun in (
        Noun("animal", "animal"),
        Noun("bird", "animal", "animal"),
        Noun("dog", "animal", "animal"),
        Noun("cat", "animal", "animal"),
        Noun("horse", "animal", "animal"),
        Noun("goat", "animal", "animal"),
        Noun("lion", "animal", "animal"),
        Noun("duck", "animal", "bird"),
        Noun("hen", "animal", "bird"),
        Noun("person", "person"),
        Noun("child", "person", "person"),
        Noun("girl", "person", "child"),
        Noun("boy", "person", "child"),
        Noun("woman", "person", "person"),
        Noun("man", "person", "person"),
        Noun("teacher", "person", "person"),
        Noun("doctor", "person", "person"),
        Noun("farmer", "person", "person"),
        Noun("vehicle", "vehicle"),
        Noun("car", "vehicle", "vehicle"),
        Noun("bus", "vehicle", "vehicle"),
        Noun("truck", "vehicle", "vehicle"),
        Noun("train", "vehicle", "vehicle"),
        Noun("plant", "plant"),
        Noun("tree", "plant", "plant"),
        Noun("palm", "plant", "tree"),
        Noun("oak", "plant", "tree"),
        Noun("flower", "plant", "plant"),
        Noun("rose", "plant", "flower"),
        Noun("lily", "plant", "flower"),
    )
}

PERSONS = {
    person.id: person
    for person in (Person("anna", "woman"), Person("leila", "girl"), Person("david", "man"), Person("omar", "boy"))
}

_LIVELY = ("quickly", "slowly", "quietly", "alone")
_CALM = ("quietly", "alone")
_PACE = ("quickly", "slowly")

VERBS = {
    verb.id: verb
    for verb in (
        Verb("move", ("animal", "person", "vehicle"), manners=_LIVELY),
        Verb("run", ANIMATE, "move", manners=_LIVELY),
        Verb("walk", ANIMATE, "move", manners=_LIVELY),
        Verb("swim", ANIMATE, "move", manners=_LIVELY),
        Verb("jump", ANIMATE, "move", manners=_LIVELY),
        Verb("dance", ("person",), "move", manners=_LIVELY),
        Verb("rest", ANIMATE, manners=_CALM),
        Verb("sleep", ANIMATE, "rest", manners=_CALM),
        Verb("doze", ANIMATE, "rest", manners=_CALM),
        Verb("eat", ANIMATE, objects=("food", "fruit", "apple", "banana", "bread", "fish"), manners=_LIVELY),
        Verb("drink", ANIMATE, objects=("water", "milk"), manners=_LIVELY),
        Verb("play", ANIMATE, manners=_CALM),
        Verb("wait", ("animal", "person", "vehicle"), manners=_CALM),
        Verb("stand_up", ANIMATE, manners=_LIVELY),
        Verb("speak", ("person",), manners=_PACE),
        Verb("whisper", ("person",), "speak", manners=_PACE),
        Verb("shout", ("person",), "speak", manners=("alone",)),
        Verb("sing", ("person",), manners=_LIVELY),
        Verb("read", ("person",), objects=("book", "letter", "newspaper"), manners=_LIVELY),
        Verb(
            "buy", ("person",), objects=("food", "fruit", "apple", "banana", "bread", "fish", "book"), manners=_LIVELY
        ),
        Verb("cook", ("person",), objects=("food", "fish", "banana"), manners=_LIVELY),
        Verb("arrive", ("person", "vehicle"), "move", manners=_LIVELY),
        Verb("stop", ("person", "vehicle"), manners=_PACE),
        Verb("turn", ("vehicle",), "move", manners=_PACE),
        Verb("depart", ("vehicle",), "move", manners=_PACE),
        Verb("grow", ("plant",), manners=_PACE),
        Verb("bloom", ("plant",), manners=_PACE),
        Verb("wither", ("plant",), manners=_PACE),
    )
}

OBJECTS = {
    thing.id: thing
    for thing in (
        Detail("food"),
        Detail("fruit", "food"),
        Detail("apple", "fruit"),
        Detail("banana", "fruit"),
        Detail("bread", "food"),
        Detail("fish", "food"),
        Detail("water"),
        Detail("milk"),
        Detail("book"),
        Detail("letter"),
        Detail("newspaper"),
    )
}

PLACES = {
    place.id: place
    for place in (
        Detail("garden", sorts=("animal", "person", "plant")),
        Detail("park", sorts=("animal", "person", "plant")),
        Detail("forest", sorts=("animal", "person", "plant")),
        Detail("village"),
        Detail("market", sorts=("animal", "person", "vehicle")),
        Detail("street", sorts=("animal", "person", "vehicle")),
        Detail("house", sorts=ANIMATE),
        Detail("kitchen", "house", sorts=ANIMATE),
        Detail("city", sorts=("animal", "person", "vehicle")),
    )
}

TIMES = {time.id: time for time in map(Detail, ("morning", "noon", "evening", "night", "today"))}

MANNERS = {manner.id: manner for manner in map(Detail, ("quickly", "slowly", "quietly", "alone"))}


def ancestors(concept_id: str, table: dict[str, Noun] | dict[str, Verb] | dict[str, Detail]) -> tuple[str, ...]:
    """The concept and its hypernyms, from the most specific to the most general."""
    chain: list[str] = []
    current: str | None = concept_id
    while current is not None:
        chain.append(current)
        current = table[current].parent
    return tuple(chain)
