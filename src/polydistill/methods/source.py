"""The code that decides what a method does, as text: it counts in a run's identity as its settings do.

From a spec's class and the functions that it is given, all functions and classes are followed that these name, as they
are now: one that was patched counts as what it was replaced by. Followed are the methods, objectives and teachers of
ours, and all code of the user's; not the libraries, and not the rest of ours, whose changes `training.run` numbers.
"""

import ast
import functools
import linecache
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator
from torch import Tensor

from polydistill.specs import hashed

_OURS = ("polydistill.methods.", "polydistill.objectives.")
_THE_FACE = tuple(f"polydistill.methods.{name}" for name in ("method", "spec", "known", "table", "source"))
_LIBRARIES = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_NOWHERE = "builtins"  # where Python says that code is from which was run from a text
_MADE_BY_PYTHON = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class that a class statement has made
_PLAIN = (int, float, complex, str, bytes, bool, type(None))


def source_hash(*things: object) -> str:
    """A name for the code of these classes, functions and objects, and of all that they use."""
    walk = _Walk({_home(thing) for thing in things} - {_NOWHERE, "polydistill", "torch"})
    for thing in things:
        walk.follow(thing)
    return hashed(sorted(walk.texts))


class _Walk:
    """What has been met, and the texts of what counts."""

    def __init__(self, homes: Iterable[str]) -> None:
        self.homes, self.seen, self.texts = set(homes), dict[int, object](), set[tuple[str, str]]()

    def follow(self, thing: object) -> None:
        """Take in the text of what counts, and go on to what it names."""
        if id(thing) in self.seen:
            return
        self.seen[id(thing)] = thing  # kept alive, so that no other object gets its id
        if isinstance(thing, FunctionType):
            self._function(thing)
        elif isinstance(thing, type):
            self._class(thing)
        elif (inner := _inside(thing)) is not None:
            for part in inner:
                self.follow(part)
        elif self._counts(type(thing).__module__) and type(thing).__flags__ & _MADE_BY_PYTHON:
            self.follow(type(thing))
            for name, value in sorted(getattr(thing, "__dict__", {}).items()):
                self._value(name, value)

    def _function(self, function: FunctionType) -> None:
        if not self._counts(function.__module__ or _NOWHERE, function.__code__.co_filename):
            return
        self.texts.add((function.__qualname__, _text(function.__code__)))
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self.follow(value)
        for cell, name in zip(function.__closure__ or (), function.__code__.co_freevars, strict=True):
            try:
                self._value(f"{function.__qualname__}.{name}", cell.cell_contents)
            except ValueError:  # named before it is bound
                continue
        names = set(_names(function.__code__))
        for name in sorted(names & function.__globals__.keys()):
            value = function.__globals__[name]
            if isinstance(value, ModuleType):
                for inner in sorted(names & vars(value).keys()):
                    self._value(f"{name}.{inner}", vars(value)[inner])
            else:
                self._value(name, value)

    def _class(self, kind: type) -> None:
        if not self._counts(kind.__module__) or not kind.__flags__ & _MADE_BY_PYTHON:
            return
        for base in kind.__bases__:
            self.follow(base)
        for name, value in sorted(vars(kind).items()):
            if not (name.startswith("__") and not isinstance(value, FunctionType)) and not name.startswith(
                "__pydantic"
            ):
                self._value(f"{kind.__qualname__}.{name}", value)

    def _value(self, name: str, value: object) -> None:
        """A value by its name: numbers and words count as they are, all else is followed."""
        if isinstance(value, _PLAIN):
            self.texts.add((name, repr(value)))
        else:
            if isinstance(value, tuple | frozenset) and all(isinstance(part, _PLAIN) for part in value):
                self.texts.add((name, repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value)))
            self.follow(value)

    def _counts(self, module: str, file: str | None = None) -> bool:
        """Whether the code of a module is a method's, an objective's, or the user's."""
        if module.startswith("polydistill."):
            return module.startswith(_OURS) and module not in _THE_FACE
        top = module.partition(".")[0]
        if top in self.homes or module in ("__main__", _NOWHERE):
            return True
        where = file or getattr(sys.modules.get(module), "__file__", None)
        if top in sys.stdlib_module_names or where is None:
            return False
        return not _of_a_library(where)


@functools.cache
def _of_a_library(file: str) -> bool:
    return any(Path(file).resolve().is_relative_to(folder) for folder in _LIBRARIES)


def _inside(thing: object) -> Iterable[object] | None:
    """What an object is made of that holds functions: those of a class, a bound one, a table of them."""
    if isinstance(thing, staticmethod | classmethod | MethodType):
        return (thing.__func__,)
    if isinstance(thing, property):
        return (thing.fget,)
    if isinstance(thing, functools.partial):
        return (thing.func, thing.args, thing.keywords)
    if isinstance(thing, Mapping):
        return tuple(thing.values())
    if isinstance(thing, list | tuple | set | frozenset):
        return tuple(thing)
    wrapped = getattr(thing, "__wrapped__", None) or getattr(thing, "func", None)
    return None if wrapped is None or isinstance(thing, type) else (wrapped,)


def _names(code: CodeType) -> Iterator[str]:
    """The names that a function's code uses, those of functions inside it too."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


@functools.lru_cache(maxsize=4096)
def _text(code: CodeType) -> str:
    """A function's source without comments, docstrings and layout; where there is none, its byte code."""
    linecache.checkcache(code.co_filename)
    found = _functions("".join(linecache.getlines(code.co_filename))).get(code.co_firstlineno)
    if found is not None and code.co_name in (*found[0], "<lambda>"):
        return found[1]
    constants = [_text(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
    return repr((code.co_code.hex(), code.co_names, constants))


@functools.lru_cache(maxsize=64)
def _functions(text: str) -> dict[int, tuple[tuple[str, ...], str]]:
    """The functions of a file by their first line, that of a decorator if there is one; lambdas by the whole line."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    found: dict[int, tuple[tuple[str, ...], str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            found[first] = ((node.name,), ast.unparse(_without_docstrings(node)))
        elif isinstance(node, ast.Lambda):
            names, so_far = found.get(node.lineno, ((), ""))
            found[node.lineno] = (names, f"{so_far}\n{ast.unparse(node)}")
    return found


def _without_docstrings(node: Any) -> Any:
    for part in ast.walk(node):
        body = getattr(part, "body", None)
        if isinstance(body, list) and len(body) > 1 and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                part.body = body[1:]  # type: ignore[attr-defined]
    return node


def _home(thing: object) -> str:
    """The package that a thing comes from."""
    return (getattr(thing, "__module__", None) or type(thing).__module__).partition(".")[0]


def name_of(function: object) -> str:
    """What a function is called in a run's record."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{getattr(named, '__module__', '')}.{getattr(named, '__qualname__', named)}"


def _said(function: Any) -> dict[str, str]:
    return {"function": name_of(function), "source": source_hash(function)}


def _callable(given: Any) -> Any:
    if not callable(given):
        raise ValueError(f"{given!r} is no function; expected one of (student, teacher) that gives a scalar.")
    return given


Function = Annotated[
    Callable[[Tensor, Tensor], Tensor], PlainValidator(_callable), PlainSerializer(_said, when_used="json")
]
"""A function of one's own in a spec: in plain data its name and the hash of its source."""


def refuse_functions(kind: str, data: Any) -> None:
    """Refuse plain data that names a function: a file holds no code, and none is looked for."""
    for name, value in data.items() if isinstance(data, dict) else ():
        if isinstance(value, dict) and value.keys() == {"function", "source"}:
            raise ValueError(
                f"{name} of {kind!r} is the function {value['function']}, which the file names and does not hold. Do "
                "this run from Python, by the script that has the function."
            )
