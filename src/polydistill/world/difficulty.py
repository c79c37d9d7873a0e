"""How much of the grammar a set uses: `mini` is learned by a small model in minutes, `full` is for longer runs."""

from dataclasses import dataclass
from typing import Literal, get_args

from polydistill.errors import unknown
from polydistill.world.concepts import VERBS, Verb
from polydistill.world.meaning import Quantifier

Slot = Literal["object", "place", "time", "manner"]
SLOTS: tuple[Slot, ...] = get_args(Slot)


@dataclass(frozen=True)
class Difficulty:
    """Which parts a sentence may have, and how many edits lie between the two sentences of a pair."""

    name: str
    quantifiers: tuple[Quantifier, ...]
    slots: tuple[Slot, ...]
    edits: tuple[int, ...]
    negation: bool = False
    conjunction: bool = False
    sides: int = 2
    """Opinions in the body of a review."""

    @property
    def verbs(self) -> tuple[Verb, ...]:
        """The verbs in use: those that take an object only where objects are in use."""
        return tuple(verb for verb in VERBS.values() if "object" in self.slots or not verb.objects)


DIFFICULTIES = {
    difficulty.name: difficulty
    for difficulty in (
        Difficulty("mini", (Quantifier.EVERY, Quantifier.SOME, Quantifier.NO), ("place",), edits=(1, 2)),
        Difficulty("medium", tuple(Quantifier), SLOTS, edits=(1, 2), negation=True, sides=3),
        Difficulty("full", tuple(Quantifier), SLOTS, edits=(1, 2, 3, 4), negation=True, conjunction=True, sides=4),
    )
}


def difficulty(name: str) -> Difficulty:
    """The difficulty of that name."""
    if name not in DIFFICULTIES:
        raise unknown("difficulty", name, DIFFICULTIES)
    return DIFFICULTIES[name]
