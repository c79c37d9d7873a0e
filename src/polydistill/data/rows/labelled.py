"""Rows to learn a task from: all that a source has, or a few of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from datasets import Dataset

from polydistill.data.rows.layouts import label_column
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import LABEL, RowShape
from polydistill.data.rows.sources import Source, WorldSource, format_source


def labelled_rows(
    source: Source, shape: RowShape, languages: Sequence[str], few: int | None = None, seed: int = 0
) -> dict[str, Dataset]:
    """The rows of a source by language, refused where they have no labels; of each language all, or `few`.

    The few are the first of an order that the seed draws, whatever their labels: 10 rows are among 100 of one seed.
    """
    found = {}
    for language, rows in load_rows(source, shape, languages).rows.items():
        if LABEL not in rows.column_names:
            raise ValueError(
                f"Tuning needs labels; the {language!r} rows of {format_source(source)} have none{_where(shape)}."
            )
        found[language] = rows if few is None else _first(rows, few, seed, f"{language!r} of {format_source(source)}")
    return found


def carried_labels(source: Source, shape: RowShape, languages: Sequence[str], first: str) -> dict[str, Dataset]:
    """The rows of each language with the labels of one, whose translations they are: row i says the same in all."""
    if shape.parts:
        raise ValueError(
            f"Labels are carried from a row to its translation; this task {shape.parts}, which translations do not "
            "share. Leave labels_from out (xd aligns the words of a tagger)."
        )
    aligned = source if isinstance(source, WorldSource) else source.model_copy(update={"aligned": True})
    rows = load_rows(aligned, shape, tuple(dict.fromkeys((first, *languages)))).rows
    if LABEL not in rows[first].column_names:
        raise ValueError(f"The {first!r} rows of {format_source(source)} have no labels to carry{_where(shape)}.")
    labels, texts = rows[first][LABEL], list(shape.texts)
    return {code: rows[code].select_columns(texts).add_column(LABEL, labels) for code in languages}


def check_soft(labels: Any, task: Any, where: str) -> None:
    """Refuse labels that are not a share for each of a row's labels."""
    if task.shape.parts or task.shape.problem != "single" or np.asarray(labels).ndim < 2:
        raise ValueError(
            f"A temperature and a scaling are for rows with a share for each label, one of which is right; those of "
            f"{where} have none. Add columns p_LABEL or an object `labels`, or leave both out."
        )


def _where(shape: RowShape) -> str:
    """The column that should hold them, for rows with a label each."""
    if shape.parts or not shape.labels:
        return ""
    return f": no column {label_column(shape)!r}. Add it, or say which column holds them (columns=...,label:NAME)"


def _first(rows: Dataset, few: int, seed: int, where: str) -> Dataset:
    if few > len(rows):
        raise ValueError(
            f"{few} labelled rows are asked for, but there are {len(rows)} in {where}. Ask for at most {len(rows)}."
        )
    return rows.select(np.random.default_rng([seed, 5]).permutation(len(rows))[:few])
