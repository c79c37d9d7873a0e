"""From an examination to its result: do the runs whose models it looks at, then measure."""

import time

import torch
from rich.console import Console

from polydistill.models.loaded import Loaded
from polydistill.results import RUN_FILE, RunResult, Score, save_result
from polydistill.retrieval.retrieving import find_translations
from polydistill.specs import hashed
from polydistill.training.examination import Examination
from polydistill.training.execute import execute, list_result
from polydistill.training.made import machine, versions
from polydistill.training.run import Start, resolved_start
from polydistill.training.starting import load_body
from polydistill.training.store import Store, exclusively, result_in
from polydistill.whole import written_whole


def examine(examination: Examination, store: Store, console: Console | None = None) -> RunResult:
    """The examination's result: from the store if it is there, else by doing what is missing."""
    console = console or Console(stderr=True)
    folder = store.folder(examination)
    if (found := result_in(folder)) is not None:
        return found
    for run in examination.first:
        execute(run, store, console)
    with exclusively(folder, console):
        if (found := result_in(folder)) is not None:  # another process may have finished it while this one waited
            return found
        result = _measured(examination, store)
        with written_whole(folder / RUN_FILE) as unfinished:
            unfinished.write_text(examination.model_dump_json(indent=2) + "\n", encoding="utf-8")
        list_result(folder, result)
        save_result(folder, result)
    return result


def _measured(examination: Examination, store: Store) -> RunResult:
    began = time.monotonic()
    models = _loaded(examination, store)
    wanted = examination.retrieval
    scores: list[Score] = []
    fingerprints: dict[str, None] = {}
    for how in wanted.how:
        for code in wanted.languages:
            pair = (code, wanted.to)
            both = (models[code], models[wanted.to])
            for found in find_translations(both, wanted.data, pair, how, wanted.by_layer):
                fingerprints |= dict.fromkeys(found.model_fingerprints)
                scores += found.layer_scores if wanted.by_layer else found.scores
    return RunResult(
        run_id=examination.identity,
        name=examination.name,
        seed=examination.seed,
        scores=tuple(scores),
        labels_seen=examination.labels_seen,
        selected_on=examination.selected_on,
        data_fingerprint=examination.data_fingerprint,
        model_fingerprint="+".join(fingerprints),
        seconds=round(time.monotonic() - began, 2),
        versions=versions(),
        machine=machine(),
    )


def _loaded(examination: Examination, store: Store) -> dict[str, Loaded]:
    """The model of each language, each loaded once."""
    device = torch.accelerator.current_accelerator() or torch.device("cpu")
    known: dict[str, Loaded] = {}

    def load(start: Start) -> Loaded:
        key = hashed(resolved_start(start))
        if key not in known:
            known[key] = load_body(start, store)
            torch.nn.Module.to(known[key].network, device)
        return known[key]

    return {code: load(start) for code, start in examination.models.items()}
