"""Tuning on labels: Baseline (English only), IndT (one language), MLT (all languages at once), and their variants.

    task = mean over rows of -log softmax(student(text))[label]        (XD paper, Sec. 2.1 and 2.2)

For tagging the mean is over words; for questions the logits are those of the choices.

The languages make the system: ("en",) is the Baseline, ("fr",) is IndT for French, all of them MLT, all but German
"MLT no-de", ("en", "fr") "MLT en + l2".
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import PositiveInt
from torch import Tensor

from polydistill.data.batches.batches import Batch
from polydistill.data.rows.labelled import labelled_rows
from polydistill.data.rows.sources import Source
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.spec import FreezingSpec
from polydistill.models.polyglot import Polyglot
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode
from polydistill.tasks import NLI, Task


class TuneSpec(FreezingSpec):
    """Tune a model on the labels of some languages."""

    kind: Literal["tune"] = "tune"
    languages: tuple[LanguageCode, ...]
    data: Source
    max_length: PositiveInt = 256  # "truncating sentences to be up to 256 words per example" (XD, Sec. 3.1)

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        return ((self.data, self.languages),)

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """Languages whose task labels are read."""
        return self.languages

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group a language."""
        del seed
        task = self.task_learned
        groups = [
            task.group(models.student.tokenizer, rows, language, self.max_length)
            for language, rows in labelled_rows(self.data, task.shape, self.languages).items()
        ]
        self.freeze(models.student.network)
        return Prepared(Tuning(Polyglot(models.student.network), task), groups)


class Tuning(Method):
    """Learn a task from labels."""

    def __init__(self, student: Polyglot, task: Task[Any, Any] = NLI) -> None:
        super().__init__()
        self.student, self.task = student, task

    def forward(self, text: Mapping[str, Tensor], labels: Tensor, language: str | None = None, **_: Any) -> Loss:
        """One term, `task`: the cross-entropy of the labels."""
        return Loss({"task": Term(self.task.loss(self.student(text, language).logits_BC, labels))})

    def counts(self, batch: Batch) -> dict[str, int]:
        """Rows, or words."""
        return {"task": self.task.count(batch["labels"])}
