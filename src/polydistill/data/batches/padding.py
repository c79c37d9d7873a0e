"""Rows of texts as padded arrays, with no library but NumPy, so that any runtime can read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polydistill.data.batches.encoding import Encoded, Ints
from polydistill.data.batches.token_ids import Ids

if TYPE_CHECKING:
    import torch

Padded = dict[str, Ints]
ON_CPU, ELSEWHERE = 16, 64
"""Ours: rows that are read together. On a CPU small batches of nearly equal lengths read more rows a second; a fixed
number keeps what is said the same to the last digit from run to run."""


def read_together(device: torch.device | None) -> int:
    """How many rows are read together where nothing is learned; None: not by PyTorch, so on a CPU."""
    return ON_CPU if device is None or device.type == "cpu" else ELSEWHERE


def padded_texts(texts: Sequence[Mapping[str, Ids]], pad: Mapping[str, int], choices: int | None = None) -> Padded:
    """Texts with their attention mask: [texts, longest text], or [rows, choices, longest text]."""
    inside = inside_of([text["input_ids"] for text in texts])
    columns = {name: filled([text[name] for text in texts], inside, pad[name]) for name in texts[0]}
    columns["attention_mask"] = inside.astype(np.int64)
    if choices is None:
        return columns
    return {name: column.reshape(-1, choices, column.shape[-1]) for name, column in columns.items()}


def padded_batches(text: Encoded, batch_size: int) -> Iterator[tuple[Ints, Padded]]:
    """Every text once, in batches of similar lengths: the rows of a batch, and their padded arrays."""
    order = np.argsort(text.lengths, kind="stable")
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        yield rows, padded_texts(text.take(rows), text.pad, text.choices)


def inside_of(rows: Sequence[NDArray[Any]]) -> NDArray[np.bool_]:
    """Where padded rows hold something: [rows, longest row]."""
    lengths = np.array([len(row) for row in rows])
    return np.asarray(np.arange(lengths.max())[None, :] < lengths[:, None])


def filled(rows: Sequence[NDArray[Any]], inside: NDArray[np.bool_], fill: int) -> NDArray[Any]:
    """The rows, one below the other, with `fill` where they hold nothing: integers, or numbers as they are."""
    kind = rows[0].dtype if rows[0].dtype.kind == "f" else np.int64
    column = np.full((*inside.shape, *rows[0].shape[1:]), fill, dtype=kind)
    column[inside] = np.concatenate(rows)
    return column
