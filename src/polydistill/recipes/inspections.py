"""A figure of a paper that looks inside models: do their runs if they are missing, then read and measure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rich.console import Console

from polydistill.inspection.inspection import Inspected, Inspection
from polydistill.recipes.own.retrieval import encoder_of
from polydistill.recipes.together import result_of
from polydistill.results import MODEL
from polydistill.training.inspecting import Subject, inspect_loaded
from polydistill.training.run import Run
from polydistill.training.store import Store


@dataclass(frozen=True)
class InspectionRecipe:
    """Runs by the name of their model, the first of which the others are compared with, and what each reads."""

    id: str
    title: str
    runs: Callable[[int], Mapping[str, Run]]
    languages: Mapping[str, tuple[str, ...]]
    what: Inspection


def make_inspection(
    recipe: InspectionRecipe,
    seed: int,
    store: Store,
    console: Console | None = None,
    only_finished: bool = False,
) -> Inspected:
    """Run what is missing and look inside what is left; with `only_finished` all of it must be there."""
    runs = recipe.runs(seed)
    missing = [name for name, run in runs.items() if result_of(run, store, console, only_finished) is None]
    if missing:
        raise ValueError(
            f"Figure {recipe.id} needs runs that are not done: {', '.join(missing)}. Run it without --finished."
        )
    return inspect_loaded(
        [
            Subject(name, encoder_of(store.folder(run) / MODEL), recipe.languages[name], run.name)
            for name, run in runs.items()
        ],
        recipe.what,
    )
