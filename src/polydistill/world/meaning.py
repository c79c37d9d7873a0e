"""A meaning: what a sentence of the mini-world says, apart from how any language says it.

A meaning is one clause, or two joined by "and". A clause is a subject (quantifier and noun, or a named person), a
predicate (verb, optional object, place, time, manner) and a polarity. The ids are those of `concepts.py`. The
semantics, which `logic.py` checks, in words:

- `every N` : all N (there is at least one individual of each kind in every world); `some N`: at least one N;
  `no N`: not one N; `two N`, `three N`: at least that many; a name: that person.
- A predicate holds of an individual if there is an event it takes part in with that verb, object, place, time and
  manner. Leaving out an object, a place, a time or a manner says less. A verb, object, place or noun implies its
  hypernyms.
- Negation says of the subject that there is no such event ("some dogs are not running in the garden"); the object is
  under the negation. `every` and `no` are never combined with it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Quantifier(StrEnum):
    """How many of the noun the clause speaks of; `NAMED` means that the subject is one named person."""

    EVERY = "every"
    SOME = "some"
    NO = "no"
    TWO = "two"
    THREE = "three"
    NAMED = "named"


NEGATABLE = (Quantifier.SOME, Quantifier.TWO, Quantifier.THREE, Quantifier.NAMED)


@dataclass(frozen=True, order=True)
class Subject:
    """`noun` is the id of a noun of `concepts.NOUNS`, or of a person of `concepts.PERSONS` when named."""

    quantifier: Quantifier
    noun: str


@dataclass(frozen=True)
class Predicate:
    """A verb with what goes with it. All ids; `None` where nothing is said."""

    verb: str
    object: str | None = None
    place: str | None = None
    time: str | None = None
    manner: str | None = None


@dataclass(frozen=True)
class Clause:
    """One statement."""

    subject: Subject
    predicate: Predicate
    negated: bool = False

    def __post_init__(self) -> None:
        if self.negated and self.subject.quantifier not in NEGATABLE:
            raise ValueError(
                f"A clause about {self.subject.quantifier.value!r} cannot be negated: its scope would be ambiguous. "
                f"Negatable quantifiers: {', '.join(q.value for q in NEGATABLE)}."
            )


@dataclass(frozen=True)
class Meaning:
    """One clause, or two that both hold."""

    clauses: tuple[Clause, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.clauses) <= 2:
            raise ValueError(f"A meaning has one or two clauses, not {len(self.clauses)}.")
