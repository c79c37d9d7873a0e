"""Building the Arrow table of one language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from polydistill.data.files.growing import GrowingTable
from polydistill.data.rows.shapes import LABEL, RowShape

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

Answers = Mapping[str, Sequence[str] | Sequence[int]]
Cell = str | int | float | Sequence[str] | Sequence[int] | Sequence[float] | Answers
_ROWS_PER_CHUNK = 8192  # ours: Python objects of at most this many rows are alive at a time


class TableBuilder:
    """Collects rows into Arrow chunks, so that a large file costs no more memory than its text."""

    def __init__(self, shape: RowShape, labelled: bool) -> None:
        self._shape, self._labelled = shape, labelled
        self._columns: list[list[Cell]] = [[] for _ in range(len(shape.texts) + labelled)]
        self._soft = shape.problem == "several"
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
        if self._labelled and not (self._shape.tagged or self._shape.spans or self._shape.written):
            self._columns[-1][-1] = self._label(values[-1])
        self._rows += 1
        if len(self._columns[0]) >= _ROWS_PER_CHUNK:
            self._flush()

    def _label(self, label: Cell) -> Cell:
        """The label as the first row had it: as a share for each label, or as one label."""
        if not self._rows:
            self._soft = isinstance(label, list)
        if self._soft and isinstance(label, int):
            return [float(at == label) for at in range(len(self._shape.labels))]
        if not self._soft and isinstance(label, list):
            raise ValueError(
                f"Row {self._rows + 1} has a share for each label, but the first has one label. Give the first row "
                "shares too, such as {'yes': 1.0, 'no': 0.0}."
            )
        return label

    @cached_property
    def _schema(self) -> pa.Schema:
        """Known once the first row is."""
        return _schema(self._shape, self._labelled, self._soft)

    @cached_property
    def _table(self) -> GrowingTable:
        return GrowingTable(self._schema)

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


def _schema(shape: RowShape, labelled: bool, soft: bool) -> pa.Schema:
    """The columns of a shape, and what they hold."""
    import pyarrow as pa

    fields = [(name, pa.list_(pa.string()) if name in shape.lists else pa.string()) for name in shape.texts]
    if labelled:
        answers = pa.struct([("text", pa.list_(pa.string())), ("answer_start", pa.list_(pa.int64()))])
        one = pa.float64() if soft or shape.problem == "number" else pa.int64()
        several = shape.tagged or soft
        kind = pa.list_(pa.string()) if shape.written else pa.list_(one) if several else one
        fields.append((LABEL, answers if shape.spans else kind))
    return pa.schema(fields)
