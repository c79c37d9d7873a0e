"""A page of a run that is done, or of several: scores by language, rows, curves, resources, records."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from polydistill.errors import DataError
from polydistill.inspection.inspection import FILE, FOLDER, Inspected
from polydistill.reports import answers, inspection, short
from polydistill.reports.curves import pictures
from polydistill.reports.left import left
from polydistill.reports.page import Grid, Picture, Prose, Record, Section, write_page
from polydistill.reports.plots import PALETTE, score_bars
from polydistill.results import LOWER_IS_BETTER, MODEL, RESULTS_FILE, RUN_FILE, STUDENTS, RunResult, load_result
from polydistill.training.predictions import load_predictions
from polydistill.training.store import Store

PAGE = "report.html"
"""In a run's folder: its page."""
CURVES = 12  # ours: more pictures than this make a page that nobody reads


def report(folder: str | Path, out: str | Path) -> Path:
    """Write one page of a run's folder, or of all finished runs in a folder."""
    finished = found_runs(Path(folder))
    title = finished[0][1].name if len(finished) == 1 else f"{len(finished)} runs"
    return write_page(out, title, sections(finished))


def found_runs(folder: Path) -> list[tuple[Path, RunResult]]:
    """The run that lies in the folder, or all finished runs inside it."""
    if (folder / RESULTS_FILE).is_file():
        return [(folder, load_result(folder))]
    finished = Store(folder).finished()
    if not finished:
        raise DataError(
            folder, None, "no finished run", "a run's folder, or a folder of runs", "Name one; finish the run first."
        )
    return finished


def sections(finished: Sequence[tuple[Path, RunResult]]) -> list[Section]:
    """The main result, what led to it, what it took, and records; a single run comes with its own rows."""
    parts = _one(*finished[0]) if len(finished) == 1 else _several(finished)
    if len(finished) > CURVES:
        parts.append(Prose("Loss", f"{len(finished)} runs: for loss curves, report at most {CURVES} at a time."))
    else:
        parts += [picture for folder, result in finished for picture in pictures(folder, result)]
    parts += [part for folder, result in finished for part in _inside(folder, result)]
    return [*parts, _resources(finished), *(_record(folder, result) for folder, result in finished)]


def _several(finished: Sequence[tuple[Path, RunResult]]) -> list[Section]:
    """Scores, and bars where they stay readable."""
    scored = [(folder, result) for folder, result in finished if result.scores]
    if not scored:
        return []
    metric, split = short.main_score(scored[0][1])
    found = systems([(folder, result) for folder, result in scored if result.by_language(metric, split)])
    means = {one.name: float(np.mean(one.values(metric, split, one.languages(metric, split)))) for one in found}
    return [short.of_runs(means, metric, split, len(finished)), *_scores(scored)]


def _one(folder: Path, result: RunResult) -> list[Section]:
    """The main result of a run, its scores, what the rows of its test show, and what its teacher said."""
    parts: list[Section] = [short.without_test(result)]
    if result.scores:
        found = load_predictions(folder)
        shown = [answers.nothing_kept()] if found is None else answers.sections(result, found)
        parts = [short.of_run(result, found), *shown]
        if found is None or len({score.metric for score in result.scores}) > 1:
            parts[1:1] = _scores([(folder, result)])  # of a single metric all scores stand in the table by language
    if (said := left(folder / "answers.json", dict)) is not None:
        parts.append(answers.teachers_answers(said))
    return parts


def _resources(finished: Sequence[tuple[Path, RunResult]]) -> Grid:
    """What each run took: time, memory, steps, and the room that its models need."""
    rows = []
    for folder, result in finished:
        training = (left(folder / RUN_FILE, dict) or {}).get("training", {})
        rows_a_step = training.get("batch_size", 0) * training.get("accumulation", 1)
        size = sum(file.stat().st_size for place in (MODEL, STUDENTS) for file in (folder / place).rglob("*"))
        rows.append(
            (
                f"{result.name}, seed {result.seed}",
                f"{result.seconds:.0f} s",
                "–" if result.memory is None else f"{result.memory / 1e9:.2f} GB",
                f"{training['steps']} of {rows_a_step} rows" if training else "–",
                f"{size / 1e6:.1f} MB" if size else "–",
                result.machine or "–",
                ", ".join(f"{name} {version}" for name, version in result.versions.items()),
            )
        )
    columns = ("run", "time", "most memory", "steps, at most", "size of its models", "machine", "versions")
    return Grid("Resources used", columns, rows, words=(5, 6))


def _scores(finished: Sequence[tuple[Path, RunResult]]) -> list[Section]:
    """For each metric and split a table with a row a system, its runs of several seeds together, of those scored so."""
    kinds = dict.fromkeys((score.metric, score.split) for _, result in finished for score in result.scores)
    parts: list[Section] = []
    for metric, split in kinds:
        found = systems([(folder, result) for folder, result in finished if result.by_language(metric, split)])
        parts.append(_grid(found, metric, split))
        if len(found) <= len(PALETTE):
            first = {
                one.name: {code: one.value for code, one in one.runs[0].by_language(metric, split).items()}
                for one in found
            }
            caption = "The first seed of each system." if any(len(one.runs) > 1 for one in found) else ""
            title = f"{metric[0].upper()}{metric[1:]} ({split})"
            parts.append(Picture(title, score_bars(first, metric=metric), caption or "What the test says."))
    return parts


@dataclass(frozen=True)
class System:
    """Runs that differ in nothing but their seed."""

    name: str
    runs: tuple[RunResult, ...]

    def languages(self, metric: str, split: str) -> tuple[str, ...]:
        """Those that its first run was scored in."""
        return tuple(self.runs[0].by_language(metric, split))

    def values(self, metric: str, split: str, codes: Sequence[str]) -> list[float]:
        """The mean over these languages of each run that has them all."""
        scores = [run.by_language(metric, split) for run in self.runs]
        return [float(np.mean([by[code].value for code in codes])) for by in scores if set(codes) <= set(by)]


def systems(finished: Sequence[tuple[Path, RunResult]]) -> list[System]:
    """The systems of these runs; a second one of a name gets a run's id beside it."""
    alike: dict[str, dict[int, RunResult]] = {}
    for folder, result in finished:
        alike.setdefault(_system(folder, result), {}).setdefault(result.seed, result)
    found: dict[str, System] = {}
    for runs in (tuple(by_seed.values()) for by_seed in alike.values()):
        name = runs[0].name if runs[0].name not in found else f"{runs[0].name} ({runs[0].run_id})"
        found[name] = System(name, runs)
    return list(found.values())


def _grid(found: Sequence[System], metric: str, split: str) -> Grid:
    """Scores in points by language, and what each system was given."""
    codes = tuple(dict.fromkeys(code for one in found for run in one.runs for code in run.by_language(metric, split)))
    rows = []
    for one in found:
        seen = one.runs[0].labels_seen
        by_language = [_points(one.values(metric, split, [code])) + ("" if code in seen else "°") for code in codes]
        seeds = ", ".join(str(run.seed) for run in sorted(one.runs, key=lambda run: run.seed))
        given = (", ".join(seen) or "none", ", ".join(one.runs[0].selected_on) or "nothing")
        rows.append((one.name, *by_language, _points(one.values(metric, split, codes)), seeds, *given))
    lower = " The lower the better." if metric in LOWER_IS_BETTER else ""
    return Grid(
        f"Scores ({metric}, {split})",
        ("system", *codes, f"mean of {len(codes)}", "seeds", "labels seen", "selected on"),
        rows,
        f"In points.{lower} ±: sample standard deviation over seeds. °: no labels of this language were seen.",
    )


def _points(values: Sequence[float]) -> str:
    """Such as `78.1 ± 0.4`; a dash where there is none."""
    if not values:
        return "–"
    spread = f" ± {100 * float(np.std(values, ddof=1)):.1f}" if len(values) > 1 else ""
    return f"{100 * float(np.mean(values)):.1f}{spread}"


def _system(folder: Path, result: RunResult) -> str:
    """What a run has in common with those of other seeds: all that its file says but the seeds, its starts' too."""
    given = left(folder / RUN_FILE, dict)
    return result.run_id if given is None else json.dumps(_without_seeds(given), sort_keys=True)


def _without_seeds(part: Any) -> Any:
    """Plain data without the seeds of the runs (and examinations) in it, at any depth; seeds of their data stay."""
    if isinstance(part, list):
        return [_without_seeds(one) for one in part]
    if not isinstance(part, dict):
        return part
    seeded = "method" in part or "models" in part
    return {key: _without_seeds(value) for key, value in part.items() if not (seeded and key == "seed")}


def _inside(folder: Path, result: RunResult) -> list[Section]:
    """An inspection that was written into the folder of a run."""
    file = folder / FOLDER / FILE
    if not file.is_file():
        return []
    found = Inspected.model_validate_json(file.read_bytes())
    parts = inspection.sections(found, inspection.pictures(found))
    return [replace(part, heading=f"{result.name}, inspected: {part.heading}") for part in parts]


def _record(folder: Path, result: RunResult) -> Record:
    """The run as it was given, and what it left, without the example-by-example hits."""
    kept = result.model_dump(mode="json")
    kept["scores"] = [{key: value for key, value in score.items() if key != "hits"} for score in kept["scores"]]
    run = left(folder / RUN_FILE, dict)
    return Record(f"Record: {result.name}, seed {result.seed}", {"run": run, "result": kept})
