"""Tables in the papers' shape: ours over seeds, the published number beside it, and whether a difference is noise.

`build_table` turns runs into typed data in points (accuracy x 100); `rendering.py` and the HTML page only show it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polydistill.errors import unknown
from polydistill.reports.published import PublishedRow
from polydistill.reports.significance import Comparison, compare, corrected
from polydistill.results import LanguageCode, RunResult, Score
from polydistill.specs import Spec

POINTS = 100.0


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
    """One system: its cells by language, its average, and what it was given."""

    name: str
    cells: dict[LanguageCode, Cell]
    average: Cell
    seeds: tuple[int, ...] = ()
    labels_seen: tuple[LanguageCode, ...] = ()
    selected_on: tuple[str, ...] = ()


class Group(Spec):
    """A block of rows under one heading, such as an encoder."""

    name: str
    rows: tuple[Row, ...]


class Table(Spec):
    """A table: `average_over` names the languages of our average, `published_over` counts those of the paper's.

    `reference` is the row that the others of its group are compared with; `setting` says what ours was measured on.
    """

    id: str
    title: str
    metric: str
    languages: tuple[LanguageCode, ...]
    average_over: tuple[LanguageCode, ...]
    groups: tuple[Group, ...]
    published_over: int | None = None
    reference: str | None = None
    setting: str = ""


@dataclass(frozen=True)
class Entry:
    """What a row is made of: the runs of one system, one a seed, and the paper's row; either may be missing."""

    name: str
    runs: Sequence[RunResult] = ()
    published: PublishedRow | None = None


@dataclass(frozen=True)
class EntryGroup:
    """What a block is made of; `columns` shows only some languages (the average stays over all)."""

    name: str
    entries: Sequence[Entry]
    columns: Sequence[str] | None = None


@dataclass(frozen=True)
class _Measure:
    metric: str
    split: str
    languages: tuple[str, ...]

    def scores(self, run: RunResult) -> dict[str, Score]:
        return run.by_language(self.metric, self.split)


def build_table(
    id: str,
    title: str,
    groups: Sequence[EntryGroup],
    reference: str | None = None,
    published_over: int | None = None,
    setting: str = "",
    metric: str = "accuracy",
    split: str = "test",
) -> Table:
    """The table of these runs. Columns are the languages that ours were scored on, in the order they are stored.

    Each row is compared with the row named `reference` of its own group (see `significance.compare`). The averages
    are one family of tests and the single languages another; each is corrected by Holm's method.
    """
    languages = _languages(groups, metric, split)
    measure = _Measure(metric, split, languages)
    if reference is not None and not any(_find(group, reference) for group in groups):
        raise unknown("reference row", reference, (entry.name for group in groups for entry in group.entries))
    built = tuple(_group(group, reference, measure) for group in groups)
    shown = {code for group in built for row in group.rows for code in row.cells}
    return Table(
        id=id,
        title=title,
        metric=metric,
        languages=tuple(code for code in languages if code in shown),
        average_over=languages,
        groups=_holm(built),
        published_over=published_over,
        reference=reference,
        setting=setting,
    )


def _languages(groups: Sequence[EntryGroup], metric: str, split: str) -> tuple[str, ...]:
    """The languages of our scores; where there are no runs at all, those that are shown, and of the published rows."""
    entries = [entry for group in groups for entry in group.entries]
    ours = [code for entry in entries for run in entry.runs for code in run.by_language(metric, split)]
    papers = [code for entry in entries if entry.published for code in entry.published.scores]
    shown = [code for group in groups for code in group.columns or ()]
    found = tuple(dict.fromkeys(ours or [*shown, *papers]))
    if not found:
        raise ValueError(f"No run has {metric} scores of the split {split!r}, and no published row is given.")
    return found


def _find(group: EntryGroup, name: str | None) -> Entry | None:
    return next((entry for entry in group.entries if entry.name == name), None)


def _group(group: EntryGroup, reference: str | None, measure: _Measure) -> Group:
    base = _find(group, reference)
    columns = measure.languages if group.columns is None else tuple(group.columns)
    for code in columns:
        if code not in measure.languages:
            raise unknown("column", code, measure.languages)
    return Group(name=group.name, rows=tuple(_row(entry, base, columns, measure) for entry in group.entries))


def _row(entry: Entry, base: Entry | None, columns: tuple[str, ...], measure: _Measure) -> Row:
    _check_alike(entry)
    against = None if base is None or base.name == entry.name else base
    labels = entry.runs[0].labels_seen if entry.runs else entry.published.labels_seen if entry.published else ()
    return Row(
        name=entry.name,
        cells={code: _language_cell(entry, against, code, measure) for code in columns},
        average=_average_cell(entry, against, measure),
        seeds=tuple(sorted(run.seed for run in entry.runs)),
        labels_seen=labels,
        selected_on=entry.runs[0].selected_on if entry.runs else (),
    )


def _check_alike(entry: Entry) -> None:
    """A row is one system: its runs differ in their seed only."""
    seeds = [run.seed for run in entry.runs]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"Row {entry.name!r} has seeds {seeds}; expected each seed once. Drop the repeated runs.")
    for what in ("labels_seen", "selected_on"):
        found = {getattr(run, what) for run in entry.runs}
        if len(found) > 1:
            raise ValueError(f"Row {entry.name!r} mixes runs with {what} {sorted(found)}; give each its own row.")


def _language_cell(entry: Entry, against: Entry | None, code: str, measure: _Measure) -> Cell:
    values = _values(entry, (code,), measure)
    published = entry.published.scores.get(code) if entry.published else None
    return Cell(
        mean=_mean(values),
        spread=_spread(values),
        seeds=len(values),
        zero_shot=bool(values) and code not in entry.runs[0].labels_seen,
        published=published,
        published_zero_shot=published is not None and entry.published is not None and code in entry.published.zero_shot,
        comparison=_comparison(entry, against, (code,), measure),
    )


def _average_cell(entry: Entry, against: Entry | None, measure: _Measure) -> Cell:
    values = _values(entry, measure.languages, measure)
    return Cell(
        mean=_mean(values),
        spread=_spread(values),
        seeds=len(values),
        published=entry.published.average if entry.published else None,
        comparison=_comparison(entry, against, measure.languages, measure),
    )


def _values(entry: Entry, languages: tuple[str, ...], measure: _Measure) -> dict[int, float]:
    """The mean over the languages by seed, of the runs that have them all."""
    return {
        run.seed: run.mean(languages, measure.metric, measure.split)
        for run in entry.runs
        if measure.scores(run).keys() >= set(languages)
    }


def _mean(values: dict[int, float]) -> float | None:
    return POINTS * float(np.mean(list(values.values()))) if values else None


def _spread(values: dict[int, float]) -> float | None:
    return POINTS * float(np.std(list(values.values()), ddof=1)) if len(values) > 1 else None


def _comparison(
    entry: Entry, against: Entry | None, languages: tuple[str, ...], measure: _Measure
) -> Comparison | None:
    """The comparison of a cell in points, or None where nothing can be paired."""
    if against is None:
        return None
    a, b = _values(entry, languages, measure), _values(against, languages, measure)
    common = sorted(a.keys() & b.keys())
    if not common or not _same_rows(entry, against, languages, measure):
        return None
    hits_a, hits_b = (_examples(side, common[0], languages, measure) for side in (entry, against))
    if len(common) < 2 and (hits_a is None or hits_b is None):
        return None
    found = compare(a, b, hits_a, hits_b)
    scaled = {what: POINTS * getattr(found, what) for what in ("difference", "low", "high")}
    return found.model_copy(update=scaled)


def _same_rows(entry: Entry, against: Entry, languages: tuple[str, ...], measure: _Measure) -> bool:
    """Whether both were scored on the same rows of each language, as far as the scores say."""
    sides = [[measure.scores(run) for run in side.runs] for side in (entry, against)]
    for code in languages:
        scored = [scores[code] for side in sides for scores in side if code in scores]
        fingerprints = {score.data_fingerprint for score in scored} - {""}
        if len(fingerprints) > 1 or len({score.examples for score in scored}) > 1:
            return False
    return True


def _examples(entry: Entry, seed: int, languages: tuple[str, ...], measure: _Measure) -> NDArray[np.float64] | None:
    """In what share of the languages each row is right; None where hits are missing or rows are not aligned.

    Of an F1 the counts by language and row.
    """
    run = next(run for run in entry.runs if run.seed == seed)
    if measure.metric == "f1":
        counts = [one for code in languages if (one := measure.scores(run)[code].counts) is not None]
        whole = len(counts) == len(languages) and len({len(one) for one in counts}) == 1
        return np.stack(counts).astype(np.float64) if whole else None
    hits = [measure.scores(run)[code].correct for code in languages]
    stored = [one for one in hits if one is not None]
    if len(stored) < len(hits) or len({one.size for one in stored}) > 1:
        return None
    return np.asarray(np.mean(stored, axis=0), dtype=np.float64)


def _holm(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    """The same groups with p-values corrected: all averages of the table together, all language cells together."""
    rows = [row for group in groups for row in group.rows]
    averages = iter(corrected([row.average.comparison for row in rows if row.average.comparison]))
    cells = iter(corrected([cell.comparison for row in rows for cell in row.cells.values() if cell.comparison]))
    return tuple(
        group.model_copy(update={"rows": tuple(_settle_row(row, averages, cells) for row in group.rows)})
        for group in groups
    )


def _settle_row(row: Row, averages: Iterator[Comparison], cells: Iterator[Comparison]) -> Row:
    settled = {code: _settle(cell, cells) for code, cell in row.cells.items()}
    return row.model_copy(update={"cells": settled, "average": _settle(row.average, averages)})


def _settle(cell: Cell, comparisons: Iterator[Comparison]) -> Cell:
    return cell.model_copy(update={"comparison": next(comparisons)}) if cell.comparison else cell
