"""Whose vectors are looked at, and on what."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from polydistill.data.rows.given import Rows, as_source
from polydistill.inspection.inspecting import InspectedModel, inspect_loaded
from polydistill.inspection.inspection import Inspected, Inspection
from polydistill.languages import canonical, named_languages, parts_of
from polydistill.results import RUN_FILE
from polydistill.retrieval.retrieval import Layers
from polydistill.starts.folders import run_folder
from polydistill.starts.hub import pinned
from polydistill.starts.memory import OwnModel
from polydistill.starts.opened import called_of, encoder_of, place_of
from polydistill.tasks import AnyTask
from polydistill.training.edit import read_run
from polydistill.training.settings import Judging

MOST = 6  # ours: models that plots tell apart by colour
Texts = Rows | Mapping[str, str | Path]
Languages = Sequence[str] | Mapping[str, Sequence[str]]


_MOST_AT_ONCE = 1_000_000


class InspectionOptions(TypedDict, total=False):
    """How it is measured: fields of `inspection.Inspection`."""

    sentences: int
    layers: Layers
    pooling: Literal["mean", "first"]
    special_tokens: Literal["counted", "dropped"]
    neighbours: int
    unbiased: bool
    drawn: int
    perplexity: float
    seed: int


def inspected(
    models: Sequence[OwnModel] | Mapping[str, OwnModel],
    data: Texts | None = None,
    languages: Languages = (),
    *,
    task: AnyTask | None = None,
    batch_size: int | None = None,
    **options: Unpack[InspectionOptions],
) -> Inspected:
    """Look at the hidden vectors of models, the first of which the others are compared with; see docs/inspect.md.

    `models` may be named by a mapping. Row i of `data` says the same in all `languages` (or, of a mapping, in those of
    each model): sentences, a file a language, or rows of a `task`. Without it the rows are those that the run of the
    first model was scored on, by each model in the languages of its own run.
    """
    named = dict(models) if isinstance(models, Mapping) else {_called(model): model for model in _several(models)}
    if not 1 <= len(named) <= MOST or len(named) < len(models):
        said = ", ".join(named)
        raise ValueError(f"Expected 1 to {MOST} models that are called differently, not {said}. Use NAME=MODEL.")
    if batch_size is not None and not 0 < batch_size <= _MOST_AT_ONCE:
        raise ValueError(f"batch_size is {batch_size}; expected 1 to {_MOST_AT_ONCE:,} texts that are read together.")
    judged = {name: _judged(model) for name, model in named.items()} if data is None else {}
    if data is None:
        data, task = _their_rows(next(iter(judged)), judged, task)
    codes = _languages(languages, data, judged, tuple(named))
    if task is None and any(len(parts_of(code)) > 1 for read in codes.values() for code in read):
        raise ValueError("A pair of languages is of rows with two texts: name their task, such as task='nli'.")
    what = Inspection.model_validate({"data": _plain(data), "task": task, **options})
    own = what.layers == "own"
    subjects = [
        InspectedModel(name, encoder_of(model, own), codes[name], place_of(model)) for name, model in named.items()
    ]
    return inspect_loaded(subjects, what, batch_size)


def _several(models: Sequence[OwnModel]) -> Sequence[OwnModel]:
    if isinstance(models, str):
        raise ValueError(f"Expected a list of models, such as [{models!r}], or a mapping with their names.")
    return models


def _called(model: OwnModel) -> str:
    return called_of(pinned(model))


def _judged(model: OwnModel) -> Judging | None:
    """What the run that left a model was scored on, if there is such a run."""
    folder = run_folder(Path(pinned(model).name)) if isinstance(model, str | Path) else None
    run = None if folder is None or not (folder / RUN_FILE).is_file() else read_run(folder / RUN_FILE)
    return None if run is None else run.evaluation


def _their_rows(first: str, judged: Mapping[str, Judging | None], task: AnyTask | None) -> tuple[Rows, AnyTask]:
    """The rows that the first model's run was scored on."""
    rows = judged[first]
    if rows is None:
        raise ValueError(
            f"{first} is of no run that was scored on rows of a task, so there is nothing to read. Name rows: --data "
            "world:..., file:PATH or hub:NAME@COMMIT, or --text en=FILE --text tr=FILE."
        )
    if task not in (None, rows.task):
        raise ValueError(f"{first} was scored on rows of the task {rows.task!r}, not of {task!r}. Name rows of it.")
    return rows.data, rows.task


def _languages(
    said: Languages, data: Texts, judged: Mapping[str, Judging | None], names: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The languages that each model reads."""
    if isinstance(said, Mapping):
        if set(said) != set(names):
            raise ValueError(
                f"There are languages for {', '.join(said)}, but models called {', '.join(names)}. Name each model's."
            )
        return {name: named_languages(said[name]) for name in names}
    if said:
        return dict.fromkeys(names, named_languages(said))
    if isinstance(data, Mapping):
        return dict.fromkeys(names, named_languages(list(data)))
    if not judged:
        raise ValueError("Name the languages to read, such as en,tr: the rows have to say the same in them.")
    first = next(one for one in judged.values() if one is not None)
    return {name: (one or first).languages for name, one in judged.items()}


def _plain(data: Texts) -> Any:
    return {canonical(code): str(file) for code, file in data.items()} if isinstance(data, Mapping) else as_source(data)
