"""From the kind of a method to its spec: plain data, such as a `run.json`, becomes a spec by the table of methods."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny

from polydistill.errors import unknown
from polydistill.methods.source import refuse_functions
from polydistill.methods.spec import MethodSpec
from polydistill.methods.table import ENTRY_POINTS, entries


def spec_class(kind: str) -> type[MethodSpec]:
    """The spec of a method by its kind: ours, an installed package's, or one that this program has defined.

    Nothing else is ever imported: a file cannot say where code is to be found.
    """
    known = entries()
    if kind not in known:
        for defined in _defined(MethodSpec):  # type: ignore[type-abstract]
            if defined.model_fields["kind"].default == kind:
                return defined
        raise ValueError(
            f"{unknown('method', kind, known)} A method of your own is run from Python, by the script that has it; for "
            f"the command line, install its package with an entry point {kind!r} in the group {ENTRY_POINTS!r}."
        )
    found = known[kind].load()
    if not (isinstance(found, type) and issubclass(found, MethodSpec)):
        raise ValueError(f"{known[kind].value}, which {kind!r} names, is {found!r}; expected a subclass of MethodSpec.")
    return found


def _defined(base: type[MethodSpec]) -> Iterator[type[MethodSpec]]:
    """All specs that are loaded, the newest first: a notebook may define one again."""
    for one in reversed(base.__subclasses__()):
        yield one
        yield from _defined(one)


def _read(given: Any) -> Any:
    """A spec as it is; plain data becomes one by its kind."""
    if not isinstance(given, dict):
        return given
    kind = given.get("kind")
    refuse_functions(str(kind), given)
    if not isinstance(kind, str):
        raise ValueError(f"A method has a kind: one of {', '.join(entries())}.")
    return spec_class(kind).model_validate(given)


AnyMethod = Annotated[SerializeAsAny[MethodSpec], BeforeValidator(_read)]
"""The method of a run: a spec, or plain data with the kind of a known one."""
