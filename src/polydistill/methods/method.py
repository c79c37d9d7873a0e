"""What every method is, and what it needs to be trained."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from polydistill.data.batches.batches import Batch, Group, Transform
from polydistill.data.batches.stream_steps import TextGroup
from polydistill.models.loaded import Loaded
from polydistill.models.sentence import SentenceHead
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
class Models:
    """What a run has loaded for its method. `signals` is where teacher signals may be stored.

    `source` reads the language that has labels, where the student that is judged reads another.
    """

    student: Loaded
    teacher: Loaded | None = None
    signals: Path | None = None
    source: Loaded | None = None
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
    learning: Mapping[str, Loaded] = field(default_factory=dict)
    """Who learns, by the text of the groups that each reads; empty: the one student, which reads them all."""
    around: AbstractContextManager[Any] = field(default_factory=nullcontext)
    """Entered before the trainer is made, left when it is done and holds the weights that are kept."""
    sentence: SentenceHead | None = None
    """Kept beside the student: what makes a text's vector of its tokens' vectors, where it learned that."""
    told: Sequence[str] = ()
    """What is to be known before the training begins, a line each."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What is to be known of the rows, as plain data by name: kept as a file each beside the result."""
