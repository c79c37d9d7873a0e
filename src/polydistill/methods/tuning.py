"""Tuning on labels: Baseline (English only), IndT (one language), MLT (all languages at once), and their variants.

    task = mean over rows of -log softmax(student(text))[label]        (XD paper, Sec. 2.1 and 2.2)

For tagging the mean is over words; for questions the logits are those of the choices. Rows may have soft labels p, such
as a large language model's: then task = mean of -sum over labels of p log softmax(student(text)), both sides softened
where a temperature is set.

The languages make the system: ("en",) is the Baseline, ("fr",) is IndT for French, all of them MLT, all but German
"MLT no-de", ("en", "fr") "MLT en + l2".
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from torch import Tensor

from polydistill.bounds import Length, Temperature
from polydistill.data.batches.batches import Batch
from polydistill.data.rows.labelled import carried_labels, check_soft, labelled_rows
from polydistill.data.rows.sources import Source, format_source
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.spec import FreezingSpec
from polydistill.models.polyglot import Polyglot
from polydistill.objectives.logits import Scaling, from_shares
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode
from polydistill.tasks import NLI, Task


class TuneSpec(FreezingSpec):
    """Tune a model on the labels of some languages."""

    kind: Literal["tune"] = "tune"
    languages: tuple[LanguageCode, ...]
    data: Source
    labels_from: LanguageCode | None = None
    """Translate-train: rows of all languages have the labels of this one, whose translations they are."""
    temperature: Temperature = 1.0
    """Of soft labels: above 1 all labels become more alike, in the rows and in what the student says."""
    scaling: Scaling = "cross_entropy"
    """Of soft labels: their cross-entropy, or `hinton`: T^2 x KL."""
    max_length: Length = 256  # "truncating sentences to be up to 256 words per example" (XD, Sec. 3.1)

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        first = () if self.labels_from is None else (self.labels_from,)
        return ((self.data, tuple(dict.fromkeys((*first, *self.languages)))),)

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """Languages whose task labels are read."""
        return self.languages if self.labels_from is None else (self.labels_from,)

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group a language."""
        del seed
        task = self.task_learned
        found = (
            labelled_rows(self.data, task.shape, self.languages)
            if self.labels_from is None
            else carried_labels(self.data, task.shape, self.languages, self.labels_from)
        )
        groups = [
            task.group(models.student.tokenizer, rows, language, self.max_length) for language, rows in found.items()
        ]
        softly = None
        if (self.temperature, self.scaling) != (1.0, "cross_entropy"):
            softly = partial(from_shares, temperature=self.temperature, scaling=self.scaling)
            for group in groups:
                check_soft(group.values["labels"], task, f"{group.language!r} of {format_source(self.data)}")
        self.freeze(models.student.network)
        return Prepared(Tuning(Polyglot(models.student.network), task, softly), groups)


class Tuning(Method):
    """Learn a task from labels."""

    def __init__(
        self, student: Polyglot, task: Task[Any, Any] = NLI, loss: Callable[[Tensor, Tensor], Tensor] | None = None
    ) -> None:
        super().__init__()
        self.student, self.task, self.loss = student, task, loss or task.loss

    def forward(self, text: Mapping[str, Tensor], labels: Tensor, language: str | None = None, **_: Any) -> Loss:
        """One term, `task`: the cross-entropy of the labels."""
        return Loss({"task": Term(self.loss(self.student(text, language).logits_BC, labels))})

    def counts(self, batch: Batch) -> dict[str, int]:
        """Rows, or words."""
        return {"task": self.task.count(batch["labels"])}
