"""How a method is trained, and on what a model is scored: the settings of a run."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from polydistill.bounds import Batch, Count, Length, Rate, Share, Some, Weight
from polydistill.data.batches.schedule import Batching
from polydistill.data.rows.shapes import SENTENCE, RowShape
from polydistill.data.rows.sources import Source
from polydistill.errors import unknown
from polydistill.models.lora_config import Lora
from polydistill.results import LanguageCode
from polydistill.specs import Spec
from polydistill.tasks import AnyTask, Task, task_of
from polydistill.tasks.answer_scores import Normaliser
from polydistill.tasks.qa import normalising
from polydistill.tasks.task import Metric

_LARGEST_STEP = 10_000_000  # ours: rows; more would fill the memory before the first of them is read


class Training(Spec):
    """How a method is trained. Steps are optimiser steps."""

    steps: Count
    batch_size: Batch = 8
    """Rows of one micro-batch of one process."""
    accumulation: Batch = 1
    learning_rate: Rate = 5e-6
    weight_decay: Weight = 0.0
    warmup: Share = 0.0
    """Share of the steps in which the learning rate rises."""
    decay: Literal["constant", "linear", "cosine"] = "constant"
    clip: Weight = 1.0
    """Largest norm of the gradient; 0 = no limit."""
    batching: Batching = Batching()
    evaluate_every: Count | None = None
    """Steps between evaluations for selection; none = the last step's weights are the result."""
    patience: Count | None = None
    """Stop after this many evaluations in a row without a new best."""
    checkpoint_every: Count = 500
    average: Some | None = Field(default=None, exclude_if=lambda average: average is None)
    """The result is the mean of the weights of so many last checkpoints; none: those of the last step, or the best."""
    precision: Literal["fp32", "bf16"] = "fp32"
    lora: Lora | None = Field(default=None, exclude_if=lambda lora: lora is None)
    """Only small matrices beside the student's layers learn, and what is new of it; none: the student learns whole."""
    dropout: Literal["batch", "row"] | None = Field(default=None, exclude_if=lambda dropout: dropout is None)
    """Drawn for a batch at once, as PyTorch does, or for each row of a step: then several processes learn what one with
    the whole batch learns. None: by row where several processes share the processors of a machine, else by batch."""

    @model_validator(mode="after")
    def _a_step_can_be_held(self) -> Training:
        if self.batch_size * self.accumulation > _LARGEST_STEP:
            raise ValueError(
                f"batch_size={self.batch_size} times accumulation={self.accumulation} are "
                f"{self.batch_size * self.accumulation:,} rows a step; expected at most {_LARGEST_STEP:,}."
            )
        return self

    @model_validator(mode="after")
    def _one_thing_chooses_the_weights(self) -> Training:
        if self.average is not None and self.evaluate_every is not None:
            raise ValueError(
                f"average={self.average} takes the mean of the last checkpoints, and dev rows the best one. Leave one "
                "of them out."
            )
        return self

    @model_validator(mode="after")
    def _patience_needs_evaluation(self) -> Training:
        if self.patience is not None and self.evaluate_every is None:
            raise ValueError(f"patience={self.patience} counts evaluations, but evaluate_every is not set. Set it.")
        return self


_TASK: TypeAdapter[AnyTask] = TypeAdapter(AnyTask)
Measure = Literal[Metric, "agreement", "perplexity", "retrieval", "similarity"]
_OF_SENTENCES = ("perplexity", "retrieval")


class Judging(Spec):
    """Rows on which a task is scored, by language."""

    task: AnyTask = "nli"
    languages: tuple[LanguageCode, ...]
    data: Source
    max_length: Length = 256
    normaliser: Normaliser = Field(default="squad", exclude_if=lambda normaliser: normaliser == "squad")
    """What is left out before answers are compared (qa): as SQuAD does in every language, or MLQA by language."""
    measure: Measure = "accuracy"
    """The task's own (which it is where nothing is said) reads labels. `agreement` reads none: it is the share of rows
    on which the student says of the translation what the teacher says of the original. `perplexity` is how surprised a
    masked language model is by hidden words of plain text, and `retrieval` how often a sentence's nearest in another
    language is its translation (no task is read). `similarity` is of the task of a pair with a number: how a pair's
    number goes with the cosine of its two vectors."""

    @model_validator(mode="before")
    @classmethod
    def _the_tasks_measure(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "measure" in data:
            return data
        try:
            task = _TASK.validate_python(data.get("task", "nli"))
        except ValidationError:
            return data  # the field itself says what is wrong
        return {**data, "measure": task_of(task).metric}

    @model_validator(mode="after")
    def _the_task_has_the_measure(self) -> Judging:
        task = task_of(self.task)
        agrees = () if task.shape.parts else ("agreement",)
        alike = ("similarity",) if task.shape.problem == "number" and len(task.shape.texts) > 1 else ()
        known = (task.metric, *agrees, *_OF_SENTENCES, *alike)
        if self.measure not in known:
            raise unknown(f"measure of the task {self.task!r}", self.measure, known)
        return self

    @model_validator(mode="after")
    def _answers_are_normalised(self) -> Judging:
        if self.normaliser != "squad" and not task_of(self.task).shape.spans:
            raise ValueError(
                f"normaliser={self.normaliser!r} is of answers (task qa), not of {self.task!r}. Leave it out."
            )
        return self

    @property
    def asked(self) -> Task[Any, Any]:
        """The task, with its scores as they are asked for."""
        return normalising(task_of(self.task), self.normaliser)

    @property
    def shape(self) -> RowShape:
        """What rows are read."""
        return SENTENCE if self.measure in _OF_SENTENCES else task_of(self.task).shape
