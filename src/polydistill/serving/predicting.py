"""What a reader says of rows, in their order, while no more than a window of them is in memory."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from polydistill.serving.precision import TRIED, Precision, tried
from polydistill.serving.reader import Reader
from polydistill.tasks import AnyTask, task_of
from polydistill.tasks.task import Answer, Record

if TYPE_CHECKING:
    from datasets import Dataset

WINDOW = 2048  # ours: enough for rows of nearly one length to meet in a batch

Row = TypeVar("Row")


def answered(
    reader: Reader,
    rows: Iterable[Row],
    task: AnyTask,
    language: str | None = None,
    window: int = WINDOW,
    precision: Precision = "fp32",
) -> Iterator[tuple[Row, Answer]]:
    """Every row with what is said of it. The rows of a window are batched by length, and given back in order.

    In bf16 they are read where that pays, which the first rows say.
    """
    asked, coming, within = task_of(task), iter(rows), None

    def read(some: Sequence[Row]) -> list[Answer]:
        text, table = encoded(reader, [asked.row(row) for row in some], task)
        return asked.answers(reader.student, text, table, language, reader.device)

    while some := list(itertools.islice(coming, window)):
        if within is None:
            first = some[:TRIED]
            within = tried(precision, partial(read, first), len(first), reader.device)
        with within():
            answers = read(some)
        yield from zip(some, answers, strict=True)


def encoded(reader: Reader, records: Sequence[Record], task: AnyTask) -> tuple[Any, "Dataset"]:
    """Rows as the reader's model reads them, and as a table."""
    columns = {name: [record[name] for record in records] for name in task_of(task).shape.texts}
    table = cast("Dataset", columns)  # to be encoded takes columns by name; making a real table takes milliseconds
    return task_of(task).encode(reader.tokenizer, table, reader.max_length), table
