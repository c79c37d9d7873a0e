"""A page of runs that are done: their scores by language, their loss curves, their records."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from polydistill.errors import DataError
from polydistill.inspection.inspection import FILE, FOLDER, Inspected
from polydistill.papers.table import Entry, EntryGroup, build_table
from polydistill.reports import inspection
from polydistill.reports.page import Picture, Prose, Record, Scores, Section, write_page
from polydistill.reports.plots import PALETTE, loss_curves, score_bars
from polydistill.results import RESULTS_FILE, RUN_FILE, RunResult, load_result
from polydistill.training.store import LOG, Store

_NO_TERMS = ("loss", "grad_norm", "learning_rate", "epoch", "step", "total_flos")
_NO_PREFIXES = ("eval_", "train_")
CURVES = 12  # ours: more pictures than this make a page that nobody reads


def report(folder: str | Path, out: str | Path) -> Path:
    """Write one page of a run's folder, or of all finished runs in a folder."""
    finished = found_runs(Path(folder))
    title = finished[0][1].name if len(finished) == 1 else f"{len(finished)} runs"
    return write_page(out, f"polydistill: {title}", sections(finished))


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
    """Scores, bars where they stay readable, loss curves, what an inspection has left in a run's folder, records."""
    parts: list[Section] = _scores(finished)
    if len(finished) > CURVES:
        parts.append(Prose("Loss", f"{len(finished)} runs: for loss curves, report at most {CURVES} at a time."))
    else:
        parts += [picture for folder, result in finished if (picture := _curves(folder, result))]
    parts += [part for folder, result in finished for part in _inside(folder, result)]
    return [*parts, *(_record(folder, result) for folder, result in finished)]


def _scores(finished: Sequence[tuple[Path, RunResult]]) -> list[Section]:
    """For each metric and split a table with a row a system, its runs of several seeds together, of those scored so."""
    kinds = dict.fromkeys((score.metric, score.split) for _, result in finished for score in result.scores)
    parts: list[Section] = []
    for metric, split in kinds:
        entries = _entries([(folder, result) for folder, result in finished if result.by_language(metric, split)])
        groups = [EntryGroup("", entries)]
        table = build_table("runs", "stored results", groups, setting=f"split {split}", metric=metric, split=split)
        parts.append(Scores(f"Scores ({metric}, {split})", table))
        if len(entries) <= len(PALETTE):
            systems = {
                entry.name: {code: one.value for code, one in entry.all_runs[0].by_language(metric, split).items()}
                for entry in entries
            }
            caption = "The first seed of each system." if any(len(entry.all_runs) > 1 for entry in entries) else ""
            parts.append(
                Picture(f"{metric[0].upper()}{metric[1:]} ({split})", score_bars(systems, metric=metric), caption)
            )
    return parts


def _entries(finished: Sequence[tuple[Path, RunResult]]) -> list[Entry]:
    """Runs that differ in nothing but their seed are one system; a second one of a name gets a run's id beside it."""
    systems: dict[str, dict[int, RunResult]] = {}
    for folder, result in finished:
        systems.setdefault(_system(folder, result), {}).setdefault(result.seed, result)
    entries: dict[str, Entry] = {}
    for runs in map(list, map(dict.values, systems.values())):
        name = runs[0].name if runs[0].name not in entries else f"{runs[0].name} ({runs[0].run_id})"
        entries[name] = Entry(name, runs)
    return list(entries.values())


def _system(folder: Path, result: RunResult) -> str:
    """What a run has in common with those of other seeds: all that its file says but the seeds, its starts' too."""
    given = folder / RUN_FILE
    if not given.is_file():
        return result.run_id
    return json.dumps(_without_seeds(json.loads(given.read_text(encoding="utf-8"))), sort_keys=True)


def _without_seeds(part: Any) -> Any:
    """Plain data without the seeds of the runs (and examinations) in it, at any depth; seeds of their data stay."""
    if isinstance(part, list):
        return [_without_seeds(one) for one in part]
    if not isinstance(part, dict):
        return part
    seeded = "method" in part or "models" in part
    return {key: _without_seeds(value) for key, value in part.items() if not (seeded and key == "seed")}


def _curves(folder: Path, result: RunResult) -> Picture | None:
    """The terms of a run's log by step."""
    file = folder / LOG
    if not file.is_file():
        return None
    terms: dict[str, list[tuple[int, float]]] = {}
    for line in json.loads(file.read_text(encoding="utf-8")):
        for name, value in line.items():
            if name not in _NO_TERMS and not name.startswith(_NO_PREFIXES) and isinstance(value, float):
                terms.setdefault(name, []).append((int(line["step"]), value))
    if not terms:
        return None
    name = f"{result.name}, seed {result.seed}"
    return Picture(
        f"Loss: {name}", loss_curves(terms, f"Loss terms of {name}"), "Unweighted means since the last line."
    )


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
    left = result.model_dump(mode="json")
    left["scores"] = [{key: value for key, value in score.items() if key != "hits"} for score in left["scores"]]
    given = folder / RUN_FILE
    run = json.loads(given.read_text(encoding="utf-8")) if given.is_file() else None
    return Record(f"Record: {result.name}, seed {result.seed}", {"run": run, "result": left})
