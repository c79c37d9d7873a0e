"""Causal questions in the form of COPA: a premise, `cause` or `effect`, and two choices of which one is right.

A chain is three events of one person, each the cause of the next. Questions come in twos that share their choices, and
what is right for the one is wrong for the other, so choices without their premise and question tell nothing:

- two chains: the premise is an event of the first or of the second chain, the choices are what comes before it (or
  after it) in either chain;
- one chain: the premise is the middle, the choices are the first and the last event, and only the question tells which.

Each combination of two chains, and of a chain and a person, belongs to one split. Chains with a theme in common never
stand against each other, for the wrong choice would be a plausible one ("got a headache" and "saw a doctor").
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from random import Random
from typing import Literal

from polydistill.world.mentions import FIRST
from polydistill.world.splits import SHARES, SPLITS, Split
from polydistill.world.tables import table

Asks = Literal["cause", "effect"]

CHAINS: dict[str, tuple[str, ...]] = {
    "umbrella": ("health",),
    "alarm": ("late",),
    "exam": ("success",),
    "knife": ("health",),
    "work": ("success",),
    "garden": (),
    "key": ("loss",),
    "fish": ("health",),
    "race": ("success",),
    "lamp": (),
    "dog": ("loss",),
    "bread": (),
    "letter": ("success",),
    "tyre": ("late", "repair"),
    "phone": ("repair",),
    "sun": ("health",),
}
STEPS = 3
ENOUGH = 2  # combinations that train has of each chain, at least


@dataclass(frozen=True)
class Event:
    """Step 0, 1 or 2 of a chain, of a person."""

    person: str
    chain: str
    step: int


@dataclass(frozen=True)
class CausalQuestion:
    """What was the cause, or the effect, of the premise; `label` is the place of the right choice."""

    premise: Event
    asks: Asks
    choices: tuple[Event, Event]
    label: int


def questions(seed: int, split: Split, rng: Random) -> Iterator[CausalQuestion]:
    """All questions of a split: of three twos one is of one chain, as long as there are such."""
    across, within = _across(seed, split), _within(seed, split)
    rng.shuffle(across)
    rng.shuffle(within)
    at = 0
    while across or within:
        take = within if within and (at % STEPS == STEPS - 1 or not across) else across
        two = list(take.pop())
        rng.shuffle(two)
        yield from two
        at += 1


def say(event: Event, language: str) -> str:
    """The event as a sentence."""
    return f"{event.person} {table('events', language)['events'][event.chain][event.step]}."


def consequences(seed: int, split: Split, rng: Random) -> Iterator[tuple[Event, Event]]:
    """Causes and what comes of them, for plain text: each of a person whom the split has with the chain."""
    found = [
        (Event(person, chain, step), Event(person, chain, step + 1))
        for chain, person in _owned(seed, split)
        for step in range(STEPS - 1)
    ]
    rng.shuffle(found)
    yield from found


Two = tuple[CausalQuestion, CausalQuestion]


def _across(seed: int, split: Split) -> list[Two]:
    """Of two chains: the same step of both as choices, asked for by the step before or after it in one of them."""
    twos, rng = [], Random(f"places|{seed}|{split}")
    for (one, other), person, (premise, answer) in product(
        _pairs(seed, split), FIRST, ((0, 1), (1, 0), (1, 2), (2, 1))
    ):
        asks: Asks = "effect" if answer > premise else "cause"
        left, right = rng.sample((one, other), 2)  # else the place would tell which chain it is
        choices = (Event(person, left, answer), Event(person, right, answer))
        first = CausalQuestion(Event(person, left, premise), asks, choices, 0)
        twos.append((first, CausalQuestion(Event(person, right, premise), asks, choices, 1)))
    return twos


def _within(seed: int, split: Split) -> list[Two]:
    """Of one chain: its ends as choices, in either order."""
    twos = []
    for (chain, person), turned in product(_owned(seed, split), (False, True)):
        middle, ends = Event(person, chain, 1), (Event(person, chain, 0), Event(person, chain, 2))
        choices = (ends[1], ends[0]) if turned else ends
        first = CausalQuestion(middle, "cause", choices, int(turned))
        twos.append((first, CausalQuestion(middle, "effect", choices, int(not turned))))
    return twos


def _pairs(seed: int, split: Split) -> list[tuple[str, str]]:
    """The combinations of two chains of a split, such that train has some of every chain."""
    possible = [pair for pair in combinations(CHAINS, 2) if not set(CHAINS[pair[0]]) & set(CHAINS[pair[1]])]
    for attempt in range(1000):
        rng = Random(f"chains|{seed}|{attempt}")
        drawn = rng.choices(SPLITS, SHARES, k=len(possible))
        train = [chain for pair, own in zip(possible, drawn, strict=True) if own == "train" for chain in pair]
        if all(train.count(chain) >= ENOUGH for chain in CHAINS) and set(drawn) == set(SPLITS):
            return [pair for pair, own in zip(possible, drawn, strict=True) if own == split]
    raise AssertionError("no split of the chains gives train enough of each")


def _owned(seed: int, split: Split) -> list[tuple[str, str]]:
    """The combinations of a chain and a person of a split."""
    found = list(product(CHAINS, FIRST))
    drawn = Random(f"persons|{seed}").choices(SPLITS, SHARES, k=len(found))
    return [pair for pair, own in zip(found, drawn, strict=True) if own == split]
