"""The mini-world's public face: meanings and labelled pairs of one seed and difficulty, and their sentences."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib.resources import files
from itertools import islice
from random import Random
from typing import TypeVar

from polydistill.world.clauses import Clauses
from polydistill.world.difficulty import difficulty as difficulty_named
from polydistill.world.draws import distinct
from polydistill.world.grammar import grammar
from polydistill.world.meaning import Meaning
from polydistill.world.nli import NliPair, pairs
from polydistill.world.splits import Split, check_split, splits

GENERATOR_VERSION = 2  # to be raised with each change of meanings, splits or pairs that a seed gives

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

    def _clauses(self, split: Split) -> Clauses:
        return Clauses(self.difficulty, self.splits, split)

    def _rng(self, what: str, split: Split) -> Random:
        return Random(f"{what}|{self.seed}|{self.difficulty.name}|{split}")

    def _first(self, found: Iterator[T], rows: int, what: str) -> list[T]:
        if rows < 1:
            raise ValueError(f"rows is {rows}; expected at least 1.")
        taken = list(islice(found, rows))
        if len(taken) < rows:
            raise ValueError(
                f"The {self.difficulty.name!r} world of seed {self.seed} has {len(taken)} {what}, not {rows}. "
                f"Ask for at most {len(taken)}, or take a harder difficulty, which has more."
            )
        return taken
