"""What a person does with the toolkit, each as one function; the command line calls these and nothing else."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from polydistill.data.batches.streams import TextStream, open_texts
from polydistill.data.rows.given import Rows, as_source
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import Corpus
from polydistill.data.rows.sources import WorldSource
from polydistill.exports.card import has_card, tell_speed
from polydistill.exports.exporting import Exported
from polydistill.exports.push import Push, push
from polydistill.inspection.inspection import Inspected
from polydistill.jobs.align import align
from polydistill.jobs.corpora import read_corpora as corpora
from polydistill.jobs.distill import distill
from polydistill.jobs.exports import export
from polydistill.jobs.inspection import inspect
from polydistill.jobs.kld import kld
from polydistill.jobs.multikd import multikd
from polydistill.jobs.retrieval import retrieve
from polydistill.jobs.run import Done, run
from polydistill.jobs.trimming import Trimmed, trim
from polydistill.jobs.tune import tune
from polydistill.jobs.xd import xd
from polydistill.models.loaded import Loaded
from polydistill.papers.catalogue import figure, figures, plan, recipe, table, tables
from polydistill.papers.plan import Plan
from polydistill.papers.quickstart import Quickstart, quickstart
from polydistill.papers.table import Table
from polydistill.reports.figures import Figure
from polydistill.reports.stored import report
from polydistill.results import Score
from polydistill.serving.bench import Bench, Settings
from polydistill.serving.bench import bench as measure
from polydistill.serving.bench_worker import Clock
from polydistill.serving.predicting import WINDOW, answered
from polydistill.serving.reader import Reader, load_tuned, open_reader
from polydistill.tasks import AnyTask, task_of
from polydistill.tasks.answer_scores import Normaliser
from polydistill.tasks.task import Answer, FoundAnswer, Prediction, TaggedWords
from polydistill.training.edit import changed, read_run
from polydistill.training.judging import judge
from polydistill.training.run import Run
from polydistill.training.settings import Judging

__all__ = [
    "Bench",
    "Done",
    "Exported",
    "Figure",
    "FoundAnswer",
    "Inspected",
    "Plan",
    "Prediction",
    "Push",
    "Quickstart",
    "Reader",
    "Run",
    "Table",
    "TaggedWords",
    "Trimmed",
    "align",
    "as_source",
    "bench",
    "changed",
    "corpora",
    "distill",
    "evaluate",
    "export",
    "figure",
    "figures",
    "inspect",
    "kld",
    "load",
    "multikd",
    "plan",
    "predict",
    "push",
    "quickstart",
    "read_run",
    "reader",
    "recipe",
    "report",
    "retrieve",
    "run",
    "table",
    "tables",
    "texts",
    "trim",
    "tune",
    "world_rows",
    "xd",
]


def load(model: str | Path, task: AnyTask = "nli") -> Loaded:
    """A model of a task (a model's or a run's folder, or a hub name) and its tokenizer, on the fastest device here."""
    return load_tuned(model, task)


def reader(model: str | Path, task: AnyTask = "nli") -> Reader:
    """What reads rows again and again: a model as `load` names it, or the ONNX folder of an export."""
    return open_reader(model, task)


def evaluate(
    model: str | Path | Loaded | Reader,
    data: Rows,
    languages: Sequence[str],
    task: AnyTask = "nli",
    normaliser: Normaliser = "squad",
) -> tuple[Score, ...]:
    """The score of a model on labelled rows, by language: accuracy (and MAE of stars), F1 (and exact matches of qa)."""
    reading = open_reader(model, task)
    source = as_source(data)
    length = reading.max_length
    judging = Judging(task=task, languages=tuple(languages), data=source, max_length=length, normaliser=normaliser)
    split = getattr(source, "split", "test")
    return judge(judging, reading.tokenizer).scores(reading.student, split)


def predict(
    model: str | Path | Loaded | Reader,
    rows: Iterable[Sequence[Any] | Mapping[str, Any]],
    language: str | None = None,
    task: AnyTask = "nli",
    window: int = WINDOW,
) -> Iterator[Answer]:
    """What a model says of each row, in order, as rows come in: texts in the task's order, or a mapping of them.

    nli: (premise, hypothesis). ner: words, or a text with spaces between the words; the answers are `TaggedWords`.
    choice: (premise, question, choices). stars: (body, title, category), or a body alone. paraphrase: two sentences.
    qa: (question, context); the answers are `FoundAnswer`s. `language` matters only to models with language embeddings
    (XLM). No more than `window` rows are read ahead, to be batched by length.
    """
    for _, answer in answered(open_reader(model, task), rows, task, language, window):
        yield answer


def bench(
    *models: str | Path,
    text: str | Path | None = None,
    task: AnyTask = "nli",
    rows: int = 256,
    batch_size: int = 32,
    turns: int = 5,
    threads: int | None = None,
    language: str | None = None,
    clock: Clock = "wall",
    cards: bool = False,
) -> Bench:
    """Models side by side, each in a process of its own: rows a second, latency, memory, size; see `serving.bench`.

    With `cards` the cards of exported folders among them come to say how fast their models are.
    """
    folders = [Path(model).expanduser() for model in models]
    if cards and not any(map(has_card, folders)):  # before the minutes that measuring takes
        raise ValueError("None of the models has a card that says how fast it is: export one, or leave cards out.")
    given = {"task": task, "rows": rows, "batch_size": batch_size, "turns": turns, "language": language, "clock": clock}
    settings = Settings.model_validate(given if threads is None else {**given, "threads": threads})
    done = measure(models, settings, None if text is None else Path(text))
    for folder, model in zip(folders, done.models, strict=True):
        if cards and has_card(folder):
            tell_speed(folder, done.speed(model))
    return done


def world_rows(
    languages: Sequence[str],
    rows: int = 8,
    *,
    task: AnyTask = "nli",
    split: str = "train",
    seed: int = 0,
    difficulty: str = "mini",
) -> Corpus:
    """Rows of the mini-world that say the same in every language."""
    source = WorldSource.model_validate({"rows": rows, "split": split, "seed": seed, "difficulty": difficulty})
    return load_rows(source, task_of(task).shape, languages)


def texts(source: Rows, language: str, rows: int = 5, *, seed: int = 0, buffer: int = 10_000) -> list[str]:
    """The first texts of a corpus, in the order in which a model would read them; no more of it is read than needed."""
    if rows < 1:
        raise ValueError(f"rows is {rows}; expected at least 1.")
    stream = TextStream(source=as_source(source), buffer=buffer)
    return list(itertools.islice(open_texts(stream, language, seed).start(), rows))
