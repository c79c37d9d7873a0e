"""Errors that state what was found, what was expected, and the way out.

`ValueError` (and its children here) is for users; `assert` is for programmers.
"""

import difflib
import importlib.util
from collections.abc import Iterable
from pathlib import Path


def unknown(kind: str, name: object, known: Iterable[object], listed: str | None = None) -> ValueError:
    """The error for a name that is not among the known ones, with the nearest known name as a suggestion.

    `listed` says in short what is known where there is too much of it for a line.
    """
    choices = [str(choice) for choice in known]
    known_are = listed or ", ".join(choices) or "none"
    return ValueError(f"Unknown {kind} {str(name)!r}.{nearest(str(name), choices)} Known: {known_are}.")


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that asks whether the nearest known name was meant; nothing where none is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def need(package: str, extra: str, what: str) -> None:
    """Refuse what needs a package that is not installed, with the line that installs it."""
    if importlib.util.find_spec(package) is None:
        raise ValueError(f"{what} needs {package}, which is not installed: pip install 'polydistill[{extra}]'.")


def printable(text: str) -> str:
    """A text without line breaks, and with what would steer a terminal written out."""
    return shown(" ".join(text.split()))


def shown(text: str) -> str:
    """A text of several lines with what would steer a terminal written out."""
    return "".join(one if one.isprintable() or one in "\n\t" else f"\\x{ord(one):02x}" for one in text)


class DataError(ValueError):
    """Input that cannot be used: where it is, what was found, what was expected, and what to do about it."""

    def __init__(self, file: str | Path, line: int | None, found: str, expected: str, way_out: str) -> None:
        self.file, self.line, self.found, self.expected, self.way_out = Path(file), line, found, expected, way_out
        where = str(file) if line is None else f"{file}, line {line}"
        super().__init__(f"{where}: found {found}; expected {expected}. {way_out}")
