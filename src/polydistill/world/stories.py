"""Short stories of who does what, where and when, with questions whose answers are parts of them, in six languages.

A story is three to six sentences. One of its facts has something in common with each other one: who, what, where or
when. So it takes more than one word of a question to know which sentence it is about, and every kind of answer has
several candidates. Rows come in threes that share their story: who, where and when, each of a fact by chance. A
question names all of its fact but what it asks for, and fits no other fact (`answers` looks at all).

Names are parted as for tagged sentences: each story of dev or test has a name that train never shows.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Literal, get_args

from polydistill.world.clauses import pick
from polydistill.world.grammar import grammar
from polydistill.world.mentions import Name, Names, name_forms
from polydistill.world.splits import Split
from polydistill.world.tables import table

Asks = Literal["who", "where", "when"]
Part = Literal["person", "verb", "place", "time"]
PARTS: tuple[Part, ...] = get_args(Part)
ASKS: dict[Asks, Part] = {"who": "person", "where": "place", "when": "time"}
VERBS = ("work", "sing", "dance", "cook", "paint", "sleep", "swim", "wait")
TIMES = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march"),
    *("april", "may", "june", "july", "august", "september", "october", "november", "december"),
)
LENGTHS = (3, 4, 5, 6)
TIME_FIRST = 0.5  # how often a sentence begins with its time
TRIES = 2000  # stories in a row that will not do before the set counts as used up


@dataclass(frozen=True)
class Fact:
    """Somebody does something somewhere at some time."""

    person: Name
    verb: str
    place: Name
    time: str
    time_first: bool = False

    def part(self, name: Part) -> Name | str:
        """One of the four."""
        value: Name | str = getattr(self, name)
        return value

    def shares(self, other: "Fact") -> list[Part]:
        """What two facts have in common."""
        return [name for name in PARTS if self.part(name) == other.part(name)]


@dataclass(frozen=True)
class StoryQuestion:
    """A question about one of the facts of a story."""

    story: tuple[Fact, ...]
    asks: Asks
    about: int

    @property
    def answers(self) -> set[Name | str]:
        """What is asked for, of all facts that the question fits."""
        asked, own = ASKS[self.asks], self.story[self.about]
        named = [part for part in PARTS if part != asked]
        return {fact.part(asked) for fact in self.story if all(fact.part(part) == own.part(part) for part in named)}


@dataclass(frozen=True)
class Reading:
    """A question and its story as text; the answer and all parts of the story of its kind, by characters."""

    question: str
    context: str
    answer: tuple[int, int]
    candidates: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """The answer."""
        return self.context[slice(*self.answer)]


def story_questions(seed: int, split: Split, rng: Random) -> Iterator[StoryQuestion]:
    """Questions in threes that share their story, without repeats."""
    names, seen = Names(seed, split), set[tuple[Fact, ...]]()
    tries = 0
    while tries < TRIES:
        story = _story(names, rng)
        used = {word for fact in story for name in (fact.person, fact.place) for word in name}
        if story in seen or (split != "train" and not used & names.own):
            tries += 1
            continue
        tries = 0
        seen.add(story)
        three = [StoryQuestion(story, asks, rng.randrange(len(story))) for asks in ASKS]
        rng.shuffle(three)
        yield from three


def _story(names: Names, rng: Random) -> tuple[Fact, ...]:
    """Facts of which the first drawn has one part in common with each other one; then in any order."""
    first = _fact(names, rng)
    facts = [first]
    for _ in range(pick(LENGTHS, rng) - 1):
        while True:
            shared = pick(PARTS, rng)
            fact = _sharing(first, shared, _fact(names, rng))
            if first.shares(fact) == [shared] and not any(set(other.shares(fact)) - {shared} for other in facts[1:]):
                break
        facts.append(fact)
    rng.shuffle(facts)
    return tuple(facts)


def _sharing(one: Fact, part: Part, other: Fact) -> Fact:
    """The other fact with one part of the first."""
    match part:
        case "person":
            return replace(other, person=one.person)
        case "verb":
            return replace(other, verb=one.verb)
        case "place":
            return replace(other, place=one.place)
        case "time":
            return replace(other, time=one.time)


def _fact(names: Names, rng: Random) -> Fact:
    person, place = names.draw("person", rng), names.draw("place", rng)
    return Fact(person, pick(VERBS, rng), place, pick(TIMES, rng), rng.random() < TIME_FIRST)


def read(asked: StoryQuestion, language: str) -> Reading:
    """The question and its story in a language."""
    part = ASKS[asked.asks]
    told: list[str] = []
    candidates: list[tuple[int, int]] = []
    for fact in asked.story:
        sentence, spans = _told(fact, language)
        offset = sum(map(len, told)) + len(told)
        candidates.append((offset + spans[part][0], offset + spans[part][1]))
        told.append(sentence)
    question = _unmarked(_filled(table("days", language)["asked"][asked.asks], asked.story[asked.about], language))[0]
    answer = candidates[asked.about]
    return Reading(grammar(language).capital(question), " ".join(told), answer, tuple(candidates))


def tell(asked: StoryQuestion, language: str) -> str:
    """The story with the question, as plain text."""
    reading = read(asked, language)
    return f"{reading.context} {reading.question}"


@cache
def _told(fact: Fact, language: str) -> tuple[str, Mapping[Part, tuple[int, int]]]:
    """A fact as a sentence, and where its person, place and time stand in it."""
    pattern = table("days", language)["told"]["time_first" if fact.time_first else "plain"]
    text, spans = _unmarked(_filled(pattern, fact, language))
    return f"{grammar(language).capital(text)}.", spans


def _filled(pattern: str, fact: Fact, language: str) -> str:
    words = table("days", language)
    return pattern.format(
        person=_marked(name_forms("person", fact.person, language)["name"], "person"),
        verb=words["verbs"][fact.verb],
        place=_marked(name_forms("place", fact.place, language)["in"], "place"),
        time=_marked(words["times"][fact.time], "time"),
    )


def _marked(form: str, part: Part) -> str:
    """The form with what may be an answer in brackets that name the part: "in [place Berlin]"."""
    return re.sub(r"\[(?:[A-Z]+ )?", f"[{part} ", form)


def _unmarked(text: str) -> tuple[str, dict[Part, tuple[int, int]]]:
    """The text without its brackets, and what each held."""
    plain, spans, last = "", dict[Part, tuple[int, int]](), 0
    for found in re.finditer(r"\[(\w+) ([^\]]*)\]", text):
        plain += text[last : found.start()]
        part = next(known for known in PARTS if known == found[1])
        spans[part] = (len(plain), len(plain) + len(found[2]))
        plain, last = plain + found[2], found.end()
    return plain + text[last:], spans
