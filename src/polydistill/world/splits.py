"""Train, dev and test share no sentence, and test combines nouns, predicates and modifiers as train never does.

Each combination of a noun family (a kind just below `animal`, `person`, ... with all that is below it) and the topmost
hypernym of a verb is a cell, and belongs to one split. A clause belongs to the split of its cell, whatever its
quantifier and details, and a pair is made within one split. Besides, some combinations of a verb's topmost hypernym
with a place, a time or a manner are held out: they occur in test only. The cells are drawn from the seed until the
splits have their shares and train has every noun and verb.
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
TOLERANCE = 0.04
HELD_OUT_SHARE = 0.15
# A family follows the split of its sort's general noun this often, or dev would have hardly a hypernym beside its kinds.
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
        self.seed = seed
        draws = (Random(f"splits|{seed}|{attempt}") for attempt in count())
        self._cells, self._held_out = next(
            (cells, held_out) for cells, held_out in map(_draw, draws) if _sound(cells)
        )

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


def check_split(split: str) -> Split:
    """`split`, if there is one of that name."""
    for known in SPLITS:
        if split == known:
            return known
    raise unknown("split", split, SPLITS)


def _draw(rng: Random) -> tuple[dict[Cell, Split], frozenset[tuple[str, str]]]:
    """A split for each cell, and the combinations of verb and modifier that are held out."""
    cells: dict[Cell, Split] = {}
    for noun, verb in frames():
        family, root = cell(noun, verb)
        if (family, root) in cells:
            continue
        own, follows = rng.choices(SPLITS, SHARES)[0], rng.random() < FOLLOWS_GENERAL_NOUN
        general = cells.get((sort_of(family), root))
        cells[family, root] = general if general and follows else own
    modifiers = (*PLACES, *TIMES, *MANNERS)
    roots = [verb.id for verb in VERBS.values() if verb.parent is None]
    held_out = ((root, modifier) for root in roots for modifier in modifiers if rng.random() < HELD_OUT_SHARE)
    return cells, frozenset(held_out)


def _sound(cells: dict[Cell, Split]) -> bool:
    """Whether train has every noun and verb, and each split its share of all that its pairs are made from."""
    all_frames = list(frames())
    in_train = [(noun, verb) for noun, verb in all_frames if cells[cell(noun, verb)] == "train"]
    if {noun for noun, _ in in_train} != set(NOUNS) or {verb for _, verb in in_train} != set(VERBS):
        return False
    noun_steps = [
        (cells[cell(noun, verb)], cells[cell(parent, verb)])
        for noun, verb in all_frames
        if (parent := NOUNS[noun].parent) is not None
    ]
    verb_steps = [cells[cell(noun, verb)] for noun, verb in all_frames if VERBS[verb].parent]
    mini = [cells[cell(noun, verb)] for noun, verb in all_frames if not VERBS[verb].objects]
    measures = (
        [cells[cell(noun, verb)] for noun, verb in all_frames],
        mini,
        [low for low, high in noun_steps if low == high],
        verb_steps,
    )
    return all(
        abs(measure.count(split) / len(measure) - share) <= TOLERANCE
        for measure in measures
        for split, share in zip(SPLITS, SHARES, strict=True)
    )
