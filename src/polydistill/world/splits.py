"""Train, dev and test share no sentence, and test combines nouns, predicates and modifiers as train never does.

Each combination of a noun family (a kind just below `animal`, `person`, ... with all that is below it) and the topmost
hypernym of a verb is a cell, and belongs to one split. A clause belongs to the split of its cell, whatever its
quantifier and details, and a pair is made within one split. Besides, some combinations of a verb's topmost hypernym
with a place, a time or a manner are held out: they occur in test only. The cells are drawn from the seed until the
splits have their shares and train has enough of every noun and verb.
"""

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate, count
from random import Random
from typing import Literal, get_args

from polydistill.errors import unknown
from polydistill.world.concepts import MANNERS, NOUNS, PERSONS, PLACES, TIMES, VERBS, Sort, ancestors
from polydistill.world.meaning import Clause, Meaning

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
SHARES = (0.60, 0.15, 0.25)
TOLERANCE = 0.06
_UP_TO = tuple(accumulate(SHARES))
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
        self._cells, rng = next((cells, rng) for rng in draws if _sound(cells := _draw_cells(rng)))
        self._held_out = _draw_held_out(rng)

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


def _draw_cells(rng: Random) -> dict[Cell, Split]:
    """A split for each cell."""
    cells: dict[Cell, Split] = {}
    for (_, root), members in _families().items():
        drawn: list[Split] = []
        while drawn.count("train") < IN_TRAIN * len(members):
            general = _draw_split(rng)
            drawn = [general]
            for _ in members[1:]:
                own, follows = _draw_split(rng), rng.random() < FOLLOWS_GENERAL_NOUN
                drawn.append(general if follows else own)
        cells.update({(family, root): split for family, split in zip(members, drawn, strict=True)})
    return cells


def _draw_split(rng: Random) -> Split:
    """What `rng.choices(SPLITS, SHARES)` draws, which is asked for hundreds of thousands of times, at once."""
    return SPLITS[bisect(_UP_TO, rng.random() * _UP_TO[-1], 0, len(SPLITS) - 1)]


def _draw_held_out(rng: Random) -> frozenset[tuple[str, str]]:
    """The combinations of verb and modifier that are held out."""
    modifiers = (*PLACES, *TIMES, *MANNERS)
    roots = [verb.id for verb in VERBS.values() if verb.parent is None]
    return frozenset((root, modifier) for root in roots for modifier in modifiers if rng.random() < HELD_OUT_SHARE)


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
    """Whether each split has its share of what its pairs are made from, and train has enough of every noun and verb."""
    return _has_shares(cells) and _has_enough_in_train(cells)


def _has_shares(cells: dict[Cell, Split]) -> bool:
    """Most draws fail here, so frames are counted by cell once, and not by draw."""
    by_cell, steps = _counted()
    of_splits = [((cells[one], number) for one, number in measure.items()) for measure in by_cell]
    of_splits.append((cells[one], number) for (one, other), number in steps.items() if cells[one] == cells[other])
    return all(map(_as_shared, of_splits))


def _as_shared(measure: Iterable[tuple[Split, int]]) -> bool:
    numbers = dict.fromkeys(SPLITS, 0)
    for split, number in measure:
        numbers[split] += number
    total = sum(numbers.values())
    return all(abs(numbers[split] / total - share) <= TOLERANCE for split, share in zip(SPLITS, SHARES, strict=True))


@cache
def _counted() -> tuple[tuple[Counter[Cell], ...], Counter[tuple[Cell, Cell]]]:
    """By cell the frames, those that `mini` has, and those of a verb that has a hypernym; and by two cells the steps.

    A step goes from a noun to its hypernym, and is within a split where both cells are.
    """
    everything = [(cell(noun, verb), noun, VERBS[verb]) for noun, verb in frames()]
    parents = [(one, parent, verb.id) for one, noun, verb in everything if (parent := NOUNS[noun].parent) is not None]
    return (
        Counter(one for one, _, _ in everything),
        Counter(one for one, _, verb in everything if not verb.objects),
        Counter(one for one, _, verb in everything if verb.parent is not None),
    ), Counter((one, cell(parent, verb)) for one, parent, verb in parents)


def _has_enough_in_train(cells: dict[Cell, Split]) -> bool:
    everything = [(noun, verb, cells[cell(noun, verb)]) for noun, verb in frames()]
    for noun in NOUNS:
        own = [split for other, verb, split in everything if other == noun and not VERBS[verb].objects]
        if own.count("train") < IN_TRAIN * len(own):
            return False
    return {verb for _, verb, split in everything if split == "train"} == set(VERBS)
