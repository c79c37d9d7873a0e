"""Sentences about named persons, places and organisations, with a tag for each word, in six languages.

Names are parted: most occur in every split, some in dev only and some in test only. A sentence of dev or test has at
least one name that train never shows, so that knowing the names of train by heart is not enough. Every fifth sentence
is one of the mini-world's own, which names nobody or a person.

A table gives the sentences as templates. Brackets hold what is tagged, `[Chuo Kikuu cha Nairobi]`, endings included.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, Literal

from polydistill.world.clauses import pick
from polydistill.world.grammar import Grammar, grammar
from polydistill.world.meaning import Meaning, Quantifier
from polydistill.world.splits import SHARES, Split
from polydistill.world.tables import table

Role = Literal["person", "other", "place", "goal", "organisation"]
Name = tuple[str, ...]
"""Of a person the given name and perhaps the surname; of an organisation its kind and the place (or its own name)."""

FIRST = (
    *("Clara", "Hugo", "Marta", "Emil", "Ayşe", "Murat", "Zuhura", "Juma", "Alice", "Peter", "Lucía", "Diego", "Elif"),
    *("Baraka", "Louise", "Karl"),
)
LAST = (
    *("Keller", "Moreau", "Navarro", "Yılmaz", "Mwangi", "Baker", "Fischer", "Lambert", "Ortega", "Demir", "Otieno"),
    *("Cooper", "Wagner", "Girard", "Castillo", "Kaya"),
)
CITIES = (
    *("london", "paris", "berlin", "vienna", "rome", "madrid", "lisbon", "athens", "moscow", "prague", "warsaw"),
    *("cologne", "geneva", "istanbul", "ankara", "izmir", "nairobi", "mombasa", "dodoma"),
)
COUNTRIES = ("kenya", "turkey", "germany", "france", "spain", "tanzania")
COMPANIES = ("Nordan", "Altura", "Veltis", "Solvano", "Kilima", "Orbis", "Tarvik", "Menoko")
OF_CITIES = ("university", "bank", "museum", "radio")
KINDS: dict[Role, str] = {"person": "PER", "other": "PER", "place": "LOC", "goal": "LOC", "organisation": "ORG"}
FRAMES: dict[str, tuple[Role, ...]] = {
    "live": ("person", "place"),
    "come": ("person", "place"),
    "work": ("person", "organisation"),
    "travel": ("person", "place"),
    "leave": ("person", "organisation"),
    "meet": ("person", "other", "place"),
    "open": ("organisation", "place"),
    "train": ("place", "goal"),
}
TIMED = ("travel", "leave", "meet", "open", "train")
SURNAME, COMPANY, TIME = 0.7, 0.3, 0.5  # how often a person has a surname, an organisation is a company, a time is said
TRIES = 2000  # sentences in a row without a new one before the set counts as used up


@dataclass(frozen=True)
class Statement:
    """One sentence: who and what stands where in its frame, and when."""

    frame: str
    names: tuple[tuple[Role, Name], ...]
    time: str | None = None


class Names:
    """The names that a split may use, and those that only it uses."""

    def __init__(self, seed: int, split: Split) -> None:
        self.own: set[str] = set()
        parts = [_part(names, split, Random(f"names|{seed}|{at}")) for at, names in enumerate(_LISTS)]
        for _, own in parts:
            self.own.update(own)
        self._first, self._last, self._cities, self._countries, self._companies = (both for both, _ in parts)

    def draw(self, role: Role, rng: Random) -> Name:
        """A name for this role."""
        if role in ("person", "other"):
            given = pick(self._first, rng)
            return (given, pick(self._last, rng)) if rng.random() < SURNAME else (given,)
        if role == "organisation":
            if rng.random() < COMPANY:
                return "company", pick(self._companies, rng)
            return pick(OF_CITIES, rng), pick(self._cities, rng)
        return (pick((*self._cities, *self._countries), rng),)


_LISTS: tuple[tuple[str, ...], ...] = (FIRST, LAST, CITIES, COUNTRIES, COMPANIES)


def _part(names: tuple[str, ...], split: Split, rng: Random) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of a list of names those that a split may use, and among them those that only it uses (train: none)."""
    order = list(names)
    rng.shuffle(order)
    common = round(SHARES[0] * len(order))
    middle = common + max(1, round(SHARES[1] * len(order)))
    own = {"train": (), "dev": tuple(order[common:middle]), "test": tuple(order[middle:])}[split]
    return (*order[:common], *own), own


def statements(seed: int, split: Split, times: Sequence[str], rng: Random) -> Iterator[Statement]:
    """Sentences about names of a split, without repeats; in dev and test each has a name of that split's own."""
    names, seen = Names(seed, split), set[Statement]()
    tries = 0
    while tries < TRIES:
        made = _statement(names, times, rng)
        used = {part for _, name in made.names for part in name}
        if made in seen or (split != "train" and not used & names.own):
            tries += 1
            continue
        tries = 0
        seen.add(made)
        yield made


def _statement(names: Names, times: Sequence[str], rng: Random) -> Statement:
    frame = pick(tuple(FRAMES), rng)
    while True:
        drawn = tuple((role, names.draw(role, rng)) for role in FRAMES[frame])
        if len({name for _, name in drawn}) == len(drawn):  # nobody meets himself
            break
    time = pick(times, rng) if frame in TIMED and times and rng.random() < TIME else None
    return Statement(frame, drawn, time)


Tagged = tuple[list[str], list[str]]


def tag(said: Statement | Meaning, language: str) -> Tagged:
    """The words of the sentence in a language, and their tags."""
    speaker = grammar(language)
    words, tags = _tag_meaning(said, speaker) if isinstance(said, Meaning) else _tag_statement(said, language)
    return [speaker.capital(words[0]), *words[1:]], tags


def untokenized(words: Sequence[str]) -> str:
    """The sentence as running text: no space before the full stop, none after an apostrophe that ends a word."""
    return re.sub(r"(?<=')\s|\s(?=\.$)", "", " ".join(words))


def _tag_meaning(said: Meaning, speaker: Grammar) -> Tagged:
    """A sentence of the mini-world's grammar: its persons are single words."""
    persons = {clause.subject.noun for clause in said.clauses if clause.subject.quantifier is Quantifier.NAMED}
    called = {speaker.table["persons"][person]["name"] for person in persons}
    words = [*speaker.sentence(said).removesuffix(".").split(), "."]
    return words, ["B-PER" if word in called else "O" for word in words]


def _tag_statement(said: Statement, language: str) -> Tagged:
    forms = {role: name_forms(role, name, language) for role, name in said.names}
    time = grammar(language).table["times"][said.time]["phrase"] if said.time else ""
    text = re.sub(r"\{(\w+)\.?(\w*)\}", lambda slot: _fill(slot, forms, time), _sentence(said.frame, language))
    words: list[str] = []
    tags: list[str] = []
    for found in re.finditer(r"\[(\w+) ([^\]]*)\]|(\S+)", f"{text} ."):
        kind, inside, plain = found.groups()
        own = [plain] if plain else inside.split()
        words += own
        tags += ["O"] if plain else [f"{'I' if at else 'B'}-{kind}" for at in range(len(own))]
    return words, tags


def _fill(slot: "re.Match[str]", forms: Mapping[Any, Mapping[str, str]], time: str) -> str:
    """The form that a slot such as {place.in} asks for; {person} asks for the name."""
    role, form = slot.groups()
    return time if role == "time" else forms[role][form or "name"]


@cache
def _sentence(frame: str, language: str) -> str:
    return str(table("entities", language)["sentences"][frame])


@cache
def name_forms(role: Role, name: Name, language: str) -> dict[str, str]:
    """All forms of a name, with what is tagged as in "in [LOC Berlin]"."""
    words = table("entities", language)
    if role in ("person", "other"):
        forms = {"name": f"[{' '.join(name)}]"}
    elif role == "organisation":
        kind, of = name
        parts = (
            {**words.get("companies", {}).get(of.lower(), {}), "bare": of} if kind == "company" else _place(of, words)
        )
        forms = {form: text.format(**parts) for form, text in words["organisations"][kind].items()}
    else:
        forms = _place(name[0], words)
    return {form: text.replace("[", f"[{KINDS[role]} ") for form, text in forms.items()}


def _place(place: str, words: Mapping[str, Any]) -> dict[str, str]:
    """The forms of a place: its own, and else those of all places."""
    own: dict[str, str] = words["places"][place]
    return {**{form: text.format(bare=own["bare"]) for form, text in words["place"].items()}, **own}
