"""The settings of a method that are no option of its job, for the end of a command's help.

They are read off the source of the method's settings, so that a help needs no PyTorch.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from polydistill.jobs.job import Job

_TOLD_OTHERWISE = {"kind", "source_language", "languages"}


@dataclass(frozen=True)
class Setting:
    """A setting as --set names it, its value where nothing is said, and what its class says of it."""

    name: str
    default: str
    about: str


def settings_of(job: Job) -> tuple[Setting, ...]:
    """The settings of the job's method that it has no parameter for."""
    assert job.spec is not None, "a job that trains says which settings its method has"
    parameters = {one.name for one in job.parameters} | _TOLD_OTHERWISE
    return tuple(one for one in declared(job.spec) if one.name not in parameters)


def declared(spec: str) -> Iterator[Setting]:
    """The fields of a class, `module:Name`, that have a default, with the words beneath them."""
    module, _, name = spec.partition(":")
    found = find_spec(module)
    assert found is not None and found.origin is not None, f"{module} is a module with a file"
    tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
    (body,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    for at, node in enumerate(body):
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None):
            continue
        if not ast.unparse(node.annotation).startswith("ClassVar"):  # what a method is, and no setting of it
            yield Setting(node.target.id, _value(node.value), _words(body[at + 1]) if at + 1 < len(body) else "")


def _value(node: ast.expr) -> str:
    """A default as `--set` takes it."""
    if isinstance(node, ast.Call):  # Field(default=...)
        inner = [word.value for word in node.keywords if word.arg == "default"]
        return _value(inner[0]) if inner else ast.unparse(node)
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)


def _words(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def shown(settings: tuple[Setting, ...]) -> tuple[str, ...]:
    """A paragraph of a help, a line a setting."""
    if not settings:
        return ()
    lines = (f"--set method.{one.name}={one.default}" + (f"  {one.about}" if one.about else "") for one in settings)
    return ("Also, with what holds where nothing is said:", *lines)
