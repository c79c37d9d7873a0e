"""Tables in the papers' shape: ours over seeds, the published number beside it, and whether a difference is noise.

`build_table` turns runs into typed data in points (shares x 100); `rendering.py` and the HTML page only show it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from polydistill.errors import unknown
from polydistill.papers.claims import Claim, JudgedClaim, Pair, Tested, judge
from polydistill.papers.columns import AVERAGE, Column
from polydistill.papers.entries import POINTS, Entry, EntryGroup, Measure
from polydistill.papers.published import Layout
from polydistill.reports.significance import Comparison, corrected
from polydistill.results import LanguageCode
from polydistill.specs import Spec

__all__ = ["Cell", "Entry", "EntryGroup", "Group", "Row", "Table", "build_table"]


class Cell(Spec):
    """One number in points: our mean over seeds, its sample standard deviation (two seeds or more), the paper's."""

    mean: float | None = None
    spread: float | None = None
    seeds: int = 0
    zero_shot: bool = False
    published: float | None = None
    published_zero_shot: bool = False
    comparison: Comparison | None = None


class Row(Spec):
    """One system: its cells by column, its main average, and what it was given."""

    name: str
    cells: dict[str, Cell]
    average: Cell
    seeds: tuple[int, ...] = ()
    labels_seen: tuple[LanguageCode, ...] = ()
    selected_on: tuple[str, ...] = ()


class Group(Spec):
    """A block of rows under one heading, such as an encoder."""

    name: str
    rows: tuple[Row, ...]


class Table(Spec):
    """A table: `average_over` names the columns of our main average, if any; `published_over` counts the paper's.

    `reference` is the row that the others of its group are compared with; `setting` says what ours was measured on.
    Where all columns are plain languages they are written as `languages`.
    """

    id: str
    title: str
    metric: str
    columns: tuple[Column, ...]
    average_over: tuple[str, ...]
    groups: tuple[Group, ...]
    published_over: int | None = None
    reference: str | None = None
    setting: str = ""
    claims: tuple[JudgedClaim, ...] = Field(default=(), exclude_if=lambda claims: not claims)
    remarks: tuple[str, ...] = Field(default=(), exclude_if=lambda remarks: not remarks)

    @model_validator(mode="before")
    @classmethod
    def _languages_are_columns(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "languages" not in data:
            return data
        return {("columns" if key == "languages" else key): value for key, value in data.items()}

    @model_serializer(mode="wrap")
    def _languages_by_name(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        name = "languages" if all(column.is_language for column in self.columns) else "columns"
        return {(name if key == "columns" else key): value for key, value in handler(self).items()}


def build_table(
    id: str,
    title: str,
    groups: Sequence[EntryGroup],
    reference: str | None = None,
    published_over: int | None = None,
    setting: str = "",
    metric: str = "accuracy",
    split: str = "test",
    layout: Layout | None = None,
) -> Table:
    """The table of these runs. Columns are those of the layout, such as a published table.

    Without a layout they are the languages that ours were scored on, in the order they are stored. Each row is compared
    with the row named `reference` of its own group (see `significance.compare`). The averages are one family of tests,
    the single columns another and the layout's claims a third; each is corrected by Holm's method.
    """
    measure = Measure(metric, split)
    if layout is None or not layout.columns:
        layout = _languages(groups, measure, layout or Layout())
    if reference is not None and not any(_find(group, reference) for group in groups):
        raise unknown("reference row", reference, (entry.name for group in groups for entry in group.entries))
    built = tuple(_group(group, reference, layout, measure) for group in groups)
    shown = {name for group in built for row in group.rows for name in row.cells}
    columns = tuple(column for column in layout.columns if column.name in shown)
    return Table(
        id=id,
        title=title,
        metric=", ".join(dict.fromkeys(_metric(column, measure) for column in layout.columns if not column.over)),
        columns=columns,
        average_over=layout.average_over,
        groups=_holm(built, {column.name for column in columns if column.over}),
        published_over=published_over,
        reference=reference,
        setting=setting,
        claims=judge(layout.claims, partial(_test, groups, layout, measure)),
        remarks=layout.remarks,
    )


def _languages(groups: Sequence[EntryGroup], measure: Measure, given: Layout) -> Layout:
    """What is given, with columns: the languages of our scores, or without any run those shown and published."""
    entries = [entry for group in groups for entry in group.entries]
    runs = [run for entry in entries for run in entry.all_runs]
    ours = [code for run in runs for code in run.by_language(measure.metric, measure.split)]
    papers = [code for entry in entries if entry.published for code in entry.published.scores]
    shown = [code for group in groups for code in group.columns or ()]
    found = tuple(dict.fromkeys(ours or [*shown, *papers]))
    if not found:
        raise ValueError(
            f"No run has {measure.metric} scores of the split {measure.split!r}, and no published row is given."
        )
    return Layout.model_validate({**dict(given), "columns": found, "average_over": found})


def _metric(column: Column, measure: Measure) -> str:
    """What a column shows, such as `NER f1`."""
    return f"{column.task} {measure.of(column)}".strip()


def _find(group: EntryGroup, name: str | None) -> Entry | None:
    return next((entry for entry in group.entries if entry.name == name), None)


def _group(group: EntryGroup, reference: str | None, layout: Layout, measure: Measure) -> Group:
    base = _find(group, reference)
    shown = [column.name for column in layout.columns if not column.hidden]
    columns = tuple(layout.column(name) for name in (shown if group.columns is None else group.columns))
    return Group(name=group.name, rows=tuple(_row(entry, base, columns, layout, measure) for entry in group.entries))


def _row(entry: Entry, base: Entry | None, columns: tuple[Column, ...], layout: Layout, measure: Measure) -> Row:
    _check_alike(entry)
    against = None if base is None or base.name == entry.name else base
    runs = entry.all_runs
    return Row(
        name=entry.name,
        cells={column.name: _cell(entry, against, column, layout, measure) for column in columns},
        average=_measured(entry, against, AVERAGE, layout, measure),
        seeds=tuple(sorted({run.seed for run in runs})),
        labels_seen=_union(run.labels_seen for run in runs) if runs else _labels_printed(entry),
        selected_on=_union(run.selected_on for run in runs),
    )


def _labels_printed(entry: Entry) -> tuple[str, ...]:
    return entry.published.labels_seen if entry.published else ()


def _union(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))


def _check_alike(entry: Entry) -> None:
    """A row is one system: the runs of a part differ in their seed only."""
    for runs in entry.parts.values():
        seeds = [run.seed for run in runs]
        if len(set(seeds)) < len(seeds):
            raise ValueError(f"Row {entry.name!r} has seeds {seeds}; expected each seed once. Drop the repeated runs.")
        for what in ("labels_seen", "selected_on"):
            found = {getattr(run, what) for run in runs}
            if len(found) > 1:
                raise ValueError(f"Row {entry.name!r} mixes runs with {what} {sorted(found)}; give each its own row.")


def _cell(entry: Entry, against: Entry | None, column: Column, layout: Layout, measure: Measure) -> Cell:
    cell = _measured(entry, against, column.name, layout, measure)
    runs = entry.parts.get(column.part, ())
    printed_labels = () if cell.published is None else _labels_printed(entry)
    flags = {
        "zero_shot": cell.mean is not None and bool(runs) and column.zero_shot(runs[0].labels_seen),
        "published_zero_shot": cell.published is not None and column.zero_shot(printed_labels),
    }
    return cell.model_copy(update=flags)


def _measured(entry: Entry, against: Entry | None, name: str, layout: Layout, measure: Measure) -> Cell:
    """Ours and the paper's of a column or of the main average, over the columns that it is the mean of."""
    singles = layout.singles(name)
    measure.lower_is_better(singles)  # refuses a mean over errors and shares
    values = list(measure.values(entry, singles).values())
    return Cell(
        mean=POINTS * float(np.mean(values)) if values else None,
        spread=POINTS * float(np.std(values, ddof=1)) if len(values) > 1 else None,
        seeds=len(values),
        published=entry.printed(name),
        comparison=None if against is None else measure.comparison(entry, against, singles),
    )


def _test(groups: Sequence[EntryGroup], layout: Layout, measure: Measure, claim: Claim, pair: Pair) -> Tested:
    """Compare the two rows of a claim, which stand in one block."""
    for group in groups:
        if claim.group and claim.group != group.name:
            continue
        better, than = _find(group, pair.better), _find(group, pair.than)
        if better is not None and than is not None:
            break
    else:
        return Tested(None, 0, None)
    singles, than_singles = layout.singles(pair.on), layout.singles(pair.than_on)
    lower = measure.lower_is_better((*singles, *than_singles))
    seeds = measure.seeds((better, singles), (than, than_singles))
    printed = (better.printed(pair.on), than.printed(pair.than_on))
    return Tested(
        measure.comparison(better, than, singles, than_singles),
        len(seeds),
        None if printed[0] is None or printed[1] is None else round(printed[0] - printed[1], 6),
        lower,
    )


def _holm(groups: tuple[Group, ...], means: Collection[str]) -> tuple[Group, ...]:
    """The same groups with p-values corrected: all averages of the table together, all single columns together."""
    rows = [row for group in groups for row in group.rows]
    families: tuple[list[Comparison], list[Comparison]] = ([], [])
    for row in rows:
        for name, cell in (*row.cells.items(), (AVERAGE, row.average)):
            if cell.comparison:
                families[name in (AVERAGE, *means)].append(cell.comparison)
    singles, averages = (iter(corrected(family)) for family in families)

    def settled(row: Row) -> Row:
        cells = {name: _settle(cell, averages if name in means else singles) for name, cell in row.cells.items()}
        return row.model_copy(update={"cells": cells, "average": _settle(row.average, averages)})

    return tuple(group.model_copy(update={"rows": tuple(map(settled, group.rows))}) for group in groups)


def _settle(cell: Cell, comparisons: Iterator[Comparison]) -> Cell:
    return cell.model_copy(update={"comparison": next(comparisons)}) if cell.comparison else cell
