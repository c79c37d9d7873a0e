"""What a task is: the rows it reads, how a model reads them, the head that answers, what is learned, and the score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from polydistill.data.batches.encoding import Encoded, Floats, Ragged
from polydistill.data.rows.shapes import LABEL, RowShape
from polydistill.results import Score

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from polydistill.data.batches.batches import Group
    from polydistill.tasks.reading import Student

Metric = Literal["accuracy", "f1", "spearman"]
Values = NDArray[Any]
Record = Mapping[str, Any]

E = TypeVar("E", bound=Encoded)
Said = TypeVar("Said")


@dataclass(frozen=True)
class Prediction:
    """The label a model gives a row, and the probability of every label."""

    label: str
    probabilities: dict[str, float]

    @property
    def said(self) -> str:
        """The label, as JSON has it."""
        return self.label

    @property
    def line(self) -> str:
        """For a terminal."""
        return f"{self.label}  ({', '.join(f'{label} {share:.3f}' for label, share in self.probabilities.items())})"


@dataclass(frozen=True)
class TaggedWords:
    """The tag a model gives each word of a row, and the probability of that tag."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    probabilities: tuple[float, ...]

    @property
    def said(self) -> list[str]:
        """The tags, as JSON has them."""
        return list(self.tags)

    @property
    def line(self) -> str:
        """For a terminal, a word a line."""
        return "\n".join(f"{word}\t{tag}" for word, tag in zip(self.words, self.tags, strict=True))


@dataclass(frozen=True)
class FoundAnswer:
    """The part of a context that answers a question, where it starts, and the probabilities of the best answers."""

    text: str
    start: int
    probabilities: dict[str, float]

    @property
    def said(self) -> str:
        """The answer, as JSON has it."""
        return self.text

    @property
    def line(self) -> str:
        """For a terminal."""
        return f"{self.text}  ({self.probabilities.get(self.text, 0.0):.3f}, character {self.start})"


@dataclass(frozen=True)
class HeldLabels:
    """The labels that a model says hold of a row, and the probability of every label."""

    labels: tuple[str, ...]
    probabilities: dict[str, float]

    @property
    def said(self) -> list[str]:
        """The labels, as JSON has them."""
        return list(self.labels)

    @property
    def line(self) -> str:
        """For a terminal."""
        shares = ", ".join(f"{label} {share:.3f}" for label, share in self.probabilities.items())
        return f"{', '.join(self.labels) or 'none'}  ({shares})"


@dataclass(frozen=True)
class SaidNumber:
    """The number that a model gives a row."""

    value: float

    @property
    def said(self) -> float:
        """The number, as JSON has it."""
        return self.value

    @property
    def line(self) -> str:
        """For a terminal."""
        return f"{self.value:.4f}"

    @property
    def probabilities(self) -> None:
        """A number has none."""
        return


Answer = Prediction | TaggedWords | FoundAnswer | HeldLabels | SaidNumber


@dataclass(frozen=True)
class Task(ABC, Generic[E, Said]):
    """One task. `E` is its rows as a model reads them, `Said` what is right of them or what a student says of them."""

    name: str
    """Its name, or the kind of a task of one's own."""
    shape: RowShape
    metric: Metric
    example: str
    """A row as people write it, as JSON."""
    beside: tuple[str, ...] = field(default=(), kw_only=True)
    """The names of further scores, which select nothing."""
    head_class: ClassVar[str]
    """The name of the Auto class of `transformers` whose models do this task."""

    @property
    def head(self) -> Any:
        """That class. A name stands above, so that what only prints answers need not load the library."""
        return getattr(import_module("transformers"), self.head_class)

    @abstractmethod
    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Dataset, max_length: int) -> E:
        """The rows as a model reads them."""

    @abstractmethod
    def labels(self, text: E, rows: Dataset) -> Values | Ragged:
        """What is learned of the rows: a label a row, or labels of tokens."""

    @abstractmethod
    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The mean loss over all that has a label."""

    @abstractmethod
    def count(self, labels: Tensor) -> int:
        """Over how many the loss of a batch is a mean."""

    @abstractmethod
    def gold(self, rows: Dataset) -> Said:
        """What is right, by row."""

    @abstractmethod
    def say(self, student: Student, text: E, language: str | None, device: torch.device | None) -> Said:
        """What a student says, by row."""

    @abstractmethod
    def score(self, language: str, said: Said, gold: Said, split: str = "test", data_fingerprint: str = "") -> Score:
        """How much of what was said is right."""

    def scores(
        self, language: str, said: Said, gold: Said, split: str = "test", data_fingerprint: str = ""
    ) -> tuple[Score, ...]:
        """That score, and those named in `beside`."""
        return (self.score(language, said, gold, split, data_fingerprint),)

    @abstractmethod
    def answers(
        self, student: Student, text: E, rows: Dataset, language: str | None, device: torch.device | None
    ) -> list[Answer]:
        """What a student says of each row, with probabilities, for people to read."""

    @abstractmethod
    def written(self, row: Record) -> dict[str, Any]:
        """A labelled row of a corpus as people write it, with labels by name."""

    def right(self, row: Record) -> Any:
        """What is right of a labelled row of a corpus, as `Answer.said` has it."""
        return self.written(row)[LABEL]

    def row(self, given: object) -> Record:
        """The text columns of a row as people give it: a mapping, the texts in order, or the only text."""
        columns = self.shape.texts
        if isinstance(given, str) and len(columns) == 1 and not self.shape.lists:
            given = [given]
        if isinstance(given, Sequence) and not isinstance(given, str) and len(given) == len(columns):
            given = dict(zip(columns, given, strict=True))
        given = self.named(given)
        if wrong := self.wrong_with(given):
            raise ValueError(f"Cannot read the row {given!r}: {wrong}; expected texts for {', '.join(columns)}.")
        assert isinstance(given, Mapping)
        return {name: self._value(given, name) for name in columns}

    def named(self, given: object) -> object:
        """A row with its texts under this task's names, where it has them under others that are usual."""
        return given

    def wrong_with(self, given: object) -> str:
        """What keeps a row from being read; empty where nothing does."""
        given = self.named(given)
        missing = [
            name
            for name in self.shape.texts
            if not isinstance(given, Mapping) or not _is_text(self._value(given, name), name in self.shape.lists)
        ]
        return f"no text under {' and '.join(missing)}" if missing else ""

    def _value(self, given: Mapping[str, Any], name: str) -> Any:
        """What a row has under a name; an empty text where there is nothing and nothing is needed."""
        optional = bool(self.shape.needed) and name not in self.shape.needed
        return "" if optional and given.get(name) is None else given.get(name)

    def group(self, tokenizer: PreTrainedTokenizerBase, rows: Dataset, language: str, max_length: int) -> Group:
        """Labelled rows to learn from."""
        from polydistill.data.batches.batches import Group

        text = self.encode(tokenizer, rows, max_length)
        return Group(language, {"text": text}, {"labels": self.labels(text, rows)})


def _is_text(value: object, several: bool) -> bool:
    if several:
        return isinstance(value, list | tuple) and bool(value) and all(isinstance(one, str) for one in value)
    return isinstance(value, str)


def row_labels(rows: Dataset) -> Values:
    """The label of each row, the share of each label, or a number, as the rows have it."""
    found = np.asarray(rows[LABEL][:])  # at once: a row of a table alone takes 0.1 ms
    return found.astype(np.float32 if found.dtype.kind == "f" else np.int64)


def shares(logits: Floats) -> NDArray[np.float64]:
    """Probabilities from logits, over the last axis."""
    powers = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))
