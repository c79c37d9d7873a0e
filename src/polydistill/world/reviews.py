"""Reviews of things: opinions on their sides, degree words and denials, and the stars that follow by an exact rule.

An opinion says of a thing, or of a side of it (its design, its delivery), that it has a quality, or has it not:

    fairly good +1   good +2       very good         +3       and the reverse for bad
    not very good -1   not good -2   not good at all -3

The title is an opinion on the thing itself, the body opinions on two sides or more. What they are worth together makes
the stars: 5 or more is five stars, 2 to 4 four, -1 to 1 three, -4 to -2 two, -5 or less one.

Reviews come in fives: of the same thing, sides, scales and degrees, one for each number of stars, so that these tell
nothing. An opinion is praise or finds fault by its adjective, or now and then by denying the opposite one.

Each combination of a thing or a side with a scale (good or bad, fast or slow, ...) belongs to one split, so no sentence
of one split is in another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count, product
from random import Random
from typing import Literal, get_args

from polydistill.world.clauses import pick
from polydistill.world.grammar import grammar
from polydistill.world.splits import SHARES, SPLITS, TOLERANCE, Split
from polydistill.world.tables import table

Degree = Literal["weak", "plain", "strong"]
Cell = tuple[str, str]
Reading = tuple[str, str, str]
"""Body, title and category, as text."""

DEGREES: tuple[Degree, ...] = get_args(Degree)
STARS = 5
LEAST = (-4, -1, 2, 5)  # what opinions must be worth together for two, three, four and five stars
SCALES: dict[str, tuple[str, str]] = {  # praise and fault
    "quality": ("good", "bad"),
    "strength": ("solid", "fragile"),
    "price": ("affordable", "expensive"),
    "comfort": ("pleasant", "unpleasant"),
    "speed": ("fast", "slow"),
    "safety": ("safe", "dangerous"),
    "age": ("modern", "old_fashioned"),
    "ease": ("simple", "complicated"),
}
PRAISE = frozenset(praise for praise, _ in SCALES.values())
SIDES: dict[str, tuple[str, ...]] = {
    "design": ("quality", "comfort", "age", "ease"),
    "material": ("quality", "strength", "price", "comfort", "safety", "age"),
    "colour": ("quality", "comfort", "age"),
    "packaging": ("quality", "strength", "safety", "age", "ease"),
    "delivery": ("quality", "price", "speed", "safety", "ease"),
    "service": ("quality", "price", "comfort", "speed", "age"),
    "repair": ("quality", "price", "speed", "ease"),
    "manual": ("quality", "ease"),
    "shop": ("quality", "price", "comfort", "age"),
    "website": ("quality", "comfort", "speed", "safety", "age", "ease"),
}
_ALL = ("quality", "strength", "price", "safety", "age")
THINGS: dict[str, tuple[str, ...]] = {
    "kettle": (*_ALL, "speed"),
    "pan": _ALL,
    "oven": (*_ALL, "speed", "ease"),
    "phone": (*_ALL, "speed", "ease"),
    "radio": (*_ALL, "ease"),
    "camera": (*_ALL, "speed", "ease"),
    "lamp": _ALL,
    "chair": _ALL,
    "table": _ALL,
    "bicycle": (*_ALL, "speed"),
    "tent": (*_ALL, "ease"),
    "backpack": _ALL,
}
CATEGORIES = {
    **dict.fromkeys(("kettle", "pan", "oven"), "kitchen"),
    **dict.fromkeys(("phone", "radio", "camera"), "electronics"),
    **dict.fromkeys(("lamp", "chair", "table"), "home"),
    **dict.fromkeys(("bicycle", "tent", "backpack"), "sports"),
}
DENIED = 0.25  # ours: how often an opinion denies a quality; at 0.5 no word would say anything of the stars
MOST_SIDES = 4  # of a review, in any difficulty
TRIES = 2000  # fives in a row without a new one before the set counts as used up


@dataclass(frozen=True)
class Opinion:
    """That a thing, or a side of it, has a quality to a degree, or has it not."""

    subject: str
    quality: str
    degree: Degree
    denied: bool

    @property
    def worth(self) -> int:
        """From -3, the worst, to 3; never 0."""
        weight = DEGREES.index(self.degree) + 1
        return weight if (self.quality in PRAISE) != self.denied else -weight


@dataclass(frozen=True)
class Review:
    """An opinion on a thing, as its title, and opinions on sides of it."""

    title: Opinion
    body: tuple[Opinion, ...]

    @property
    def stars(self) -> int:
        """One to five."""
        return stars(sum(opinion.worth for opinion in (self.title, *self.body)))


def stars(worth: int) -> int:
    """The stars for what all opinions of a review are worth together."""
    return 1 + sum(worth >= least for least in LEAST)


def reviews(seed: int, split: Split, sides: int, rng: Random) -> Iterator[Review]:
    """Reviews of a split with so many sides each, without repeats, five by five."""
    seen = set[Review]()
    tries = 0
    while tries < TRIES:
        five = _five(_owned(seed, split, "things"), _owned(seed, split, "sides"), sides, rng)
        if seen.isdisjoint(five):
            tries = 0
            seen.update(five)
            yield from five
        else:
            tries += 1


def say(opinion: Opinion, language: str) -> str:
    """The opinion as a clause that begins a sentence or a title."""
    words = table("opinions", language)
    subject, quality = words["subjects"][opinion.subject], words["qualities"][opinion.quality]
    form = quality if isinstance(quality, str) else quality[subject["agrees"]]
    sentence = words["denied" if opinion.denied else "affirmed"][opinion.degree]
    return grammar(language).capital(sentence.format(name=subject["name"], quality=form))


def reading(review: Review, language: str) -> Reading:
    """Body, title and category of a review in a language."""
    body = " ".join(f"{say(opinion, language)}." for opinion in review.body)
    category = table("opinions", language)["categories"][CATEGORIES[review.title.subject]]
    return body, say(review.title, language), category


Scales = Mapping[str, tuple[str, ...]]


def _five(things: Scales, sides: Scales, number: int, rng: Random) -> list[Review]:
    """A review for each number of stars, of the same thing, sides, scales and degrees."""
    thing = pick(tuple(things), rng)
    owned = [(thing, things[thing]), *((side, sides[side]) for side in rng.sample(tuple(sides), number))]
    rated = [(subject, pick(scales, rng)) for subject, scales in owned]
    weights = pick(_weights(number + 1), rng)
    made = []
    for possible in _signs(weights).values():
        parts = zip(rated, weights, pick(possible, rng), strict=True)
        title, *body = (_opinion(subject, scale, weight, sign, rng) for (subject, scale), weight, sign in parts)
        made.append(Review(title, tuple(body)))
    rng.shuffle(made)
    return made


def _opinion(subject: str, scale: str, weight: int, sign: int, rng: Random) -> Opinion:
    """An opinion that is worth sign x weight."""
    denied = rng.random() < DENIED
    quality = SCALES[scale][(sign > 0) == denied]
    return Opinion(subject, quality, DEGREES[weight - 1], denied)


@cache
def _signs(weights: tuple[int, ...]) -> dict[int, tuple[tuple[int, ...], ...]]:
    """For each number of stars that opinions of these weights can make, which of them praise (1) or find fault (-1)."""
    found: dict[int, list[tuple[int, ...]]] = {}
    for signs in product((1, -1), repeat=len(weights)):
        worth = sum(sign * weight for sign, weight in zip(signs, weights, strict=True))
        found.setdefault(stars(worth), []).append(signs)
    return {number: tuple(found[number]) for number in sorted(found)}


@cache
def _weights(opinions: int) -> tuple[tuple[int, ...], ...]:
    """The weights of so many opinions that can make every number of stars."""
    everything = product(range(1, len(DEGREES) + 1), repeat=opinions)
    return tuple(weights for weights in everything if len(_signs(weights)) == STARS)


@cache
def _owned(seed: int, split: Split, what: Literal["things", "sides"]) -> dict[str, tuple[str, ...]]:
    """The things or sides that a split speaks of, each with its scales there."""
    cells, subjects = _cells(seed), THINGS if what == "things" else SIDES
    owned = {one: tuple(scale for scale in scales if cells[one, scale] == split) for one, scales in subjects.items()}
    return {one: scales for one, scales in owned.items() if scales}


@cache
def _cells(seed: int) -> dict[Cell, Split]:
    """The split of each combination of a thing or a side with a scale."""
    cells = [(one, scale) for subjects in (THINGS, SIDES) for one, scales in subjects.items() for scale in scales]
    for attempt in count():
        drawn = Random(f"opinions|{seed}|{attempt}").choices(SPLITS, SHARES, k=len(cells))
        found = dict(zip(cells, drawn, strict=True))
        if _sound(found):
            return found
    raise AssertionError("unreachable: the attempts do not end")


def _sound(cells: Mapping[Cell, Split]) -> bool:
    """Whether train speaks of everything, each split has its share, and enough sides for any review."""
    train = {part for cell, split in cells.items() if split == "train" for part in cell}
    if train != {part for cell in cells for part in cell}:
        return False
    for subjects in (THINGS, SIDES):
        own = [(cell, split) for cell, split in cells.items() if cell[0] in subjects]
        for split, share in zip(SPLITS, SHARES, strict=True):
            there = [cell for cell, at in own if at == split]
            if abs(len(there) / len(own) - share) > TOLERANCE or len({one for one, _ in there}) < MOST_SIDES:
                return False
    return True
