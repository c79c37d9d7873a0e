"""Tasks with one label a row. Accuracy is the share of rows whose largest logit is the gold label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from polydistill.data.batches.encoding import Encoded, Floats, Ints, encode
from polydistill.data.rows.shapes import LABEL, PAIR_OF_SENTENCES, PARAPHRASES, RowShape
from polydistill.results import Score, score_of
from polydistill.tasks.reading import row_logits
from polydistill.tasks.spec import TaskSpec
from polydistill.tasks.task import Answer, Prediction, Record, Task, row_labels, shares

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from polydistill.tasks.reading import Student


class Classification(Task[Encoded, Ints]):
    """A task whose rows are one or two texts with one of a few labels."""

    head_class: ClassVar[str] = "AutoModelForSequenceClassification"

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Dataset, max_length: int) -> Encoded:
        """One text or a pair of texts a row."""
        return encode(tokenizer, rows, self.shape, max_length)

    def labels(self, text: Encoded, rows: Dataset) -> Ints:
        """One label a row."""
        del text
        return row_labels(rows)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy, mean over rows."""
        from polydistill.objectives.classes import cross_entropy

        return cross_entropy(logits, labels)

    def count(self, labels: Tensor) -> int:
        """Rows."""
        return len(labels)

    def gold(self, rows: Dataset) -> Ints:
        """The label of each row."""
        return row_labels(rows)

    def say(self, student: Student, text: Encoded, language: str | None, device: torch.device | None) -> Ints:
        """The label with the largest logit."""
        return np.asarray(row_logits(student, text, language, device=device).argmax(-1))

    def score(self, language: str, said: Ints, gold: Ints, split: str = "test", data_fingerprint: str = "") -> Score:
        """Accuracy, with right and wrong by row."""
        return score_of(language, said == gold, split, data_fingerprint)

    def answers(
        self, student: Student, text: Encoded, rows: Dataset, language: str | None, device: torch.device | None
    ) -> list[Answer]:
        """Label and probabilities of each row."""
        del rows
        logits = row_logits(student, text, language, device=device)
        return predictions(logits, self.shape.labels)

    def written(self, row: Record) -> dict[str, Any]:
        """Texts, and the label's name."""
        return {**{name: row[name] for name in self.shape.texts}, LABEL: self.shape.labels[row[LABEL]]}


NLI = Classification("nli", PAIR_OF_SENTENCES, "accuracy", '{"premise": "...", "hypothesis": "..."}')
PARAPHRASE = Classification("paraphrase", PARAPHRASES, "accuracy", '{"sentence1": "...", "sentence2": "..."}')

_TEXTS = {"text": ("text",), "pair": ("text", "text_pair")}


def classification(spec: TaskSpec) -> Classification:
    """A task of one's own on one text or two."""
    shape = RowShape(_TEXTS[spec.kind], spec.labels, spellings=spec.spellings)
    return Classification(spec.kind, shape, "accuracy", json.dumps(dict.fromkeys(shape.texts, "...")))


def predictions(logits: Floats, labels: Sequence[str]) -> list[Answer]:
    """Of each row the label with the largest logit, and every label's probability."""
    said = logits.argmax(-1)
    return [
        Prediction(labels[int(one)], dict(zip(labels, row.tolist(), strict=True)))
        for one, row in zip(said, shares(logits), strict=True)
    ]


def accuracy(predicted: Sequence[int] | NDArray[Any], gold: Sequence[int] | NDArray[Any]) -> float:
    """Share of rows predicted right."""
    return float(np.mean(np.asarray(predicted) == np.asarray(gold)))
