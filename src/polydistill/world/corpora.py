"""The mini-world's public face: meanings and labelled pairs of one seed and difficulty, and their sentences."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib.resources import files
from itertools import cycle, islice
from random import Random
from typing import Any, TypeVar

from polydistill.world.causes import CausalQuestion, Event, consequences, questions, say
from polydistill.world.clauses import Clauses
from polydistill.world.concepts import TIMES
from polydistill.world.difficulty import difficulty as difficulty_named
from polydistill.world.draws import distinct
from polydistill.world.grammar import grammar
from polydistill.world.meaning import Meaning
from polydistill.world.mentions import Statement, Tagged, statements, tag, untokenized
from polydistill.world.nli import NliPair, pairs
from polydistill.world.paraphrases import Rephrasing, rephrasings
from polydistill.world.reviews import Review, reading, reviews
from polydistill.world.splits import Split, check_split, splits
from polydistill.world.stories import StoryQuestion, story_questions, tell
from polydistill.world.tables import Folder, tables_digest

GENERATOR_VERSION = 2  # to be raised with each change of meanings, splits or pairs that a seed gives
TASK_GENERATOR_VERSION = 1  # the same for tagged sentences, causal questions and reviews

Said = Meaning | Statement | tuple[Event, Event] | Review | StoryQuestion

T = TypeVar("T")


class World:
    """All rows of one seed and difficulty.

    The first rows of a longer request are those of a shorter one, and the same on each machine. The splits depend on
    the seed alone: what is test for one difficulty is test for all.
    """

    def __init__(self, seed: int = 0, difficulty: str = "mini") -> None:
        self.seed = seed
        self.difficulty = difficulty_named(difficulty)
        self.splits = splits(seed)

    def meanings(self, split: str, rows: int) -> list[Meaning]:
        """Distinct meanings of a split, for monolingual and parallel text."""
        known = check_split(split)
        found = distinct(self._clauses(known), self._rng("meanings", known))
        return self._first(found, rows, f"sentences in its {split} split")

    def nli(self, split: str, rows: int) -> list[NliPair]:
        """Labelled pairs of a split; each three in a row share their hypothesis and have all labels."""
        known = check_split(split)
        found = pairs(self._clauses(known), self._rng("nli", known))
        return self._first(found, rows, f"pairs in its {split} split")

    def rephrasings(self, split: str, rows: int) -> list[Rephrasing]:
        """Paraphrases and near misses; each two in a row are of one sentence and have both labels."""
        known = check_split(split)
        found = rephrasings(self._clauses(known), self._rng("rephrasings", known))
        return self._first(found, rows, f"paraphrases in its {split} split")

    def story_questions(self, split: str, rows: int) -> list[StoryQuestion]:
        """Questions on short stories; each three in a row are on one story: who, where and when."""
        known = check_split(split)
        found = story_questions(self.seed, known, self._rng("story questions", known))
        return self._first(found, rows, f"questions on stories in its {split} split", "")

    def mentions(self, split: str, rows: int) -> list[Statement | Meaning]:
        """Sentences with named persons, places and organisations; every fifth is a meaning of the world itself."""
        known = check_split(split)
        rng = self._rng("mentions", known)
        times = tuple(TIMES) if "time" in self.difficulty.slots else ()
        named = statements(self.seed, known, times, rng)
        plain = distinct(self._clauses(known), rng)
        return self._first(_every_fifth(named, plain), rows, f"tagged sentences in its {split} split")

    def tagged(self, mentions: Iterable[Statement | Meaning], language: str) -> list[Tagged]:
        """Their words and tags in a language."""
        return [tag(one, language) for one in mentions]

    def questions(self, split: str, rows: int) -> list[CausalQuestion]:
        """Causal questions; each two in a row share their choices and have both labels."""
        known = check_split(split)
        return self._first(
            questions(self.seed, known, self._rng("questions", known)), rows, f"questions in its {split} split", ""
        )

    def reviews(self, split: str, rows: int) -> list[Review]:
        """Reviews with the stars that they give; each five in a row are of the same things and have all stars."""
        known = check_split(split)
        found = reviews(self.seed, known, self.difficulty.sides, self._rng("reviews", known))
        return self._first(found, rows, f"reviews in its {split} split")

    def mixed(
        self, split: str, rows: int, named: bool = True, opinions: bool = False, told: bool = False
    ) -> list[Said]:
        """What tasks speak of, for text to pre-train on, in turn: meanings, names and causes, reviews, stories."""
        known = check_split(split)
        each = -(-rows // (1 + 2 * named + opinions + told))
        parts: list[list[Any]] = [self.meanings(split, each)]
        if named:
            events = islice(cycle(consequences(self.seed, known, self._rng("stories", known))), each)
            parts += [self.mentions(split, each), list(events)]
        if opinions:
            parts.append(self.reviews(split, each))
        if told:
            parts.append(self.story_questions(split, each))
        return [part[at] for at in range(each) for part in parts][:rows]

    def mixed_text(self, mixed: Iterable[Said], language: str) -> list[str]:
        """Mixed text in a language."""
        return [_text(one, language) for one in mixed]

    def sentences(self, meanings: Iterable[Meaning], language: str) -> list[str]:
        """The meanings as they are said in a language."""
        say = grammar(language).sentence
        return [say(meaning) for meaning in meanings]

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the seed, the difficulty, the generator, and the words and grammar of any language."""
        digest = hashlib.sha256(f"{GENERATOR_VERSION}|{self.seed}|{self.difficulty.name}".encode())
        folder = files("polydistill.world.languages")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith((".toml", ".py")):
                digest.update(f"|{entry.name}|{entry.read_text(encoding='utf-8')}".encode())
        return digest.hexdigest()

    def fingerprint_with(self, folder: Folder) -> str:
        """The same with the words of one kind of task."""
        return f"{self.fingerprint}|{TASK_GENERATOR_VERSION}|{tables_digest(folder)}"

    def _clauses(self, split: Split) -> Clauses:
        return Clauses(self.difficulty, self.splits, split)

    def _rng(self, what: str, split: Split) -> Random:
        return Random(f"{what}|{self.seed}|{self.difficulty.name}|{split}")

    def _first(
        self, found: Iterator[T], rows: int, what: str, more: str = ", or take a harder difficulty, which has more"
    ) -> list[T]:
        if rows < 1:
            raise ValueError(f"rows is {rows}; expected at least 1.")
        taken = list(islice(found, rows))
        if len(taken) < rows:
            raise ValueError(
                f"The {self.difficulty.name!r} world of seed {self.seed} has {len(taken)} {what}, not {rows}. "
                f"Ask for at most {len(taken)}{more}."
            )
        return taken


def _every_fifth(named: Iterator[Statement], plain: Iterator[Meaning]) -> Iterator[Statement | Meaning]:
    """Four with names, one without, and so on, until either is used up."""
    for one in plain:
        four = list(islice(named, 4))
        yield from four
        if len(four) < 4:
            return
        yield one


def _text(said: Said, language: str) -> str:
    if isinstance(said, Review):
        body, title, _ = reading(said, language)
        return f"{title}. {body}"
    if isinstance(said, StoryQuestion):
        return tell(said, language)
    if isinstance(said, tuple):
        return " ".join(say(event, language) for event in said)
    return grammar(language).sentence(said) if isinstance(said, Meaning) else untokenized(tag(said, language)[0])
