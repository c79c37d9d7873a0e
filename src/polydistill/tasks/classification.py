"""Tasks with one label a row. Accuracy is the share of rows whose largest logit is the gold label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from polydistill.data.batches.encoding import Encoded, Floats, Ints, encode
from polydistill.data.rows.shapes import LABEL, PAIR_OF_SENTENCES, PARAPHRASES
from polydistill.data.rows.usual import found_texts
from polydistill.results import Score, score_of
from polydistill.tasks.reading import row_logits
from polydistill.tasks.task import Answer, Prediction, Record, Task, Values, row_labels, shares

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from polydistill.tasks.reading import Student

_KINDS = ("text", "pair")


class Classification(Task[Encoded, Ints]):
    """A task whose rows are one or two texts with one of a few labels."""

    head_class: ClassVar[str] = "AutoModelForSequenceClassification"

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Dataset, max_length: int) -> Encoded:
        """One text or a pair of texts a row."""
        return encode(tokenizer, rows, self.shape, max_length)

    def named(self, given: object) -> object:
        """Also texts under the usual names that files have, such as `sentence1` and `sentence2`, or `review`."""
        ours = self.shape.texts
        if not isinstance(given, Mapping) or set(ours) <= set(given) or len(ours) > len(_KINDS):
            return given
        theirs = found_texts(_KINDS[len(ours) - 1], list(given), {})
        return (
            given if theirs is None else {**given, **{name: given[it] for name, it in zip(ours, theirs, strict=True)}}
        )

    def labels(self, text: Encoded, rows: Dataset) -> Values:
        """One label a row, or a share for each label."""
        del text
        return row_labels(rows)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy with the label, or with the shares of all labels, mean over rows."""
        from polydistill.objectives.classes import cross_entropy, soft_cross_entropy

        return soft_cross_entropy(logits, labels) if labels.is_floating_point() else cross_entropy(logits, labels)

    def count(self, labels: Tensor) -> int:
        """Rows."""
        return len(labels)

    def gold(self, rows: Dataset) -> Ints:
        """The label of each row; where labels are soft, that with the largest share."""
        return best(row_labels(rows))

    def say(self, student: Student, text: Encoded, language: str | None, device: torch.device | None) -> Ints:
        """The label with the largest logit."""
        return np.asarray(row_logits(student, text, language, device=device).argmax(-1))

    def score(self, language: str, said: Ints, gold: Ints, split: str = "test", data_fingerprint: str = "") -> Score:
        """Accuracy, with right and wrong by row, and which label was taken for which."""
        found = score_of(language, said == gold, split, data_fingerprint)
        return found.model_copy(update=confusion(gold, said, self.shape.labels))

    def answers(
        self, student: Student, text: Encoded, rows: Dataset, language: str | None, device: torch.device | None
    ) -> list[Answer]:
        """Label and probabilities of each row."""
        del rows
        logits = row_logits(student, text, language, device=device)
        return predictions(logits, self.shape.labels)

    def written(self, row: Record) -> dict[str, Any]:
        """Texts, and the label's name."""
        (label,) = best(np.asarray([row[LABEL]]))
        return {**{name: row[name] for name in self.shape.texts}, LABEL: self.shape.labels[label]}


NLI = Classification("nli", PAIR_OF_SENTENCES, "accuracy", '{"premise": "...", "hypothesis": "..."}')
PARAPHRASE = Classification("paraphrase", PARAPHRASES, "accuracy", '{"sentence1": "...", "sentence2": "..."}')


def predictions(logits: Floats, labels: Sequence[str]) -> list[Answer]:
    """Of each row the label with the largest logit, and every label's probability."""
    said = logits.argmax(-1)
    return [
        Prediction(labels[int(one)], dict(zip(labels, row.tolist(), strict=True)))
        for one, row in zip(said, shares(logits), strict=True)
    ]


def confusion(gold: Ints, said: Ints, labels: Sequence[str]) -> dict[str, Any]:
    """How often each label was taken for which, and was right, said and there; nothing where labels have no names."""
    if not labels:
        return {}
    taken_CC = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(taken_CC, (gold, said), 1)
    counts = np.stack([taken_CC.diagonal(), taken_CC.sum(0), taken_CC.sum(1)], axis=-1)
    return {"labels": tuple(labels), "confusion": _tuples(taken_CC), "by_label": _tuples(counts)}


def counted(said: NDArray[np.bool_], gold: NDArray[np.bool_], labels: Sequence[str]) -> dict[str, Any]:
    """How often each label was right, said and there, where any may hold."""
    counts = np.stack([(said & gold).sum(0), said.sum(0), gold.sum(0)], axis=-1)
    return {"labels": tuple(labels), "by_label": _tuples(counts)}


def _tuples(counts: NDArray[Any]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(int, row)) for row in counts)


def best(labels: Values) -> Ints:
    """The label of each row, which has a label or a share for each."""
    return np.asarray(np.nanargmax(labels, axis=-1) if labels.ndim > 1 else labels, dtype=np.int64)


def accuracy(predicted: Sequence[int] | NDArray[Any], gold: Sequence[int] | NDArray[Any]) -> float:
    """Share of rows predicted right."""
    return float(np.mean(np.asarray(predicted) == np.asarray(gold)))
