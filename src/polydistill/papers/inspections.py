"""A figure of a paper that looks inside models: do their runs if they are missing, then read and measure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from rich.console import Console

from polydistill.inspection.inspection import Inspected, Inspection
from polydistill.models.loaded import Loaded
from polydistill.papers.together import result_of
from polydistill.training.inspecting import InspectedModel, inspect_loaded
from polydistill.training.run import Start, before
from polydistill.training.starting import load_body
from polydistill.training.store import Store


@dataclass(frozen=True)
class InspectionRecipe:
    """Models by name, the first of which the others are compared with, and what each reads."""

    id: str
    title: str
    models: Callable[[int], Mapping[str, Start]]
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
