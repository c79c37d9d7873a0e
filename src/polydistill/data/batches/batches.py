"""From rows to the tensors of a step."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from polydistill.data.batches.encoding import ByRow, Encoded, Ints, Ragged, Repeated
from polydistill.data.batches.padding import filled, inside_of, padded_batches, padded_texts
from polydistill.data.batches.schedule import Schedule
from polydistill.data.batches.token_ids import Ids

Batch = dict[str, Any]
Transform = Callable[[Batch, np.random.Generator], Batch]
Values = NDArray[Any] | Ragged | Repeated | ByRow


@dataclass(frozen=True)
class Group:
    """Rows that may share a batch: texts and, by row or token, values such as labels or stored teacher signals."""

    language: str | None
    texts: Mapping[str, Encoded]
    values: Mapping[str, Values] = field(default_factory=dict)
    share: float | None = None
    """Of all steps, the share that takes it; none: it is drawn like the others."""

    @property
    def lengths(self) -> Ints:
        """What rows are sorted by: the number of tokens of all their texts."""
        total: Ints = np.sum([text.lengths for text in self.texts.values()], axis=0, dtype=np.int64)
        return total


def pad_texts(
    texts: Sequence[Mapping[str, Ids]], pad: Mapping[str, int], choices: int | None = None
) -> dict[str, Tensor]:
    """Texts as padded tensors with their attention mask: [texts, longest text], or [rows, choices, longest text]."""
    return {name: torch.from_numpy(column) for name, column in padded_texts(texts, pad, choices).items()}


def length_batches(text: Encoded, batch_size: int, device: torch.device) -> Iterator[tuple[Ints, dict[str, Tensor]]]:
    """Every text once, in batches of similar lengths: the rows of a batch, and their padded tensors on `device`."""
    for rows, columns in padded_batches(text, batch_size):
        yield rows, {name: torch.from_numpy(column).to(device) for name, column in columns.items()}


def collate(parts: Sequence[tuple[Group, Ints]]) -> Batch:
    """One batch from rows of one or several groups; `language` is given where all rows share it."""
    first = parts[0][0]
    if any(
        group.values.keys() != first.values.keys() or group.texts.keys() != first.texts.keys() for group, _ in parts
    ):
        raise ValueError(
            "The groups of this run learn from unlike things (translations, and text alone), which one batch cannot "
            "hold. Set training.batching.batches to 'homogeneous'."
        )
    batch: Batch = {
        name: pad_texts(
            [text for group, rows in parts for text in group.texts[name].take(rows)], encoded.pad, encoded.choices
        )
        for name, encoded in first.texts.items()
    }
    for name in first.values:
        batch[name] = _values([(group.values[name], rows) for group, rows in parts])
    languages = {group.language for group, _ in parts}
    batch["language"] = languages.pop() if len(languages) == 1 else None
    return batch


def _values(parts: Sequence[tuple[Values, Ints]]) -> Tensor:
    """One value a row, or padded values of its tokens."""
    arrays = [values[rows] for values, rows in parts if not isinstance(values, Ragged)]
    if arrays:
        return torch.from_numpy(np.concatenate(arrays))
    ragged = [(values, row) for values, rows in parts if isinstance(values, Ragged) for row in values.take(rows)]
    taken = [row for _, row in ragged]
    return torch.from_numpy(filled(taken, inside_of(taken), ragged[0][0].fill))


class MicroBatches(Dataset[Batch], ABC):
    """Item k is the batch of micro-step k. `transform` may change it at random, seeded by k and the process."""

    def __init__(self, seed: int, rank: int, transform: Transform | None) -> None:
        self.seed, self.rank, self.transform = seed, rank, transform

    @abstractmethod
    def __len__(self) -> int:
        """The number of micro-steps."""

    @abstractmethod
    def batch(self, step: int) -> Batch:
        """The rows of a micro-step, before the transform."""

    def __getitem__(self, step: int) -> Batch:
        if not 0 <= step < len(self):
            raise IndexError(step)
        batch = self.batch(step)
        return batch if self.transform is None else self.transform(batch, self._rng(step))

    def _rng(self, step: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, 2, step, self.rank])

    def loader(self, workers: int = 0) -> "DataLoader[Batch]":
        """A loader that gives the steps in order, and that the Trainer can fast-forward without making batches."""
        return DataLoader(self, batch_size=1, shuffle=False, collate_fn=_only, num_workers=workers)

    def state_dict(self) -> dict[str, Any]:
        """What makes it quick to go on from here, as JSON can hold it; no batch depends on it. Empty: nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what an earlier process has found."""
        assert not state, "nothing is kept where nothing is read"


class Steps(MicroBatches):
    """Micro-batches of rows that are in memory.

    What a transform draws is drawn for the rows of all processes, of which each takes its own: several processes see
    what one with the whole batch sees.
    """

    def __init__(self, schedule: Schedule, groups: Sequence[Group], transform: Transform | None = None) -> None:
        super().__init__(schedule.seed, 0, transform)
        self.schedule, self.groups = schedule, groups
        self._drawn = schedule if transform is None or schedule.processes == 1 else schedule.of_all()

    def __len__(self) -> int:
        return len(self.schedule)

    def __getitem__(self, step: int) -> Batch:
        batch = super().__getitem__(step)
        if self._drawn is self.schedule:
            return batch
        return _every(batch, slice(self.schedule.rank, None, self.schedule.processes))

    def batch(self, step: int) -> Batch:
        """The rows that the schedule has for a micro-step."""
        return collate([(self.groups[group], rows) for group, rows in self._drawn[step]])


def _every(batch: Batch, rows: slice) -> Batch:
    """Some rows of a batch."""
    return {
        name: _every(value, rows) if isinstance(value, dict) else value[rows] if isinstance(value, Tensor) else value
        for name, value in batch.items()
    }


def _only(items: list[Batch]) -> Batch:
    return items[0]
