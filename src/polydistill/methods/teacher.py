"""A teacher whose words are a target: it reads every text once and what it says is kept, or it reads along."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

from torch import Tensor, nn

from polydistill.data.batches.batches import Values
from polydistill.data.batches.encoding import Encoded
from polydistill.data.batches.padding import read_together
from polydistill.data.batches.signals import StoredSignals, stored_signals
from polydistill.defaults import Pooling
from polydistill.models.frozen import Frozen
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import On, Polyglot
from polydistill.models.sentence import Reading, SentenceEncoder, SentenceHead

SIGNAL = "signal"


class Ask(Protocol):
    """Reads texts with the frozen network, and takes from it what the student is to say: one row a text."""

    def __call__(self, teacher: Frozen, text: Mapping[str, Tensor], language: str | None) -> Tensor:
        """Ask."""


class Teacher(Frozen):
    """A frozen network, and what is asked of it.

    `beside` is called for the texts of a group, `says` for a batch; between them they agree on where the target comes
    from: from the column `signal` where a folder of signals is given, else from the network, which then reads the text
    `reads` of the batch.
    """

    def __init__(
        self, network: nn.Module, ask: Ask, wanted: str, signals: Path | None = None, reads: str = "taught"
    ) -> None:
        super().__init__(network)
        self._ask, self._wanted, self._signals, self._reads = ask, wanted, signals, reads

    def beside(self, text: Encoded, language: str | None = None) -> tuple[dict[str, Encoded], dict[str, Values]]:
        """What stands beside the student's text in a group: a text for the teacher, or what it says of it."""
        if self._signals is None:
            return {self._reads: text}, {}
        return {}, {SIGNAL: self.stored(text, self._signals, language)}

    def stored(self, text: Encoded, signals: Path, language: str | None = None) -> StoredSignals:
        """What it says of each text, from the folder of signals; read when it is asked for, if it is not there."""
        network: nn.Module = self.network.network if isinstance(self.network, Polyglot) else self.network
        device = next(network.parameters()).device
        wanted = self._wanted if language is None else f"{self._wanted} {language}"
        read = partial(self._ask, self, language=language)
        return stored_signals(signals, network, text, wanted, read, read_together(device), device)

    def says_of(self, batch: Mapping[str, Any], language: str | None = None) -> Tensor:
        """What it says of its text of a batch."""
        return self._ask(self, batch[self._reads], language)

    @property
    def reading(self) -> "Teacher | None":
        """Itself, where it reads along in training; where what it says is stored it is needed no longer."""
        return self if self._signals is None else None


def says(teacher: Teacher | None, batch: Mapping[str, Any], language: str | None = None) -> Tensor:
    """What the teacher says of a batch: what is stored beside it, or what it says when it reads it now."""
    if SIGNAL in batch:
        return batch[SIGNAL]  # type: ignore[no-any-return]
    assert teacher is not None, "without stored signals the teacher is needed"
    return teacher.says_of(batch, language)


def answering(
    network: Any, on: On, always: str | None = None, signals: Path | None = None, reads: str = "taught"
) -> Teacher:
    """A teacher that is asked for logits, or for the first token's vector, of texts of one language or of each its own.

    Families with language embeddings hear the language too.
    """

    def ask(teacher: Frozen, text: Mapping[str, Tensor], language: str | None) -> Tensor:
        return teacher(text, always or language, first=on == "first").picked(on)  # type: ignore[no-any-return]

    return Teacher(Polyglot(network), ask, on if always is None else f"{on} {always}", signals, reads)


def vector_teacher(loaded: Loaded, signals: Path, pooling: Pooling | None = None) -> tuple[Teacher, SentenceHead, str]:
    """A teacher whose vectors are stored in `signals`, how they are made, and that in words."""
    head, told = vector_head(loaded, pooling)

    def ask(teacher: Frozen, text: Mapping[str, Tensor], language: str | None) -> Tensor:
        del language
        return cast(Tensor, teacher(text))

    encoder = SentenceEncoder(loaded.network, head)
    encoder.to(loaded.network.device)
    return Teacher(encoder, ask, f"sentence {head.described}", signals), head, told


def vector_head(teacher: Loaded, pooling: Pooling | None) -> tuple[SentenceHead, str]:
    """How the teacher's vectors are made, and that in words."""
    own = teacher.sentence
    if own is None:
        head = SentenceHead(Reading(pooling=(pooling or "mean",)))
        why = "as asked" if pooling else "as its folder does not say (no modules.json); --teacher-pooling"
        return head, f"teacher: {head.described}, {why}"
    if pooling is not None:
        raise ValueError(
            f"The teacher's folder says how its vectors are made ({own.described}), so teacher_pooling "
            f"{pooling!r} would teach others. Leave it out."
        )
    return own, f"teacher: {own.described}, as its folder says"
