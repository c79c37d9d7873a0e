"""What a language of the mini-world must provide, and how the tables and grammars are found.

A language is two files in `languages/`: `xx.toml`, the table of fully inflected forms, and `xx.py`, a module with one
function `clause(clause, table) -> str` that says one clause, without capital or full stop, and one constant `AND`. The
sentence (capital, full stop, "and") is put together here. Adding both files is all it takes: nothing is registered.
"""

import importlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from polydistill.errors import unknown
from polydistill.world.meaning import Clause, Meaning

Table = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Grammar:
    """One language: its table, how it says a clause, and its word for "and"."""

    language: str
    table: Table
    clause: Callable[[Clause, Table], str]
    conjunction: str

    def sentence(self, meaning: Meaning) -> str:
        """The sentence that says this meaning."""
        text = f" {self.conjunction} ".join(self.clause(clause, self.table) for clause in meaning.clauses)
        return self.capital(text) + "."

    def capital(self, text: str) -> str:
        """`text` with its first letter in upper case, by the language's own rule (Turkish i becomes İ)."""
        first = "İ" if self.language == "tr" and text[0] == "i" else text[0].upper()
        return first + text[1:]


def available_languages() -> tuple[str, ...]:
    """The codes of all languages that have a table."""
    names = (entry.name for entry in files("polydistill.world.languages").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def grammar(language: str) -> Grammar:
    """The grammar of `language`."""
    if language not in available_languages():
        raise unknown("mini-world language", language, available_languages())
    folder = files("polydistill.world.languages")
    table = tomllib.loads(folder.joinpath(f"{language}.toml").read_text(encoding="utf-8"))
    module = importlib.import_module(f"polydistill.world.languages.{language}")
    return Grammar(language, table, module.clause, module.AND)
