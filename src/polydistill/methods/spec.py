"""A method's spec is its whole face: who asks what a method is asks its spec, and nobody asks for its class.

A method of your own is a subclass of `MethodSpec` in your own file; `docs/own_method.md` shows one.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, get_args

from pydantic import Field
from transformers import PreTrainedModel

from polydistill.bounds import NoneOrSome, NoneOrWidth
from polydistill.data.rows.shapes import SENTENCE, RowShape
from polydistill.data.rows.sources import Source
from polydistill.methods.method import Models, Prepared
from polydistill.methods.source import source_hash
from polydistill.methods.table import OURS
from polydistill.models.layers import freeze_bottom
from polydistill.models.loaded import Loaded
from polydistill.models.sentence import SentenceHead
from polydistill.specs import Spec
from polydistill.tasks import AnyTask, Task, task_of

Head = Literal["task", "words", "vectors"]
Teaching = Literal["nobody", "itself", "optional", "one", "one a language"]
SelectedBy = Literal["task", "agreement", "perplexity", "retrieval", "similarity"]
_BOTH = "`selection` and `evaluation`"
_NO_CLASSES = {
    "words": "A model that predicts hidden words has no classes to score: leave {0} unset, and tune it in a run that "
    "starts from this one.",
    "vectors": "An aligned encoder has no classes to score: leave {0} unset, and tune it in a run that starts from "
    "this one, or look at it with retrieval.",
}


class Given(Protocol):
    """What a run gives its method."""

    @property
    def start(self) -> Any:
        """What the student begins as."""

    @property
    def teacher(self) -> Any:
        """Who teaches, if one is named."""

    @property
    def source(self) -> Any:
        """Who reads the language that has labels, if another than the student does."""

    @property
    def teachers(self) -> Mapping[str, Any]:
        """Who teaches each language."""


class MethodSpec(Spec, ABC):
    """What a method is and how it is set, as plain data; the properties say what goes with it."""

    kind: str
    """Its name in `run.json` and of its runs' folders."""

    @property
    def head(self) -> Head:
        """What the student gives: a task's answers, the words that were hidden, or vectors (it has no head)."""
        return "task"

    @property
    def learns(self) -> AnyTask | None:
        """The task that the student answers, by its name or described; none where it answers none."""
        return None

    @property
    def task_learned(self) -> Task[Any, Any] | None:
        """That task itself."""
        return None if self.learns is None else task_of(self.learns)

    @property
    def new_head(self) -> bool:
        """Whether a student without such a head may begin with a new one, drawn at random."""
        return self.head == "task"

    @property
    def head_is_for(self) -> tuple[str, str]:
        """Why a trained head is needed, and further ways out, as the end of the error for a model that has none."""
        return "so it cannot teach masked language models", ""

    @property
    def teaching(self) -> Teaching:
        """Who teaches.

        nobody            no `teacher` may be named
        itself            what the student begins as, in a copy of its own, unless another `teacher` is named
        optional          a `teacher` may be named; where none is, the method knows what to do
        one               a `teacher` must be named
        one a language    `teachers` names one for each language
        """
        return "nobody"

    @property
    def teacher_is(self) -> str:
        """What kind of model the teacher must be, for the error where there is none."""
        return "a model that is good at what is to be learned"

    @property
    def taught_in(self) -> str | None:
        """The language that the teacher reads, where that is always one."""
        return None

    @property
    def teacher_has_head(self) -> bool:
        """Whether the teacher is loaded with the same head as the student, or without any."""
        return self.head != "vectors"

    @property
    def needs_source(self) -> bool:
        """Whether another student, the run's `source`, reads the language that has labels."""
        return False

    def vectors_of(self, teacher: Loaded) -> SentenceHead | None:
        """How the teacher's vectors of sentences are made, where it teaches these."""
        del teacher
        return None

    @property
    def scored(self) -> bool:
        """Whether its result has a score of its own."""
        return self.head == "task"

    @property
    def selected_by(self) -> tuple[SelectedBy, ...]:
        """What may choose the weights that are kept."""
        return ("task",) if self.scored else ()

    @property
    def hides(self) -> float:
        """The share of the words of held-out text that are hidden where perplexity selects."""
        return 0.15

    @property
    def leaves(self) -> tuple[str, ...]:
        """The names of its students, where it makes several of what it starts from."""
        return ()

    @property
    def depth_left(self) -> int | None:
        """The number of blocks of what it leaves, where that is another than that of what it starts from."""
        return None

    @property
    def shape(self) -> RowShape:
        """The columns of the rows that it reads."""
        return SENTENCE if self.task_learned is None else self.task_learned.shape

    @property
    @abstractmethod
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows that it learns from: sources, and the languages read from each."""

    @property
    def fresh_from(self) -> tuple[Source, tuple[str, ...]] | None:
        """The text that a fresh encoder's tokenizer is learned on; none where a fresh one cannot be begun with."""
        return None

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """The languages whose task labels it reads."""
        return ()

    @property
    def moves_all_embeddings(self) -> bool:
        """Whether embeddings of pieces that no text holds move too, as a vocabulary's head moves them."""
        return self.head == "words"

    @property
    def against_lora(self) -> str:
        """Why the student cannot learn through LoRA, as the beginning of an error; empty where it can."""
        return ""

    @property
    def code(self) -> str:
        """A hash of the code that decides what it does: its own, and what it uses."""
        return source_hash(type(self), *(value for _, value in self if callable(value)))

    @property
    def _where(self) -> str:
        return f"{type(self).__module__}:{type(self).__qualname__}"

    @abstractmethod
    def prepare(self, models: Models, seed: int) -> Prepared:
        """The method as a module, with the rows that it learns from."""

    def describe(self, given: Given, depth_of: Callable[[Any], int]) -> str:
        """One line for a person about what the settings alone do not show; `depth_of` gives a start's blocks."""
        del given, depth_of
        return ""

    def check(self, given: Given) -> None:
        """Refuse what the run gives and the method does not take, or needs and is not given."""
        teaching, kind = self.teaching, self.kind
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", kind):
            raise ValueError(f"kind is {kind!r}, but it names folders: give letters, digits, '-' and '_' alone.")
        if OURS.get(kind, self._where) != self._where:
            raise ValueError(f"{kind!r} is a method of ours: give {type(self).__name__} a kind of its own.")
        if given.teacher is None and teaching == "one":
            raise ValueError(f"The method {kind!r} needs a teacher: {self.teacher_is}. Set `teacher`.")
        if given.teacher is not None and teaching in ("nobody", "one a language"):
            raise ValueError(f"The method {kind!r} has no single teacher as it is set. Leave `teacher` unset.")
        if given.teachers and teaching != "one a language":
            raise ValueError(
                f"`teachers` are for methods that have one a language; {kind!r} is none of them. Leave it out."
            )
        if given.source is not None and not self.needs_source:
            raise ValueError(f"The method {kind!r} has no source student: leave `source` unset.")
        if given.source is None and self.needs_source:
            raise ValueError(f"The method {kind!r} needs a source student: set `source`.")

    def check_judged(self, selected: str | None, evaluated: bool) -> None:
        """Refuse a selection by a measure that the result does not have, or a score of it."""
        no_classes = _NO_CLASSES.get(self.head, "The result has no score: leave {0} unset.")
        if evaluated and not self.scored:
            raise ValueError(no_classes.format("`evaluation`" if self.selected_by else _BOTH))
        if selected is None:
            return
        if not self.selected_by:
            raise ValueError(no_classes.format(_BOTH))
        if selected == "agreement" and "agreement" not in self.selected_by:
            raise ValueError(
                "Agreement is with a teacher that reads the same rows in its own language; the method "
                f"{self.kind!r} has no such teacher. Select by labels."
            )
        if (selected if selected in get_args(SelectedBy) else "task") not in self.selected_by:
            raise ValueError(
                f"selection.measure is {selected!r}, but the method {self.kind!r} is selected by "
                f"{' or '.join('its task' if one == 'task' else repr(one) for one in self.selected_by)}."
            )


class TaskMethodSpec(MethodSpec):
    """A method whose student answers a task."""

    task: AnyTask = "nli"
    head_hidden: NoneOrWidth = Field(default=0, exclude_if=lambda width: width == 0)
    """The hidden layer of a new classifier on a student without attention; 0: none. Others have their family's own."""

    @property
    def learns(self) -> AnyTask:
        """The task that the student answers."""
        return self.task

    @property
    def task_learned(self) -> Task[Any, Any]:
        """That task itself."""
        return task_of(self.task)


class FreezingSpec(TaskMethodSpec):
    """... and whose lower parts may stay as they are."""

    freeze_embeddings: bool = False
    freeze_blocks: NoneOrSome = 0
    """Number of lowest blocks that do not learn."""

    def freeze(self, network: PreTrainedModel) -> None:
        """Keep those parts of the student as they are."""
        freeze_bottom(network, self.freeze_embeddings, self.freeze_blocks)
