"""Systems beside the first one: paired tests by language and over all, and what changed on which rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from polydistill.errors import DataError, unknown
from polydistill.languages import called
from polydistill.reports.page import Grid, Headlines, Number, Picture, Prose, Section
from polydistill.reports.paired import examples, of_the_same_rows
from polydistill.reports.plots import PALETTE, score_bars
from polydistill.reports.rows import Row, Rows
from polydistill.reports.significance import Comparison, compare, corrected
from polydistill.reports.stored import found_runs, systems
from polydistill.results import LOWER_IS_BETTER, RunResult, Score
from polydistill.specs import Spec
from polydistill.training.predictions import Predictions, load_predictions

POINTS = 100.0
MEAN = "mean"


class Difference(Spec):
    """The scores of both in one language (or the mean over all), and what a paired test says of the other's lead."""

    language: str
    first: float
    other: float
    test: Comparison | None = None


class Beside(Spec):
    """Another system beside the first, over the seeds that both have."""

    name: str
    seeds: tuple[int, ...]
    by_language: tuple[Difference, ...]
    mean: Difference


class Compared(Spec):
    """Systems beside the first one. Numbers are in points."""

    first: str
    metric: str
    split: str
    others: tuple[Beside, ...]


@dataclass(frozen=True)
class Side:
    """One system: its runs by seed, and the rows that the first of them kept."""

    name: str
    runs: Mapping[int, RunResult]
    kept: Predictions | None

    def scores(self, metric: str, split: str) -> dict[int, dict[str, Score]]:
        """By seed and language."""
        return {seed: run.by_language(metric, split) for seed, run in self.runs.items()}


def side(name: str, folder: Path) -> Side:
    """The run of a folder, or the runs in it, which then are those of one system."""
    finished = found_runs(folder)
    alike = systems(finished)
    if len(alike) > 1:
        names = ", ".join(one.name for one in alike)
        raise DataError(folder, None, f"runs of {len(alike)} systems ({names})", "those of one", "Name one run each.")
    runs = {run.seed: run for run in sorted(alike[0].runs, key=lambda run: run.seed)}
    first = next(iter(runs.values()))
    place = next(place for place, result in finished if result.run_id == first.run_id)
    return Side(name, runs, load_predictions(place))


def compared(sides: Sequence[Side], metric: str | None = None) -> Compared:
    """Each of the others beside the first."""
    first = sides[0]
    found = next(iter(first.runs.values())).scores
    if not found:
        raise ValueError(f"{first.name} has no scores: it was not tested. Compare runs with a test (--test).")
    if metric is not None and metric not in {score.metric for score in found}:
        raise unknown(f"metric of {first.name}", metric, dict.fromkeys(score.metric for score in found))
    metric, split = metric or found[0].metric, found[0].split
    others = _holm([_beside(first, other, metric, split) for other in sides[1:]])
    return Compared(first=first.name, metric=metric, split=split, others=others)


def _beside(first: Side, other: Side, metric: str, split: str) -> Beside:
    both = [one.scores(metric, split) for one in (first, other)]
    seeds = sorted(both[0].keys() & both[1].keys()) or [-1]
    if seeds == [-1]:  # no seed in common: the first of each, judged over its rows
        both = [{-1: next(iter(by_seed.values()))} for by_seed in both]
    codes = [code for code in both[0][seeds[0]] if all(code in by[seed] for by in both for seed in seeds)]
    if not codes:
        raise ValueError(
            f"{first.name} and {other.name} have no {metric} of one language and split ({split}) in common, so there "
            "is nothing to compare. Evaluate both on the same rows."
        )
    singles = tuple(_difference(code, [code], both, seeds) for code in codes)
    mean = _difference(MEAN, codes, both, seeds)
    return Beside(name=other.name, seeds=() if seeds == [-1] else tuple(seeds), by_language=singles, mean=mean)


def _difference(
    name: str, codes: Sequence[str], both: Sequence[Mapping[int, Mapping[str, Score]]], seeds: Sequence[int]
) -> Difference:
    """The lead of the second over the first, in the mean over these languages, tested where it can be."""
    chosen = [{seed: [by[seed][code] for code in codes] for seed in seeds} for by in both]
    values = [{seed: _mean(scores) for seed, scores in by.items()} for by in chosen]
    firsts, others = (sum(by.values()) / len(by) for by in values)
    rows = [examples(by[seeds[0]]) for by in chosen]
    same = all(of_the_same_rows([by[seed][at] for by in chosen for seed in seeds]) for at in range(len(codes)))
    test = None
    if same and (len(seeds) > 1 or all(side is not None for side in rows)):
        lower = chosen[0][seeds[0]][0].metric in LOWER_IS_BETTER
        plain = compare(values[1], values[0], rows[1], rows[0], lower)
        scaled = {what: POINTS * getattr(plain, what) for what in ("difference", "low", "high")}
        test = plain.model_copy(update=scaled)
    return Difference(language=name, first=POINTS * firsts, other=POINTS * others, test=test)


def _mean(scores: Sequence[Score]) -> float:
    return sum(score.value for score in scores) / len(scores)


def _holm(found: Sequence[Beside]) -> tuple[Beside, ...]:
    """The same with p-values corrected: all means as one family, all single languages as another."""
    means = iter(corrected([one.mean.test for one in found if one.mean.test]))
    singles = iter(corrected([each.test for one in found for each in one.by_language if each.test]))

    def settled(one: Difference, tests: Iterator[Comparison]) -> Difference:
        return one.model_copy(update={"test": next(tests)}) if one.test else one

    return tuple(
        one.model_copy(
            update={
                "mean": settled(one.mean, means),
                "by_language": tuple(settled(each, singles) for each in one.by_language),
            }
        )
        for one in found
    )


def grid(found: Compared, other: Beside) -> Grid:
    """A row a language, the mean last."""
    rows = [_cells(one) for one in (*other.by_language, *([other.mean] if len(other.by_language) > 1 else []))]
    tests = "; ".join(dict.fromkeys(one.test.test for one in (*other.by_language, other.mean) if one.test is not None))
    said = f"In points ({found.metric}, {found.split}). {'The lower the better. ' if _lower(found) else ''}"
    remark = f"{said}Tests: {tests or 'none, as rows or seeds are not the same'}; p-values after Holm's correction."
    columns = ("language", found.first, other.name, "difference", "95 % interval", "p", "that is")
    return Grid(f"{other.name} beside {found.first}", columns, rows, remark, words=[len(columns) - 1])


def in_short(found: Compared) -> Headlines:
    """Of each other system its lead in the mean and what a test says of it; of a single one where it is largest."""
    numbers = [
        Number(
            f"{other.mean.other - other.mean.first:+.1f}",
            f"points of {found.metric}, {other.name} against {found.first}",
            f"{other.mean.first:.1f} and {other.mean.other:.1f} in the mean; {_verdict(other.mean)}",
        )
        for other in found.others
    ]
    if len(found.others) == 1 and len(languages := found.others[0].by_language) > 1:
        ordered = sorted(languages, key=lambda one: one.other - one.first)
        for which, one in (("largest", ordered[-1]), ("smallest", ordered[0])):
            name = f"{which} difference: {called(one.language)} ({one.language})"
            numbers.append(
                Number(f"{one.other - one.first:+.1f}", name, f"{one.first:.1f} and {one.other:.1f}; {_verdict(one)}")
            )
    lower = " The lower the better." if _lower(found) else ""
    return Headlines("In short", numbers, f"Scores in points ({found.metric}, {found.split}).{lower}")


def _verdict(one: Difference) -> str:
    return "not tested" if one.test is None else f"{one.test.verdict}, p = {one.test.p:.2g}"


def sections(found: Compared, sides: Sequence[Side]) -> list[Section]:
    """The main result, differences, bars where they stay readable, and rows."""
    parts: list[Section] = [in_short(found), *(grid(found, other) for other in found.others)]
    if len(sides) <= len(PALETTE):
        first = {one.language: one.first / POINTS for one in found.others[0].by_language}
        bars = {found.first: first} | {
            other.name: {one.language: one.other / POINTS for one in other.by_language} for other in found.others
        }
        title = f"{found.metric[0].upper()}{found.metric[1:]} by language"
        parts.append(Picture(title, score_bars(bars, metric=found.metric), "Means over the seeds that are compared."))
    return [*parts, *changed(sides)]


def changed(sides: Sequence[Side]) -> list[Section]:
    """What became right and wrong by language, and the rows, of the first run of each."""
    kept = [one.kept for one in sides if one.kept is not None]
    if len(kept) < len(sides) or len({one.data_fingerprint for one in kept}) > 1:
        why = "Not all of these runs have kept rows of the same test, so they are not shown beside each other."
        return [Prose("Row by row", why)]
    beside = {code: [one.rows.get(code, ()) for one in kept] for code in kept[0].rows}
    rows = [
        Row(code, first.row, first.texts, first.gold, tuple(None if one is None else one.after for one in seen))
        for code, columns in beside.items()
        for seen in zip_longest(*columns)
        if (first := seen[0]) is not None
    ]
    names = [one.name for one in sides]
    remark = f"{len(rows)} evenly spread rows." if sum(kept[0].of.values()) > len(rows) else "All rows."
    counts = [_moved(code, [row for row in rows if row.language == code]) for code in beside]
    moved = Grid(
        f"What changed from {names[0]} to {names[-1]}",
        ("language", "both right", "became right", "became wrong", "both wrong"),
        counts,
        remark,
    )
    known = any(said is not None and said.right is not None for row in rows for said in row.said)
    browser = Rows("Row by row", kept[0].columns, names, rows, remark)
    return [moved, browser] if known else [browser]


def _moved(code: str, rows: Sequence[Row]) -> tuple[str, ...]:
    pairs = [(_right(row, 0), _right(row, -1)) for row in rows]
    kinds = ((True, True), (False, True), (True, False), (False, False))
    return (f"{called(code)} ({code})", *(str(pairs.count(kind)) for kind in kinds))


def _right(row: Row, at: int) -> bool:
    said = row.said[at]
    return said is not None and bool(said.right)


def _lower(found: Compared) -> bool:
    return found.metric in LOWER_IS_BETTER


def _cells(one: Difference) -> tuple[str, ...]:
    name = one.language if one.language == MEAN else f"{called(one.language)} ({one.language})"
    difference = f"{one.other - one.first:+.1f}"
    if one.test is None:
        return (name, f"{one.first:.1f}", f"{one.other:.1f}", difference, "–", "–", "not tested")
    interval, p = f"{one.test.low:+.1f} to {one.test.high:+.1f}", f"{one.test.p:.2g}"
    return (name, f"{one.first:.1f}", f"{one.other:.1f}", difference, interval, p, one.test.verdict)
