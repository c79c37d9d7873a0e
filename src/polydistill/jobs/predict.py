"""Asking models, from Python; the command predict reads and writes lines beside that."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polydistill.jobs.options import Readable, TaskLike

if TYPE_CHECKING:
    from polydistill.models.loaded import Loaded
    from polydistill.serving.reader import Reader
    from polydistill.tasks.task import Answer


def load(model: str | Path, task: TaskLike = "nli") -> "Loaded":
    """A model of a task (a model's or a run's folder, or a hub name) and its tokenizer, on the fastest device here."""
    from polydistill.jobs.making import task_named
    from polydistill.serving.reader import load_tuned

    return load_tuned(model, task_named(task))


def reader(model: str | Path, task: TaskLike = "nli") -> "Reader":
    """What reads rows again and again: a model as `load` names it, or the ONNX folder of an export."""
    from polydistill.jobs.making import task_named
    from polydistill.serving.reader import open_reader

    return open_reader(model, task_named(task))


def predict(
    model: Readable,
    rows: Iterable[Sequence[Any] | Mapping[str, Any]],
    lang: str | None = None,
    task: TaskLike | None = None,
    window: int | None = None,
) -> "Iterator[Answer]":
    """What a model says of each row, in order, as rows come in: texts in the task's order, or a mapping of them.

    nli: (premise, hypothesis). ner: words, or a text with spaces between the words; the answers are `TaggedWords`.
    choice: (premise, question, choices). stars: (body, title, category), or a body alone. paraphrase: two sentences.
    qa: (question, context); the answers are `FoundAnswer`s. `lang` matters only to models with language embeddings
    (XLM). No more than `window` rows are read ahead, to be batched by length.
    """
    from polydistill.jobs.asked import Asked, task_of_model
    from polydistill.serving.predicting import WINDOW, answered
    from polydistill.serving.reader import open_reader

    known = task_of_model(Asked(task), model, None, ())
    for _, answer in answered(open_reader(model, known), rows, known, lang, WINDOW if window is None else window):
        yield answer
