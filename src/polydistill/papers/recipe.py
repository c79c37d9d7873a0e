"""A table of a paper as a list of runs: do what is missing, and put our numbers beside the published ones."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from polydistill.papers.combined import Made, result_of, runs_of
from polydistill.papers.published import Layout, PublishedRow
from polydistill.papers.real import Trimming
from polydistill.papers.table import Entry, EntryGroup, Table, build_table
from polydistill.results import RunResult
from polydistill.training.run import Run
from polydistill.training.store import Store

RunsOfSeed = Callable[[int], Mapping[str, Made]]


@dataclass(frozen=True)
class RecipeRow:
    """One system: its runs for a seed, by the column each is scored in (one run may serve all), and the paper's row.

    `runs` is None where the paper quotes other people's numbers.
    """

    name: str
    published: PublishedRow | None
    runs: RunsOfSeed | None = None


@dataclass(frozen=True)
class RecipeGroup:
    """A block of rows; `columns` shows only some columns."""

    name: str
    rows: Sequence[RecipeRow]
    columns: Sequence[str] | None = None


@dataclass(frozen=True)
class TableRecipe:
    """A table of a paper at one scale. Every row is compared with the row named `reference` of its group.

    Its columns are those of `layout`; without one they are the languages of the scores.
    """

    id: str
    title: str
    groups: Sequence[RecipeGroup]
    setting: str
    reference: str | None = None
    published_over: int | None = None
    layout: Layout | None = None
    needs: Sequence[Trimming] = ()
    """What must be made before the first run begins."""

    def runs(self, seeds: Sequence[int]) -> dict[str, Run]:
        """All runs of the table, each once, by identity."""
        return {run.identity: run for run in self.wanted(seeds)}

    def wanted(self, seeds: Sequence[int]) -> list[Run]:
        """All runs of the table; one that several rows share comes several times."""
        return [
            run
            for group in self.groups
            for row in group.rows
            if row.runs is not None
            for seed in seeds
            for made in row.runs(seed).values()
            for run in runs_of(made)
        ]


def make_table(
    recipe: TableRecipe,
    seeds: Sequence[int],
    store: Store,
    console: Console | None = None,
    only_finished: bool = False,
) -> Table:
    """Run what is missing and build the table; with `only_finished` run nothing and leave out what is missing."""

    def result(made: Made) -> RunResult | None:
        return result_of(made, store, console, only_finished)

    layout = recipe.layout or Layout()
    groups = [
        EntryGroup(
            group.name,
            [Entry(row.name, _results(row, seeds, layout, result), row.published) for row in group.rows],
            group.columns,
        )
        for group in recipe.groups
    ]
    return build_table(
        recipe.id,
        recipe.title,
        groups,
        recipe.reference,
        recipe.published_over,
        recipe.setting,
        layout=recipe.layout,
    )


def _results(
    row: RecipeRow, seeds: Sequence[int], layout: Layout, result: Callable[[Made], RunResult | None]
) -> dict[str, list[RunResult]]:
    """By part of the table, one result a seed, of the seeds whose runs of that part are all there."""
    parts: dict[str, list[RunResult]] = {}
    for seed in seeds if row.runs is not None else ():
        assert row.runs is not None
        for part, runs in _by_part(row.runs(seed), layout).items():
            found = {run.identity: result(run) for run in runs.values()}
            done = {code: one for code, run in runs.items() if (one := found[run.identity]) is not None}
            if len(done) == len(runs):
                parts.setdefault(part, []).append(_merged(row.name, done))
    return parts


def _by_part(runs: Mapping[str, Made], layout: Layout) -> dict[str, dict[str, Made]]:
    """The runs of a seed by part of the table, such as a task, and language."""
    parts: dict[str, dict[str, Made]] = {}
    for name, run in runs.items():
        column = layout.column(name)
        assert column.language is not None, "a run is scored on single columns; means follow from them"
        parts.setdefault(column.part, {})[column.language] = run
    return parts


def _merged(name: str, results: Mapping[str, RunResult]) -> RunResult:
    """One result of a system that has a model a language: of each model, the score of its own language."""
    first = next(iter(results.values()))
    if all(result.run_id == first.run_id for result in results.values()):
        return first.model_copy(update={"name": name})
    return first.model_copy(
        update={
            "name": name,
            "run_id": "+".join(result.run_id for result in results.values()),
            "scores": tuple(
                score for code, result in results.items() for score in result.scores if score.language == code
            ),
            "labels_seen": _union(result.labels_seen for result in results.values()),
            "selected_on": _union(result.selected_on for result in results.values()),
            "seconds": sum(result.seconds for result in results.values()),
        }
    )


def _union(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))
