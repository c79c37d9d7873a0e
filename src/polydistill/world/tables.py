"""The tables of words that single tasks use, apart from the languages' own: one file a language in a folder a task."""

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

from polydistill.errors import unknown

Folder = Literal["entities", "events", "opinions", "days"]


@cache
def table(folder: Folder, language: str) -> Mapping[str, Any]:
    """The table of a language."""
    known = {entry.name.removesuffix(".toml"): entry for entry in _tables(folder)}
    if language not in known:
        raise unknown(f"mini-world language with {folder}", language, known)
    return tomllib.loads(known[language].read_text(encoding="utf-8"))


def tables_digest(folder: Folder) -> str:
    """A hash of the words of all languages."""
    digest = hashlib.sha256()
    for entry in _tables(folder):
        digest.update(f"|{entry.name}|{entry.read_text(encoding='utf-8')}".encode())
    return digest.hexdigest()


def _tables(folder: Folder) -> list[Traversable]:
    entries = files(f"polydistill.world.{folder}").iterdir()
    return sorted((entry for entry in entries if entry.name.endswith(".toml")), key=lambda entry: entry.name)
