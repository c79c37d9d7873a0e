"""Tasks with one label a row. Accuracy is the share of rows whose largest logit is the gold label."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerBase

from polydistill.data.batches.encoding import Encoded, Ints, encode
from polydistill.data.batches.signals import Floats, compute_signals
from polydistill.data.rows.shapes import LABEL, PAIR_OF_SENTENCES, PARAPHRASES
from polydistill.objectives.classes import cross_entropy
from polydistill.results import Score, score_of
from polydistill.tasks.task import Answer, Prediction, Record, Task, row_labels, shares


class Classification(Task[Encoded, Ints]):
    """A task whose rows are one or two texts with one of a few labels."""

    head: ClassVar[Any] = AutoModelForSequenceClassification

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Dataset, max_length: int) -> Encoded:
        """One text or a pair of texts a row."""
        return encode(tokenizer, rows, self.shape, max_length)

    def labels(self, text: Encoded, rows: Dataset) -> Ints:
        """One label a row."""
        del text
        return row_labels(rows)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy, mean over rows."""
        return cross_entropy(logits, labels)

    def count(self, labels: Tensor) -> int:
        """Rows."""
        return len(labels)

    def gold(self, rows: Dataset) -> Ints:
        """The label of each row."""
        return row_labels(rows)

    def say(self, student: nn.Module, text: Encoded, language: str | None, device: torch.device) -> Ints:
        """The label with the largest logit."""
        return np.asarray(predict_logits(student, text, language, device=device).argmax(-1))

    def score(self, language: str, said: Ints, gold: Ints, split: str = "test", data_fingerprint: str = "") -> Score:
        """Accuracy, with right and wrong by row."""
        return score_of(language, said == gold, split, data_fingerprint)

    def answers(
        self, student: nn.Module, text: Encoded, rows: Dataset, language: str | None, device: torch.device
    ) -> list[Answer]:
        """Label and probabilities of each row."""
        del rows
        logits = predict_logits(student, text, language, device=device)
        return predictions(logits, self.shape.labels)

    def written(self, row: Record) -> dict[str, Any]:
        """Texts, and the label's name."""
        return {**{name: row[name] for name in self.shape.texts}, LABEL: self.shape.labels[row[LABEL]]}


NLI = Classification("nli", PAIR_OF_SENTENCES, "accuracy", '{"premise": "...", "hypothesis": "..."}')
PARAPHRASE = Classification("paraphrase", PARAPHRASES, "accuracy", '{"sentence1": "...", "sentence2": "..."}')


def predictions(logits: Floats, labels: Sequence[str]) -> list[Answer]:
    """Of each row the label with the largest logit, and every label's probability."""
    said = logits.argmax(-1)
    return [
        Prediction(labels[int(one)], dict(zip(labels, row.tolist(), strict=True)))
        for one, row in zip(said, shares(logits), strict=True)
    ]


def predict_logits(
    student: nn.Module, text: Encoded, language: str | None, batch_size: int = 64, device: torch.device | None = None
) -> Floats:
    """The student's logits for every row, in order."""
    was_training = student.training
    student.eval()
    logits = compute_signals(
        lambda inputs: student(inputs, language).logits_BC, text, batch_size, device or torch.device("cpu")
    )
    student.train(was_training)
    return logits


def accuracy(predicted: Sequence[int] | NDArray[Any], gold: Sequence[int] | NDArray[Any]) -> float:
    """Share of rows predicted right."""
    return float(np.mean(np.asarray(predicted) == np.asarray(gold)))
