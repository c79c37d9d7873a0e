"""What a reader says of rows, in their order, while no more than a window of them is in memory."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from polydistill.serving.reader import Reader
from polydistill.tasks import AnyTask, task_of
from polydistill.tasks.task import Answer, Record

if TYPE_CHECKING:
    from datasets import Dataset

WINDOW = 2048  # ours: enough for rows of nearly one length to meet in a batch

Row = TypeVar("Row")


def answered(
    reader: Reader, rows: Iterable[Row], task: AnyTask, language: str | None = None, window: int = WINDOW
) -> Iterator[tuple[Row, Answer]]:
    """Every row with what is said of it. The rows of a window are batched by length, and given back in order."""
    if window < 1:
        raise ValueError(f"window is {window}; expected at least 1 row to be read at a time.")
    asked, coming = task_of(task), iter(rows)
    while some := list(itertools.islice(coming, window)):
        text, table = encoded(reader, [asked.row(row) for row in some], task)
        yield from zip(some, asked.answers(reader.student, text, table, language, reader.device), strict=True)


def encoded(reader: Reader, records: Sequence[Record], task: AnyTask) -> tuple[Any, "Dataset"]:
    """Rows as the reader's model reads them, and as a table."""
    columns = {name: [record[name] for record in records] for name in task_of(task).shape.texts}
    table = cast("Dataset", columns)  # to be encoded takes columns by name; making a real table takes milliseconds
    return task_of(task).encode(reader.tokenizer, table, reader.max_length), table
