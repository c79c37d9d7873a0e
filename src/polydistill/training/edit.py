"""Runs as files: read from JSON or YAML, changed by `path=value`."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from polydistill.data.rows.sources import parse_source
from polydistill.errors import DataError, unknown
from polydistill.specs import Spec, problems
from polydistill.training.run import Run

S = TypeVar("S", bound=Spec)


def read_run(file: str | Path, changes: Sequence[str] = ()) -> Run:
    """The run of a file, with changes such as `training.learning_rate=1e-5`."""
    path = Path(file)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise DataError(path, None, found, "a run's file (.json, .yaml)", "Name the run.json of a run's folder.")
    try:
        content = _content(path)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        found = " ".join(str(error).split())
        raise DataError(path, None, found, "a run as JSON or YAML", "Correct it, or write it anew.") from None
    return changed(validated(content, str(path)), changes)


def _content(path: Path) -> Any:
    """The plain data of a file."""
    text = path.read_bytes().decode("utf-8")
    return yaml.safe_load(text) if path.suffix in (".yaml", ".yml") else json.loads(text)


def changed(run: Run, changes: Sequence[str]) -> Run:
    """The same run with other values."""
    if not changes:
        return run
    before, content = _whole(run, run.model_dump(mode="json")), _whole(run, run.model_dump(mode="json"))
    for change in changes:
        where, equals, value = change.partition("=")
        if not equals:
            raise ValueError(f"{change!r} changes nothing: expected path=value, such as training.learning_rate=1e-5.")
        _put(content, where.strip(), value)
    kept = _kept(run, before, content)
    said = content["method"]
    kind = said.get("kind") if isinstance(said, dict) else None
    if kind == run.method.kind:
        method = _kept(run.method, before["method"], said)
        kept["method"] = _read(lambda: type(run.method).model_validate(method), "The changed run")
    return validated(kept, "The changed run")


def _whole(spec: Spec, content: dict[str, Any]) -> dict[str, Any]:
    """The plain data of a spec, with the settings that it leaves out where they are the usual ones."""
    for name, field in type(spec).model_fields.items():
        value = getattr(spec, name)
        if name in content and isinstance(value, Spec) and isinstance(content[name], dict):
            _whole(value, content[name])
        elif name not in content and field.exclude_if is not None:
            content[name] = to_jsonable_python(value)
    return content


def _kept(spec: Spec, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What was not changed as it is: plain data holds no functions, and no methods that only a script has."""
    content = {name: getattr(spec, name) if before.get(name) == value else value for name, value in after.items()}
    return content


def validated(content: Any, where: str) -> Run:
    """A run from plain data; what is wrong with it is said in one line."""
    run = _read(lambda: Run.model_validate(content), where)
    try:
        run.model_dump_json()
    except PydanticSerializationError:
        raise ValueError(f"{where} is not a valid run. A text in it has half of a surrogate pair.") from None
    return run


def _read(read: Callable[[], S], where: str) -> S:
    try:
        return read()
    except ValidationError as error:
        raise ValueError(f"{where} is not a valid run. {problems(error)}") from None


def _put(content: dict[str, Any], where: str, value: str) -> None:
    """Set one value by its path; every part of the path must be there already."""
    *parents, last = where.split(".")
    at: Any = content
    for depth, part in enumerate([*parents, last]):
        known = list(at) if isinstance(at, dict) else [str(i) for i in range(len(at))] if isinstance(at, list) else []
        if part not in known:
            inside = ".".join(where.split(".")[:depth])
            raise unknown(f"setting of {inside}" if inside else "setting of a run", part, known)
        key = int(part) if isinstance(at, list) else part
        if depth == len(parents):
            at[key] = _parsed(value, at[key], last)
        else:
            at = at[key]


def _parsed(value: str, before: Any, name: str) -> Any:
    """JSON where it is; else text, a source's short form, or a list with commas, by what stands there now."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):  # no JSON; or numbers of thousands of digits, which no setting is
        if name == "data" and ":" in value:
            return parse_source(value).model_dump(mode="json")
        return value.split(",") if isinstance(before, list) else value
