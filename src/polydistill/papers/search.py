"""A fair search: every system of a table tries the same, in as many steps, and is chosen on dev by what it may see.

Each row tries its learning rate halved, as it is and doubled, and, where its method has one dominant weight, each of
these with a third of the weight, the weight and three times it: with seed 0. What is best by the row's own selection
(accuracy where it has labels, agreement with the teacher where it has none) is what all seeds then use; rows that start
from another row's model start from what was chosen for that one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from rich.console import Console

from polydistill.data.rows.sources import WorldSource
from polydistill.papers.combined import Made
from polydistill.papers.published import Layout
from polydistill.papers.recipe import RecipeGroup, RecipeRow, TableRecipe
from polydistill.specs import Spec
from polydistill.training.arguments import SCORE
from polydistill.training.execute import execute
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging
from polydistill.training.store import LOG, Store
from polydistill.whole import written_whole

RATES, WEIGHTS = (0.5, 1.0, 2.0), (1 / 3, 1.0, 3.0)
DOMINANT: Mapping[str, str] = {"bert-kld": "weight"}
"""By kind of method: its one weight that decides how much the teacher counts."""


class Tried(Spec):
    """What a system tried: factors of its learning rate and weight, and the mean over its runs of their dev scores."""

    rate: float
    weight: float
    score: float
    runs: tuple[str, ...]


class Searched(Spec):
    """The search of one row."""

    group: str
    row: str
    chosen_by: str
    tried: tuple[Tried, ...]
    learning_rate: float
    """What was chosen."""

    @property
    def best(self) -> Tried:
        """The first of the best."""
        return max(self.tried, key=lambda one: one.score)


Factors = tuple[float, float]
Chosen = Mapping[str, Factors]
"""By the name of a row's runs."""


def with_search(recipe: TableRecipe, store: Store, console: Console | None = None) -> TableRecipe:
    """Do the search, keep it beside the runs, and give the table back with what was chosen, which it says."""
    found: list[Searched] = []
    groups = [_searched_group(group, store, console, found) for group in recipe.groups]
    file = store.root / "searches" / f"{recipe.id.replace('/', '-')}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(file) as unfinished:
        content = [one.model_dump(mode="json") for one in found]
        unfinished.write_text(json.dumps({"table": recipe.id, "setting": recipe.setting, "rows": content}, indent=2))
    layout = recipe.layout or Layout()
    return replace(
        recipe,
        groups=groups,
        layout=layout.model_copy(update={"remarks": (*layout.remarks, _told(found, len(groups)))}),
    )


def candidates(recipe: TableRecipe) -> list[Run]:
    """The runs that a search would do, as far as they are known before it: starts are those of the table."""
    return [
        changed(run, factors, {})
        for group in recipe.groups
        for row in group.rows
        if row.runs is not None
        for run in _own(row.runs(0).values(), row.name)
        for factors in _factors(run)
    ]


@dataclass(frozen=True)
class _Changed:
    """The runs of a row by what was chosen."""

    row: RecipeRow
    factors: Factors
    chosen: Chosen

    def __call__(self, seed: int) -> Mapping[str, Made]:
        assert self.row.runs is not None
        made = self.row.runs(seed)
        runs = {run.identity: run for run in _own(made.values(), self.row.name)}
        new = {identity: changed(run, self.factors, self.chosen) for identity, run in runs.items()}
        return {column: new[one.identity] for column, one in made.items()}


def _searched_group(group: RecipeGroup, store: Store, console: Console | None, found: list[Searched]) -> RecipeGroup:
    chosen: dict[str, Factors] = {}
    rows: list[RecipeRow] = []
    for row in group.rows:
        if row.runs is None:
            rows.append(row)
            continue
        runs = _own(row.runs(0).values(), row.name)
        tried = tuple(_try(runs, factors, chosen, store, console) for factors in _factors(runs[0]))
        selection = changed(runs[0], (1.0, 1.0), {}).selection
        assert selection is not None, "a run that is searched for is selected"
        one = Searched(group=group.name, row=row.name, chosen_by=selection.measure, tried=tried, learning_rate=0.0)
        best = (one.best.rate, one.best.weight)
        found.append(one.model_copy(update={"learning_rate": runs[0].training.learning_rate * best[0]}))
        rows.append(replace(row, runs=_Changed(row, best, dict(chosen))))
        chosen |= {run.name: best for run in runs}
    return replace(group, rows=rows)


def _try(runs: Sequence[Run], factors: Factors, chosen: Chosen, store: Store, console: Console | None) -> Tried:
    """One point of the search: all runs of the row so."""
    tried = [changed(run, factors, chosen) for run in runs]
    for run in tried:
        execute(run, store, console)
    scores = [_score(store.folder(run) / LOG) for run in tried]
    ids = tuple(store.folder(run).name for run in tried)
    return Tried(rate=factors[0], weight=factors[1], score=float(np.mean(scores)), runs=ids)


def _score(log: Path) -> float:
    """The best score on dev that a run logged."""
    lines = json.loads(log.read_text(encoding="utf-8"))
    return max(float(line[f"eval_{SCORE}"]) for line in lines if f"eval_{SCORE}" in line)


def _own(made: Iterable[Made], row: str) -> list[Run]:
    """The different runs of a row."""
    found: dict[str, Run] = {}
    for one in made:
        if not isinstance(one, Run):
            raise ValueError(f"Row {row!r} is no training of its own ({type(one).__name__}): there is nothing to try.")
        found[one.identity] = one
    return list(found.values())


def _factors(run: Run) -> list[Factors]:
    return list(product(RATES, WEIGHTS if run.method.kind in DOMINANT else (1.0,)))


def changed(run: Run, factors: Factors, chosen: Chosen) -> Run:
    """The run with these factors, started from what was chosen for the row that it starts from, and selected on dev."""
    rate, weight = factors
    training, method, start = run.training, run.method, run.start
    update: dict[str, float | int] = {"learning_rate": training.learning_rate * rate}
    if training.evaluate_every is None:
        update["evaluate_every"] = training.steps
    if (name := DOMINANT.get(method.kind)) is not None:
        method = method.model_copy(update={name: getattr(method, name) * weight})
    if isinstance(start, ResultOf) and start.run.name in chosen:
        start = start.model_copy(update={"run": changed(start.run, chosen[start.run.name], chosen)})
    return run.model_copy(
        update={
            "training": training.model_copy(update=update),
            "method": method,
            "start": start,
            "selection": run.selection or _agreement(run),
        }
    )


def _agreement(run: Run) -> Judging:
    """What chooses a run that nothing selects: agreement with its teacher on dev rows of the languages it learns."""
    judged = run.evaluation
    if judged is None or run.method.taught_in is None or not isinstance(judged.data, WorldSource):
        raise ValueError(f"Nothing chooses the weights of {run.name!r}, so nothing tells what it tries apart.")
    languages = tuple(dict.fromkeys(code for _, codes in run.method.reads for code in codes))
    return judged.model_copy(
        update={
            "measure": "agreement",
            "languages": languages,
            "data": judged.data.model_copy(update={"split": "dev"}),
        }
    )


def _told(found: Sequence[Searched], groups: int) -> str:
    """The line that a table says of its search."""
    rates = ", ".join(f"x{rate:g}" for rate in RATES)
    weighted = any(len({one.weight for one in row.tried}) > 1 for row in found)
    weights = " and three of the weight (x1/3, x1, x3) where the method has one" if weighted else ""
    chosen = "; ".join(
        f"{f'{one.group}, ' if groups > 1 else ''}{one.row} {one.learning_rate:g}"
        + (f" (weight x{one.best.weight:.2g})" if one.best.weight != 1.0 else "")
        + f" by {one.chosen_by}"
        for one in found
    )
    searched = f"Each system had the same search: three learning rates ({rates}){weights}, equal steps, seed 0."
    return f"{searched} Chosen: {chosen}."
