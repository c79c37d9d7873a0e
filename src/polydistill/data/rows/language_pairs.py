"""Rows in a pair of languages: the first text of a row in one language, the other texts of the same row in another.

Any source will do whose rows say the same in both languages, row by row; label and number are those of either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from polydistill.data.rows.shapes import LABEL, Corpus, RowShape
from polydistill.errors import DataError
from polydistill.languages import parts_of

if TYPE_CHECKING:
    from datasets import Dataset

Counts = Mapping[str, Mapping[str, int]]

_IN_ORDER = "Put the rows of both languages into the same order, or ask for single languages."
_SAY_SO = "If row i is the same in both languages, say aligned=true; or ask for single languages."


def in_pairs(corpus: Corpus, codes: Sequence[str], name: str, claimed: bool | None) -> Corpus:
    """The rows of `corpus` by the codes asked for: of a language as they are, of a pair put together.

    `name` is the source's, for errors; `claimed` what it says of alignment (None: equal labels decide).
    """
    rows = {}
    for code in codes:
        parts = parts_of(code)
        if len(parts) == 2:
            _check_shape(corpus.shape, code)
            sides = {part: corpus.rows[part] for part in parts}
            _check_same_rows(sides, corpus.shape, name, claimed)
            rows[code] = _together(sides, corpus.shape)
        else:
            rows[code] = corpus.rows[code]
    skipped, corrected = (_of_first(counts, codes) for counts in (corpus.skipped, corpus.corrected))
    return Corpus(corpus.shape, rows, corpus.aligned, skipped, corrected)


def _of_first(counts: Counts, codes: Sequence[str]) -> Counts:
    """What a pair counts: a row that is left out or put right is so in both languages, so either's counts will do."""
    return {code: counts[first] for code in codes if (first := parts_of(code)[0]) in counts}


def _check_shape(shape: RowShape, code: str) -> None:
    if len(shape.texts) < 2:
        raise ValueError(
            f"{code!r} asks for texts in two languages, but rows with the column {shape.texts[0]!r} have one text. "
            f"Name single languages: {', '.join(parts_of(code))}."
        )
    if shape.spans:
        raise ValueError(
            f"{code!r} asks for questions in one language about contexts in another, whose answers only files that "
            f"have both can give (MLQA's). Name such a file, and the context's language: {parts_of(code)[1]}."
        )


def _check_same_rows(sides: Mapping[str, Dataset], shape: RowShape, name: str, claimed: bool | None) -> None:
    """Refuse two languages whose rows are not the same, or of which nothing says that they are."""
    found, way_out = _difference(sides, shape, claimed)
    if found:
        expected = f"rows that say the same in {' and '.join(sides)}, one by one"
        raise DataError(name, None, found, expected, way_out)


def _difference(sides: Mapping[str, Dataset], shape: RowShape, claimed: bool | None) -> tuple[str, str]:
    """What speaks against the two being the same rows, and what to do about it; empty where nothing does."""
    if claimed is False:
        return "aligned=false", _SAY_SO
    if len({len(rows) for rows in sides.values()}) > 1:
        return "row counts " + ", ".join(f"{len(rows)} ({code})" for code, rows in sides.items()), _IN_ORDER
    labelled = {code: np.asarray(rows[LABEL][:]) for code, rows in sides.items() if LABEL in rows.column_names}
    if len(labelled) < 2:
        return ("", "") if claimed else ("no labels in both languages that would show it", _SAY_SO)
    first, second = labelled.values()
    unlike = np.flatnonzero(first != second)
    if not len(unlike):
        return "", ""
    said = ", ".join(f"{_spelled(labels[unlike[0]], shape)} ({code})" for code, labels in labelled.items())
    return f"row {unlike[0] + 1} with the labels {said}", _IN_ORDER


def _spelled(label: np.int64, shape: RowShape) -> str:
    return shape.labels[label] if shape.labels else str(label)


def _together(sides: Mapping[str, Dataset], shape: RowShape) -> Dataset:
    """The first text of the first language, the others of the second, and the label where either has it."""
    first, second = (rows.with_format("arrow")[:] for rows in sides.values())
    columns = {name: (first if place == 0 else second).column(name) for place, name in enumerate(shape.texts)}
    for table in (second, first):
        if LABEL in table.column_names:
            columns[LABEL] = table.column(LABEL)
    # given here because `datasets` would find it by pickling the whole table
    digest = hashlib.sha256("-".join(rows._fingerprint for rows in sides.values()).encode())
    import pyarrow as pa
    from datasets import Dataset

    return Dataset(pa.table(columns), fingerprint=digest.hexdigest()[:16])
