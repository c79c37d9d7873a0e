"""What every method is, and what it needs to be trained."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polydistill.data.batches import Batch, Group, Transform
from polydistill.data.stream_steps import TextGroup
from polydistill.outputs import Loss


class Method(nn.Module, ABC):
    """Owns a student (and perhaps a teacher) and turns a batch into named terms.

    `counts(batch)` says, before any work is done, how many items each term is a mean over. With it the trainer weighs
    micro-batches and processes so that together they have the gradient of one batch.
    """

    student: nn.Module

    forward: Callable[..., Loss]
    """The terms of one batch: takes what `collate` made of the method's groups, by name."""

    @abstractmethod
    def counts(self, batch: Batch) -> dict[str, int]:
        """Number of items of the batch that each term averages over."""


@dataclass(frozen=True)
class Loaded:
    """A network and the tokenizer it reads with."""

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase


@dataclass(frozen=True)
class Models:
    """What a run has loaded for its method. `signals` is where teacher signals may be stored."""

    student: Loaded
    teacher: Loaded | None = None
    signals: Path | None = None
    teachers: Mapping[str, Callable[[], Loaded]] = field(default_factory=dict)
    """By language, teachers that are loaded when they are asked for: where each reads its texts once, one at a time."""


@dataclass(frozen=True)
class Prepared:
    """A method with the rows it learns from: groups that are in memory, or streams that are read as they are needed."""

    method: Method
    groups: Sequence[Group] = ()
    transform: Transform | None = None
    streams: Sequence[TextGroup] = ()
    students: Mapping[str, Loaded] = field(default_factory=dict)
    """The students by name, where a method makes its own; where not, what the run began with is its one student."""
