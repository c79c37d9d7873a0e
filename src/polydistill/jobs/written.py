"""Values that a person may write as text, on the command line and in Python: languages, layer maps, tasks, by name."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from polydistill.errors import unknown
from polydistill.languages import canonical, language, parts_of

if TYPE_CHECKING:
    from polydistill.tasks import AnyTask

T = TypeVar("T")


def pair_of(option: str, given: str) -> str:
    """Two languages, such as `en-fr`."""
    pair = canonical(given)
    if len(parts_of(pair)) != 2:
        raise ValueError(
            f"--{option} {given} is one language; expected two, of the first text and of the others: en-fr."
        )
    return pair


def pairs_of(option: str, given: str | Mapping[str, str], example: str) -> dict[str, str]:
    """The pairs of `a=b,c=d`, or of a mapping."""
    if isinstance(given, Mapping):
        return {str(name): str(value) for name, value in given.items()}
    parts = [part.partition("=") for part in given.split(",") if part.strip()]
    if not all(name.strip() and value.strip() for name, _, value in parts):
        raise ValueError(f"--{option} {given}: expected {example}.")
    return {name.strip(): value.strip() for name, _, value in parts}


def named_columns(columns: str | Mapping[str, str]) -> dict[str, str]:
    """Our names of columns, and theirs."""
    return pairs_of("columns", columns, "text=review,label=stars")


def layer_map(name: str, given: str | Mapping[int, int] | None) -> Any:
    """A layer map by its name, or explicit, as in 1:2,2:4."""
    from polydistill.objectives.layer_maps import known

    if given is None:
        return None
    if not isinstance(given, str):
        return dict(given)
    if ":" not in given:
        return known(given)  # type: ignore[arg-type]
    option = "--" + name.replace("_", "-")
    try:
        pairs = [(int(student), int(teacher)) for student, teacher in (pair.split(":") for pair in given.split(","))]
    except ValueError:
        raise ValueError(f"{option} {given}: expected student:teacher,student:teacher, such as 1:2,2:4.") from None
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"{option} {given} names a block of the student twice. Give each one block of the teacher.")
    return dict(pairs)


def shared_parts(given: str | Collection[int | str]) -> tuple[int | str, ...] | None:
    """What students share; none: they are one. Parts with commas, blocks by number or from the first to the last."""
    if not isinstance(given, str):
        return tuple(given)
    parts = [] if given == "none" else [part.strip() for part in given.split(",") if part.strip()]
    return None if parts == ["all"] else tuple(one for part in parts for one in _parts(part))


def _parts(part: str) -> list[int | str]:
    """The parts that one word of --share names: several of `1-3`."""
    blocks = re.fullmatch(r"(\d+)(?:-(\d+))?", part, re.ASCII)
    if blocks is None:
        return [part]
    first, last = int(blocks[1]), int(blocks[2] or blocks[1])
    if first > last:
        raise ValueError(f"--share {part}: the last block comes before the first. Write {last}-{first}.")
    return list(range(first, last + 1))


def by_name(option: str, given: Sequence[str] | None, expected: str) -> dict[str, str]:
    """What is given under a name each, such as `student=en,fr`."""
    found: dict[str, str] = {}
    for one in given or ():
        name, equals, value = one.partition("=")
        if not (name and equals and value):
            raise ValueError(f"{option} {one}: expected {expected}.")
        if name in found:
            raise ValueError(f"{option} {name}= is given twice. Give each once.")
        found[name] = value
    return found


def layers_named(given: str | Sequence[int]) -> Any:
    """The layers of `all`, `last`, `own`, `4` or `1,2,3`."""
    if not isinstance(given, str) or given in ("all", "last", "own"):
        return given
    try:
        return tuple(int(layer) for layer in given.split(","))
    except ValueError:
        raise ValueError(f"--layers {given}: expected all, last, own, or numbers such as 4 or 1,2,3.") from None


def by_language(what: str, given: Mapping[str, T] | Sequence[str], expected: str) -> dict[str, T | str]:
    """What is given for each language, as a mapping or as `fr=FOLDER` and the like, by two-letter codes."""
    named: list[tuple[str, T | str]] = list(given.items()) if isinstance(given, Mapping) else []
    for one in () if isinstance(given, Mapping) else given:
        name, equals, value = one.partition("=")
        if not (name and equals and value):
            raise ValueError(f"--{what} {one}: expected {expected}.")
        named.append((name, value))
    found: dict[str, T | str] = {}
    for name, each in named:
        code = language(name).code
        if code in found:
            raise ValueError(f"--{what} gives {code} twice. Name one a language.")
        found[code] = each
    if not found:
        raise ValueError(f"There is no --{what}: expected {expected}, at least once.")
    return found


def task_named(task: "str | AnyTask") -> "AnyTask":
    """A known task, or the one described."""
    from polydistill.tasks import TASKS

    if not isinstance(task, str):
        return task
    for known in TASKS:
        if known == task:
            return known
    raise unknown("task", task, TASKS)


_BYTES = {"": 1, "B": 1, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000}


def bytes_of(name: str, size: str | int) -> int:
    """A size such as 15MB, in bytes."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([KMG]?B|)", str(size).upper())
    if found is None or not float(found[1]):
        raise ValueError(f"{name} is {size!r}; expected a size such as 15MB, in B, KB, MB or GB.")
    return int(float(found[1]) * _BYTES[found[2]])
