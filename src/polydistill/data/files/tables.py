"""Building the Arrow table of one language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from polydistill.data.files.growing import GrowingTable
from polydistill.data.rows.shapes import LABEL, RowShape

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

Answers = Mapping[str, Sequence[str] | Sequence[int]]
Cell = str | int | Sequence[str] | Sequence[int] | Answers
_ROWS_PER_CHUNK = 8192  # ours: Python objects of at most this many rows are alive at a time


class TableBuilder:
    """Collects rows into Arrow chunks, so that a large file costs no more memory than its text."""

    def __init__(self, shape: RowShape, labelled: bool) -> None:
        self._schema = _schema(shape, labelled)
        self._columns: list[list[Cell]] = [[] for _ in self._schema]
        self._table = GrowingTable(self._schema)
        self._rows = 0
        self._needed = [(shape.texts.index(name), name) for name in shape.needed]
        self._missing = {"", *shape.missing}
        self.skipped: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._rows

    def add(self, values: Sequence[Cell]) -> None:
        """Add one row: the texts in the shape's order, then the label where there is one."""
        for column, value in zip(self._columns, values, strict=True):
            column.append(value)
        self._rows += 1
        if len(self._columns[0]) >= _ROWS_PER_CHUNK:
            self._flush()

    def lacks(self, texts: Sequence[str]) -> str | None:
        """Why a row with these texts has to be left out, such as "no review_body"; None where it has what it needs."""
        return next((f"no {name}" for at, name in self._needed if texts[at].strip() in self._missing), None)

    def dataset(self) -> Dataset:
        """All rows; to be asked for once, at the end."""
        self._flush()
        return self._table.dataset()

    def _flush(self) -> None:
        if self._columns[0]:
            import pyarrow as pa

            arrays = [pa.array(c, type=f.type) for c, f in zip(self._columns, self._schema, strict=True)]
            self._table.add(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
            for column in self._columns:
                column.clear()


def _schema(shape: RowShape, labelled: bool) -> pa.Schema:
    """The columns of a shape, and what they hold."""
    import pyarrow as pa

    fields = [(name, pa.list_(pa.string()) if name in shape.lists else pa.string()) for name in shape.texts]
    if labelled:
        answers = pa.struct([("text", pa.list_(pa.string())), ("answer_start", pa.list_(pa.int64()))])
        fields.append((LABEL, answers if shape.spans else pa.list_(pa.int64()) if shape.tagged else pa.int64()))
    return pa.schema(fields)
