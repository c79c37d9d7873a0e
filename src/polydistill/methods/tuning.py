"""Tuning on labels: Baseline (English only), IndT (one language), MLT (all languages at once), and their variants.

    task = mean over rows of -log softmax(student(text))[label]        (XD paper, Sec. 2.1 and 2.2)

The languages make the system: ("en",) is the Baseline, ("fr",) is IndT for French, all of them MLT, all but German
"MLT no-de", ("en", "fr") "MLT en + l2".
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from torch import Tensor

from polydistill.data.batches import Batch, Group
from polydistill.data.encoding import encode
from polydistill.data.load import load_rows
from polydistill.data.rows import LABEL
from polydistill.data.sources import Source, format_source
from polydistill.methods.method import Method, Models, Prepared
from polydistill.objectives.classes import cross_entropy
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode
from polydistill.specs import Spec
from polydistill.students.layers import freeze_bottom
from polydistill.students.polyglot import Polyglot
from polydistill.tasks.classification import TASKS, TaskName


class Tune(Spec):
    """Tune a classifier on the labels of some languages."""

    kind: Literal["tune"] = "tune"
    task: TaskName = "nli"
    languages: tuple[LanguageCode, ...]
    data: Source
    max_length: int = 256  # "truncating sentences to be up to 256 words per example" (XD, Sec. 3.1)
    freeze_embeddings: bool = False
    freeze_blocks: int = 0
    """Number of lowest blocks that do not learn."""

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        return ((self.data, self.languages),)

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """Languages whose task labels are read."""
        return self.languages


class Tuning(Method):
    """Learn a task from labels."""

    def __init__(self, student: Polyglot) -> None:
        super().__init__()
        self.student = student

    def forward(self, text: Mapping[str, Tensor], labels: Tensor, language: str | None = None, **_: Any) -> Loss:
        """One term, `task`: the cross-entropy of the labels."""
        return Loss({"task": Term(cross_entropy(self.student(text, language).logits_BC, labels))})

    def counts(self, batch: Batch) -> dict[str, int]:
        """Rows."""
        return {"task": len(batch["labels"])}


def prepare(spec: Tune, models: Models, seed: int) -> Prepared:
    """One group a language."""
    del seed
    shape = TASKS[spec.task].shape
    corpus = load_rows(spec.data, shape, spec.languages)
    groups = []
    for language, rows in corpus.rows.items():
        if LABEL not in rows.column_names:
            raise ValueError(f"Tuning needs labels; the {language!r} rows of {format_source(spec.data)} have none.")
        text = encode(models.student.tokenizer, rows, shape, spec.max_length)
        groups.append(Group(language, {"text": text}, {"labels": np.asarray(rows[LABEL], dtype=np.int64)}))
    freeze_bottom(models.student.network, spec.freeze_embeddings, spec.freeze_blocks)
    return Prepared(Tuning(Polyglot(models.student.network)), groups)
