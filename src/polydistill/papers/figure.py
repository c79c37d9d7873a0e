"""A figure of a paper as a list of runs: lines that follow from what runs left, or a look inside their models."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console

from polydistill.inspection.inspecting import InspectedModel, inspect_loaded
from polydistill.inspection.inspection import Inspected, Inspection
from polydistill.models.loaded import Loaded
from polydistill.papers.combined import result_of
from polydistill.papers.real import Trimming
from polydistill.reports.figures import Figure, Panel, line
from polydistill.results import RunResult
from polydistill.retrieval.retrieval import at_layer
from polydistill.training.examination import Examination
from polydistill.training.run import Run, Start, before
from polydistill.training.starting import load_body
from polydistill.training.store import LOG, Store

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class LineRecipe:
    """One system: its work for a seed, and how the points follow from what that left."""

    work: Callable[[int], Run | Examination]
    points: Callable[[RunResult, Path], Points]


@dataclass(frozen=True)
class FigureRecipe:
    """A figure at one scale: lines by panel and name."""

    id: str
    title: str
    setting: str
    x: str
    y: str
    panels: Mapping[str, Mapping[str, LineRecipe]]
    needs: Sequence[Trimming] = ()
    """What must be made before the first run begins."""


def make_figure(
    recipe: FigureRecipe,
    seeds: Sequence[int],
    store: Store,
    console: Console | None = None,
    only_finished: bool = False,
) -> Figure:
    """Run what is missing and read the points; with `only_finished` run nothing and leave out what is missing."""

    def points(one: LineRecipe) -> list[Points]:
        works = [one.work(seed) for seed in seeds]
        found = [(work, result_of(work, store, console, only_finished)) for work in works]
        return [one.points(result, store.folder(work)) for work, result in found if result is not None]

    panels = tuple(
        Panel(title=title, lines=tuple(line(name, points(one)) for name, one in lines.items()))
        for title, lines in recipe.panels.items()
    )
    return Figure(
        id=recipe.id,
        title=recipe.title,
        setting=recipe.setting,
        seeds=tuple(seeds),
        x=recipe.x,
        y=recipe.y,
        panels=panels,
    )


def by_layer(metric: str) -> Callable[[RunResult, Path], Points]:
    """The scores of an examination layer by layer, in percent."""

    def points(result: RunResult, _: Path) -> Points:
        values = {score.metric: score.value for score in result.scores}
        found: list[tuple[float, float]] = []
        while (name := at_layer(metric, len(found) + 1)) in values:
            found.append((float(len(found) + 1), 100 * values[name]))
        return found

    return points


def by_step(name: str) -> Callable[[RunResult, Path], Points]:
    """What a run's log says under a name, by step."""

    def points(_: RunResult, folder: Path) -> Points:
        lines = json.loads((folder / LOG).read_text(encoding="utf-8"))
        return [(float(said["step"]), float(said[name])) for said in lines if name in said]

    return points


@dataclass(frozen=True)
class InspectionRecipe:
    """A figure that looks inside models, by name: the others are compared with the first; and what each reads."""

    id: str
    title: str
    models: Callable[[int], Mapping[str, Start]]
    languages: Mapping[str, tuple[str, ...]]
    what: Inspection
    needs: Sequence[Trimming] = ()
    """What must be made before the first run begins."""


def make_inspection(
    recipe: InspectionRecipe,
    seed: int,
    store: Store,
    console: Console | None = None,
    only_finished: bool = False,
) -> Inspected:
    """Run what is missing and look inside what is left; with `only_finished` all of it must be there."""
    models = recipe.models(seed)
    runs = {name: run for name, start in models.items() if (run := before(start)) is not None}
    missing = [name for name, run in runs.items() if result_of(run, store, console, only_finished) is None]
    if missing:
        raise ValueError(
            f"Figure {recipe.id} needs runs that are not done: {', '.join(missing)}. Run it without --finished."
        )
    return inspect_loaded(
        [
            InspectedModel(
                name, _loaded(start, store), recipe.languages[name], runs[name].name if name in runs else name
            )
            for name, start in models.items()
        ],
        recipe.what,
    )


def _loaded(start: Start, store: Store) -> Loaded:
    """On the fastest device here."""
    loaded = load_body(start, store)
    torch.nn.Module.to(loaded.network, torch.accelerator.current_accelerator() or "cpu")
    return loaded
