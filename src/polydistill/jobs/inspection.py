"""The work of the job inspect: whose vectors are looked at, on what, and what is written."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from polydistill.data.rows.given import Rows, as_source
from polydistill.inspection.inspection import FILE, Inspected, Inspection
from polydistill.jobs.making import called_of
from polydistill.jobs.retrieve import encoder_of, place_of
from polydistill.jobs.written import codes_of
from polydistill.languages import canonical, parts_of
from polydistill.models.loaded import Loaded
from polydistill.reports.inspection import pictures, sections
from polydistill.reports.page import write_page
from polydistill.reports.plots import PALETTE
from polydistill.results import RUN_FILE
from polydistill.retrieval.retrieval import Layers
from polydistill.starts.folders import run_folder
from polydistill.starts.hub import pinned
from polydistill.tasks import AnyTask
from polydistill.training.edit import read_run
from polydistill.training.inspecting import InspectedModel, inspect_loaded
from polydistill.training.settings import Judging
from polydistill.whole import written_whole

PAGE = "inspect.html"
Model = str | Path | Loaded
Texts = Rows | Mapping[str, str | Path]
Languages = Sequence[str] | Mapping[str, Sequence[str]]


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
    models: Sequence[str | Path] | Mapping[str, Model],
    data: Texts | None = None,
    languages: Languages = (),
    *,
    task: AnyTask | None = None,
    out: str | Path | None = None,
    batch_size: int = 64,
    **options: Unpack[InspectionOptions],
) -> Inspected:
    """Look at the hidden vectors of models, the first of which the others are compared with; see docs/inspect.md.

    `models` may be named by a mapping. Row i of `data` says the same in all `languages` (or, of a mapping, in those of
    each model): sentences, a file a language, or rows of a `task`. Without it the rows are those that the run of the
    first model was scored on, by each model in the languages of its own run. With `out` everything is written there:
    numbers (JSON), plots (PNG) and a page.
    """
    named = dict(models) if isinstance(models, Mapping) else {_called(model): model for model in _several(models)}
    if not 1 <= len(named) <= len(PALETTE) or len(named) < len(models):
        said = ", ".join(named)
        raise ValueError(
            f"Expected 1 to {len(PALETTE)} models that are called differently, not {said}. Use NAME=MODEL."
        )
    judged = {name: _judged(model) for name, model in named.items()} if data is None else {}
    if data is None:
        data, task = _their_rows(next(iter(judged)), judged, task)
    codes = _languages(languages, data, judged, tuple(named))
    if task is None and any(len(parts_of(code)) > 1 for read in codes.values() for code in read):
        raise ValueError("A pair of languages is of rows with two texts: name their task, such as task='nli'.")
    what = Inspection.model_validate({"data": _plain(data), "task": task, **options})
    subjects = [InspectedModel(name, encoder_of(model), codes[name], place_of(model)) for name, model in named.items()]
    found = inspect_loaded(subjects, what, batch_size)
    if out is not None:
        write(found, Path(out))
    return found


def write(found: Inspected, folder: Path) -> Path:
    """Numbers, plots and the page of an inspection; given back is the page."""
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / FILE) as unfinished:
        unfinished.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    drawn = pictures(found)
    for name, picture in drawn.items():
        (folder / name).write_bytes(picture.plot.png())
    title = f"Inside {', '.join(one.name for one in found.models)}"
    return write_page(folder / PAGE, title, sections(found, drawn))


def _several(models: Sequence[str | Path]) -> Sequence[str | Path]:
    if isinstance(models, str):
        raise ValueError(f"Expected a list of models, such as [{models!r}], or a mapping with their names.")
    return models


def _called(model: str | Path) -> str:
    return called_of(pinned(model))


def _judged(model: Model) -> Judging | None:
    """What the run that left a model was scored on, if there is such a run."""
    if isinstance(model, Loaded):
        return None
    folder = run_folder(Path(pinned(model).name))
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
        return {name: codes_of(said[name]) for name in names}
    if said:
        return dict.fromkeys(names, codes_of(said))
    if isinstance(data, Mapping):
        return dict.fromkeys(names, codes_of(list(data)))
    if not judged:
        raise ValueError("Name the languages to read, such as en,tr: the rows have to say the same in them.")
    first = next(one for one in judged.values() if one is not None)
    return {name: (one or first).languages for name, one in judged.items()}


def _plain(data: Texts) -> Any:
    return {canonical(code): str(file) for code, file in data.items()} if isinstance(data, Mapping) else as_source(data)
