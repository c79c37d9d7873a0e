"""The jobs world and text: rows of the mini-world, and the first texts of any corpus."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict

from polydistill.bounds import Held, Seed
from polydistill.jobs.job import Argument, Help, job
from polydistill.jobs.options import KnownTask, Languages, Rows

if TYPE_CHECKING:
    from datasets import Dataset

    from polydistill.data.rows.sources import WorldSource
    from polydistill.tasks import AnyTask


@dataclass(frozen=True)
class WorldRows:
    """Rows of the mini-world by language; row i says the same in all of them."""

    source: "WorldSource"
    task: "AnyTask"
    records: Mapping[str, list[dict[str, Any]]]

    @cached_property
    def rows(self) -> "Mapping[str, Dataset]":
        """The same as tables."""
        from polydistill.data.rows.load import load_rows
        from polydistill.tasks import task_of

        return load_rows(self.source, task_of(self.task).shape, list(self.records)).rows

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by language."""
        return {language: len(rows) for language, rows in self.records.items()}

    def in_turn(self) -> list[dict[str, Any]]:
        """All rows as files have them, with their language: the first in each language, then the second, ..."""
        from polydistill.tasks import task_of

        task = task_of(self.task)
        some = zip(*self.records.values(), strict=True)
        return [
            {"language": code, **task.written(row)}
            for same in some
            for code, row in zip(self.records, same, strict=True)
        ]


class Printed(TypedDict, total=False):
    """How the command shows rows."""

    json: Annotated[bool, Help("Print JSON lines, which --train, --data and predict read.", default=False)]


@job("This machine", "polydistill world --langs en,tr --task nli --rows 8", command="world", showing=Printed)
def world_rows(
    langs: Annotated[Languages, Help("Languages, such as en,tr.")] = "en,tr",
    rows: Annotated[Held, Help("How many.")] = 8,
    *,
    task: KnownTask = "nli",
    split: Annotated[Literal["train", "dev", "test"], Help("Which part of the world.")] = "train",
    seed: Annotated[Seed, Help("Decides the world.")] = 0,
    difficulty: Annotated[str, Help("How rich its sentences are.")] = "mini",
) -> WorldRows:
    """Print rows of the embedded mini-world, which say the same in every language."""
    from polydistill.data.rows.load import load_records
    from polydistill.data.rows.sources import WorldSource
    from polydistill.jobs.written import task_named
    from polydistill.languages import several
    from polydistill.tasks import task_of

    source = WorldSource.model_validate({"rows": rows, "split": split, "seed": seed, "difficulty": difficulty})
    known = task_named(task)
    return WorldRows(source, known, load_records(source, task_of(known).shape, several(langs)))


@job("Look", "polydistill text 'file:corpus/*.txt.gz' --lang tr --rows 5", command="text")
def texts(
    source: Annotated[Rows, Argument("Such as file:FOLDER, 'file:corpus/*.txt.xz', hub:NAME@COMMIT, world:.")],
    lang: Annotated[str, Help("The language of the text.")] = "en",
    rows: Annotated[Held, Help("How many.")] = 5,
    *,
    seed: Annotated[Seed, Help("Decides the order.")] = 0,
    buffer: Annotated[Held, Help("Texts that are shuffled together; 1 = as they stand.")] = 10_000,
) -> list[str]:
    """Print the first texts of a corpus, as a model that learns from it would read them."""
    from polydistill.data.batches.streams import TextStream, open_texts
    from polydistill.data.rows.given import as_source

    stream = TextStream(source=as_source(source), buffer=buffer)
    return list(itertools.islice(open_texts(stream, lang, seed).start(), rows))
