"""Train, dev and test share no sentence, and test combines nouns, predicates and modifiers as train never does.

Each combination of a noun family (a kind just below `animal`, `person`, ... with all that is below it) and the topmost
hypernym of a verb is a cell, and belongs to one split. A clause belongs to the split of its cell, whatever its
quantifier and details, and a pair is made within one split. Besides, some combinations of a verb's topmost hypernym
with a place, a time or a manner are held out: they occur in test only. The cells are drawn from the seed until the
splits have their shares and train has enough of every noun and verb.
"""

from collections.abc import Iterator
from functools import cache
from itertools import count
from random import Random
from typing import Literal, get_args

from polydistill.errors import unknown
from polydistill.world.concepts import MANNERS, NOUNS, PERSONS, PLACES, TIMES, VERBS, Sort, ancestors
from polydistill.world.meaning import Clause, Meaning

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
SHARES = (0.60, 0.15, 0.25)
TOLERANCE = 0.06
IN_TRAIN = 0.25  # of the verbs that each noun goes with, and of the noun families of each verb, train has this share
HELD_OUT_SHARE = 0.15
# How often a family follows the split of its sort's general noun: else a noun would seldom meet its hypernym in dev.
FOLLOWS_GENERAL_NOUN = 0.5

Cell = tuple[str, str]


@cache
def kind(noun: str) -> str:
    """The noun itself, or for a named person the noun that surely holds of it."""
    return PERSONS[noun].noun if noun in PERSONS else noun


@cache
def sort_of(noun: str) -> Sort:
    """The sort of a noun or a named person."""
    return NOUNS[kind(noun)].sort


@cache
def cell(noun: str, verb: str) -> Cell:
    """The family of the noun (or person), and the topmost hypernym of the verb."""
    chain = ancestors(kind(noun), NOUNS)
    return chain[-2] if len(chain) > 1 else chain[0], topmost(verb)


@cache
def topmost(verb: str) -> str:
    """The topmost hypernym of a verb."""
    return ancestors(verb, VERBS)[-1]


def frames() -> Iterator[tuple[str, str]]:
    """All nouns with all verbs that suit them."""
    return ((noun.id, verb.id) for noun in NOUNS.values() for verb in VERBS.values() if noun.sort in verb.sorts)


class Splits:
    """The splits of one seed."""

    def __init__(self, seed: int) -> None:
        draws = (Random(f"splits|{seed}|{attempt}") for attempt in count())
        self._cells, self._held_out = next((cells, held_out) for cells, held_out in map(_draw, draws) if _sound(cells))

    def of_frame(self, noun: str, verb: str) -> Split:
        """The split of all clauses with this noun (or person) and verb."""
        return self._cells[cell(noun, verb)]

    def held_out(self, verb: str, modifier: str) -> bool:
        """Whether this place, time or manner occurs with this verb in test only."""
        return (topmost(verb), modifier) in self._held_out

    def of_clause(self, clause: Clause) -> Split | None:
        """The split a clause belongs to; `None` for a held-out modifier outside test, which no split shows."""
        predicate = clause.predicate
        split = self.of_frame(clause.subject.noun, predicate.verb)
        modifiers = (predicate.place, predicate.time, predicate.manner)
        if split != "test" and any(m is not None and self.held_out(predicate.verb, m) for m in modifiers):
            return None
        return split

    def contains(self, split: Split, meaning: Meaning) -> bool:
        """Whether all clauses of the meaning belong to the split."""
        return all(self.of_clause(clause) == split for clause in meaning.clauses)


@cache
def splits(seed: int) -> Splits:
    """The splits of a seed, drawn once."""
    return Splits(seed)


def check_split(split: str) -> Split:
    """`split`, if there is one of that name."""
    for known in SPLITS:
        if split == known:
            return known
    raise unknown("split", split, SPLITS)


def _draw(rng: Random) -> tuple[dict[Cell, Split], frozenset[tuple[str, str]]]:
    """A split for each cell, and the combinations of verb and modifier that are held out."""
    cells: dict[Cell, Split] = {}
    for (_, root), members in _families().items():
        drawn: list[Split] = []
        while drawn.count("train") < IN_TRAIN * len(members):
            general = rng.choices(SPLITS, SHARES)[0]
            drawn = [general]
            for _ in members[1:]:
                own, follows = rng.choices(SPLITS, SHARES)[0], rng.random() < FOLLOWS_GENERAL_NOUN
                drawn.append(general if follows else own)
        cells.update({(family, root): split for family, split in zip(members, drawn, strict=True)})
    modifiers = (*PLACES, *TIMES, *MANNERS)
    roots = [verb.id for verb in VERBS.values() if verb.parent is None]
    held_out = ((root, modifier) for root in roots for modifier in modifiers if rng.random() < HELD_OUT_SHARE)
    return cells, frozenset(held_out)


@cache
def _families() -> dict[tuple[Sort, str], list[str]]:
    """The noun families that go with each verb's topmost hypernym, by sort; the general noun comes first."""
    found: dict[tuple[Sort, str], list[str]] = {}
    for noun, verb in frames():
        family, root = cell(noun, verb)
        members = found.setdefault((sort_of(noun), root), [])
        if family not in members:
            members.append(family)
    return found


def _sound(cells: dict[Cell, Split]) -> bool:
    """Whether train has enough of every noun and verb, and each split its share of what its pairs are made from."""
    everything = [(noun, verb, cells[cell(noun, verb)]) for noun, verb in frames()]
    simple = [(noun, split) for noun, verb, split in everything if not VERBS[verb].objects]  # what `mini` has
    for noun in NOUNS:
        own = [split for other, split in simple if other == noun]
        if own.count("train") < IN_TRAIN * len(own):
            return False
    if {verb for _, verb, split in everything if split == "train"} != set(VERBS):
        return False
    kinds = [(parent, verb, split) for noun, verb, split in everything if (parent := NOUNS[noun].parent) is not None]
    measures = (
        [split for _, _, split in everything],
        [split for _, split in simple],
        # Steps from a noun to its hypernym within a split, and verbs that have a hypernym.
        [split for parent, verb, split in kinds if split == cells[cell(parent, verb)]],
        [split for _, verb, split in everything if VERBS[verb].parent is not None],
    )
    return all(
        abs(measure.count(split) / len(measure) - share) <= TOLERANCE
        for measure in measures
        for split, share in zip(SPLITS, SHARES, strict=True)
    )
