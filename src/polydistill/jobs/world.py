"""Rows of the mini-world, and the first texts of any corpus, from Python."""

import itertools
from typing import TYPE_CHECKING

from polydistill.jobs.options import Languages, Rows, TaskLike

if TYPE_CHECKING:
    from polydistill.data.rows.shapes import Corpus


def world_rows(
    langs: Languages,
    rows: int = 8,
    *,
    task: TaskLike = "nli",
    split: str = "train",
    seed: int = 0,
    difficulty: str = "mini",
) -> "Corpus":
    """Rows of the mini-world that say the same in every language."""
    from polydistill.data.rows.load import load_rows
    from polydistill.data.rows.sources import WorldSource
    from polydistill.jobs.making import several, task_named
    from polydistill.tasks import task_of

    source = WorldSource.model_validate({"rows": rows, "split": split, "seed": seed, "difficulty": difficulty})
    return load_rows(source, task_of(task_named(task)).shape, several(langs))


def texts(source: Rows, lang: str, rows: int = 5, *, seed: int = 0, buffer: int = 10_000) -> list[str]:
    """The first texts of a corpus, in the order in which a model would read them; no more of it is read than needed."""
    from polydistill.data.batches.streams import TextStream, open_texts
    from polydistill.data.rows.given import as_source

    if rows < 1:
        raise ValueError(f"rows is {rows}; expected at least 1.")
    stream = TextStream(source=as_source(source), buffer=buffer)
    return list(itertools.islice(open_texts(stream, lang, seed).start(), rows))
