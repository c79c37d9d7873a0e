"""The main job in one go: pre-train a mini polyglot, tune it on English, distil it into more languages, and show it.

The runs are a Baseline and an XD of table xd/3 at the `quick` scale: the `world` scale with a smaller
encoder and fewer steps.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from rich.console import Console

from polydistill.data.batches.encoding import encode
from polydistill.data.batches.signals import compute_signals
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import LABEL
from polydistill.languages import called
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import Polyglot
from polydistill.papers.page import Scores
from polydistill.papers.published import published_table
from polydistill.papers.scales import Scale
from polydistill.papers.table import Entry, EntryGroup, Table, build_table
from polydistill.papers.xd.scales import setting
from polydistill.papers.xd.tables import Systems
from polydistill.reports.page import (
    Command,
    Headlines,
    Links,
    Number,
    Picture,
    Prose,
    Record,
    Sample,
    Samples,
    write_page,
)
from polydistill.reports.plots import loss_curves, score_bars
from polydistill.reports.stored import PAGE, report
from polydistill.reports.vectors import alignment_picture
from polydistill.results import MODEL, RunResult
from polydistill.starts.loading import load_classifier
from polydistill.tasks import NLI
from polydistill.tasks.reading import row_logits
from polydistill.training.execute import execute
from polydistill.training.run import ResultOf, Run, before
from polydistill.training.store import LOG, Store
from polydistill.whole import written_whole

MEANINGS, SAMPLES = 20, 6


@dataclass(frozen=True)
class Quickstart:
    """What a quickstart leaves: the table, the page, and the summary."""

    table: Table
    page: Path
    summary: Path


@dataclass(frozen=True)
class _Words:
    """What a run is called, and what happens in it and why."""

    name: str
    why: str


_WORDS = {
    "pretrain": _Words(
        "Learning to read",
        "A small encoder learns to read six languages: it guesses words that are hidden in plain text and in pairs of "
        "translations.",
    ),
    "tune": _Words(
        "Learning the task in English",
        "It learns a task from labelled English pairs: does the second sentence follow from the first, contradict it, "
        "or neither?",
    ),
    "xd": _Words(
        "Learning the other languages",
        "A frozen copy of it answers the English pairs, and it learns to answer their translations alike. No label "
        "is read.",
    ),
}


@dataclass(frozen=True)
class _Seen:
    """One model's view of a few test rows: predicted labels and first-token vectors, by language."""

    predicted: Mapping[str, NDArray[np.int64]]
    vectors: Mapping[str, NDArray[np.float32]]


def quickstart(
    root: Path,
    seed: int = 0,
    console: Console | None = None,
    report_to: Sequence[str] = (),
    scale: Scale = "quick",
) -> Quickstart:
    """Do what is not done yet, then write `summary.json` and `index.html` into the folder `quickstart` of `root`."""
    console, store, where = console or Console(stderr=True), Store(root, report_to), setting(scale)
    after = _named(Systems(where, "XLM MLM+TLM").xd(seed))
    chain, done = _with_starts(after)[::-1], []
    for at, run in enumerate(chain, 1):
        if store.result(run) is None:
            said = f"{at} of {len(chain)}. {_WORDS[run.method.kind].why}"
            console.print(said, markup=False, highlight=False, soft_wrap=True)
        done.append(execute(run, store, console))
    before, results, trained = chain[-2], done[-2:], sum(result.seconds for result in done)
    began = time.monotonic()
    table = _table(*results)
    folder = store.root / "quickstart"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {_page_of(store, run): f"{run.name}. {_WORDS[run.method.kind].why}" for run in chain}
    parts = [*_sections(store, before, after, results, table, scale), Links("Look closer", pages)]
    page = write_page(folder / "index.html", "Five languages learned without a label", parts)
    scores = [{code: score.value for code, score in result.by_language().items()} for result in results]
    summary = folder / "summary.json"
    with written_whole(summary) as unfinished:
        content = {"before": scores[0], "after": scores[1], "seconds": round(trained + time.monotonic() - began, 1)}
        unfinished.write_text(json.dumps(content, indent=2) + "\n")
    return Quickstart(table, page, summary)


def _page_of(store: Store, run: Run) -> str:
    """Write the page of one of the runs; where it lies from the page of all."""
    folder = store.folder(run)
    return f"../{report(folder, folder / PAGE).relative_to(store.root).as_posix()}"


def _named(run: Run) -> Run:
    """The run, and those it starts from, called as a newcomer understands it; a name decides nothing of a result."""
    start = run.start
    if isinstance(start, ResultOf):
        start = ResultOf(run=_named(start.run))
    return run.model_copy(update={"name": _WORDS[run.method.kind].name, "start": start})


def _with_starts(run: Run) -> list[Run]:
    """The run and those it starts from; what they took once is what they take, also when they were done before."""
    first = before(run.start)
    return [run, *(_with_starts(first) if first is not None else [])]


def _table(before: RunResult, after: RunResult) -> Table:
    printed = published_table("xd/3").group("XLM MLM+TLM")
    entries = [
        Entry("Baseline", [before], printed.row("Baseline")),
        Entry("XD", [after], printed.row("XD")),
    ]
    return build_table(
        "xd/3",
        "XD against zero-shot transfer",
        [EntryGroup(printed.name, entries)],
        reference="Baseline",
        published_over=len(printed.row("XD").scores),
        setting="mini-world NLI",
    )


def _sections(store: Store, before: Run, after: Run, results: list[RunResult], table: Table, scale: Scale) -> list[Any]:
    rows = _rows(after)
    seen = [_look(store, run, rows) for run in (before, after)]
    codes = tuple(rows)
    scores = {
        name: {code: score.value for code, score in result.by_language().items()}
        for name, result in zip(("before XD", "after XD"), results, strict=True)
    }
    was, became = (np.concatenate([view.vectors[code] for code in codes]) for view in seen)
    meanings = [str(row) for _ in codes for row in range(MEANINGS)]
    languages = [code for code in codes for _ in range(MEANINGS)]
    picture, found = alignment_picture({"Before": was, "After": became}, meanings, languages)
    return [
        Headlines("In short", _numbers(scores)),
        Prose("What was done", _EXPLAINED),
        Scores("Accuracy on the test set", table),
        Picture("Accuracy by language", score_bars(scores, chance=1 / 3), "Test accuracy before and after XD."),
        Picture("What was learned", loss_curves(_terms(store, before, after)), "Every term of the loss, unweighted."),
        Picture(
            "The same meanings in six languages",
            picture,
            f"{MEANINGS} premise-hypothesis pairs of the test set in {len(codes)} languages: the vector of the first "
            f"token. Nearest neighbours in other languages that mean the same: "
            f"{100 * found['Before']:.0f} % before, {100 * found['After']:.0f} % after.",
        ),
        Samples("Samples", _samples(rows, *seen), before="before XD", after="after XD"),
        Record("The run", after.model_dump(mode="json")),
        Record("Its result", results[1].model_dump(mode="json", exclude={"scores"})),
        Command("Make it again", f"polydistill quickstart --seed {after.seed} --scale {scale}"),
    ]


_EXPLAINED = (
    "A small multilingual encoder was pre-trained on unlabelled text and translation pairs of the mini-world and tuned "
    "on labelled English sentence pairs: does the premise entail the hypothesis, contradict it, or neither? Then it "
    "was tested in languages of which it never saw a label (zero-shot).\n\n"
    "Cross-lingual distillation (XD) made a copy of it, froze it as the teacher, and trained the model to say of a "
    "translation what the teacher says of the English original. No label of any language was used. The sentences of "
    "the test and their combinations of nouns and verbs occur in no training set."
)


def _numbers(scores: Mapping[str, Mapping[str, float]]) -> list[Number]:
    others = [code for code in scores["before XD"] if code != "en"]
    means = {name: 100 * float(np.mean([by[code] for code in others])) for name, by in scores.items()}
    english = {name: 100 * by["en"] for name, by in scores.items()}
    names = ", ".join(map(called, others))
    return [
        Number(f"{means['after XD']:.1f} %", f"right in {names} after XD, in the mean", "without a label of theirs"),
        Number(f"{means['before XD']:.1f} %", "right in the same languages before XD", "guessing gives 33.3 %"),
        Number(f"{english['after XD']:.1f} %", "right in English after XD", f"{english['before XD']:.1f} % before"),
    ]


def _rows(run: Run) -> dict[str, Dataset]:
    """The first test rows, as many as the picture shows."""
    judging = run.evaluation
    assert judging is not None, "the systems of the paper are evaluated"
    corpus = load_rows(judging.data, NLI.shape, judging.languages)
    return {code: rows.select(range(MEANINGS)) for code, rows in corpus.rows.items()}


def _look(store: Store, run: Run, rows: Mapping[str, Dataset]) -> _Seen:
    loaded: Loaded = load_classifier(store.folder(run) / MODEL, "nli")
    student = Polyglot(loaded.network).eval()
    device = next(student.parameters()).device
    predicted, vectors = {}, {}
    for code, dataset in rows.items():
        text = encode(loaded.tokenizer, dataset, NLI.shape, 64)
        predicted[code] = row_logits(student, text, code).argmax(-1)
        vectors[code] = compute_signals(
            lambda inputs, code=code: student(inputs, code, first=True).first_BD,  # type: ignore[misc]
            text,
            64,
            device,
        )
    return _Seen(predicted, vectors)


def _terms(store: Store, *runs: Run) -> dict[str, list[tuple[int, float]]]:
    """Every logged term of the runs, by `name of the run: name of the term`."""
    terms: dict[str, list[tuple[int, float]]] = {}
    for run in runs:
        for line in json.loads((store.folder(run) / LOG).read_text(encoding="utf-8")):
            for name in ("mlm", "task", "xd"):
                if name in line:
                    terms.setdefault(f"{run.name}: {name}", []).append((line["step"], line[name]))
    return terms


def _samples(rows: Mapping[str, Dataset], before: _Seen, after: _Seen) -> list[Sample]:
    labels = NLI.shape.labels
    return [
        Sample(
            gold=labels[next(iter(rows.values()))[row][LABEL]],
            texts={code: tuple(dataset[row][name] for name in NLI.shape.texts) for code, dataset in rows.items()},
            before={code: labels[before.predicted[code][row]] for code in rows},
            after={code: labels[after.predicted[code][row]] for code in rows},
        )
        for row in range(SAMPLES)
    ]
