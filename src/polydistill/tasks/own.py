"""Tasks of one's own on one text or two: one label of any set, several labels, or a number.

Several labels are decided one by one, each where its logit is above 0; F1 counts them over all rows together (micro).
A number is learned by its squared error; Spearman's rank correlation selects. Where the rows of a pair are candidates
(passages) for the same first text (a query), how they are ranked is scored too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from polydistill.data.batches.encoding import Encoded, Floats
from polydistill.data.rows.shapes import LABEL, RowShape
from polydistill.results import Score, entity_score, score_of
from polydistill.tasks.classification import Classification, counted
from polydistill.tasks.ranking import MRR, NDCG, ranked
from polydistill.tasks.reading import row_logits
from polydistill.tasks.spec import TaskSpec
from polydistill.tasks.task import Answer, HeldLabels, Record, SaidNumber, Values, row_labels

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from torch import Tensor

    from polydistill.tasks.reading import Student

_TEXTS = {"text": ("text",), "pair": ("text", "text_pair")}


def row_task(spec: TaskSpec) -> Classification:
    """A task of one's own on one text or two."""
    shape = RowShape(_TEXTS[spec.kind], spec.labels, problem=spec.problem, spellings=spec.spellings, own=True)
    example = json.dumps(dict.fromkeys(shape.texts, "..."))
    if spec.problem == "several":
        return SeveralLabels(spec.kind, shape, "f1", example, beside=("accuracy", "macro_f1"))
    if spec.problem == "number":
        return Number(spec.kind, shape, "spearman", example, beside=("pearson", "mae", NDCG, MRR))
    return OneLabel(spec.kind, shape, "accuracy", example, beside=("macro_f1",))


class OneLabel(Classification):
    """One label of any set."""

    def scores(
        self, language: str, said: Any, gold: Any, split: str = "test", data_fingerprint: str = ""
    ) -> tuple[Score, ...]:
        """Accuracy, and the mean F1 of the labels."""
        from sklearn.metrics import f1_score

        every = range(len(self.shape.labels))
        macro = Score(
            language=language,
            metric="macro_f1",
            value=float(f1_score(gold, said, labels=list(every), average="macro", zero_division=0.0)),
            examples=len(gold),
            split=split,
            data_fingerprint=data_fingerprint,
        )
        return self.score(language, said, gold, split, data_fingerprint), macro


class SeveralLabels(Classification):
    """Any of the labels, each decided alone."""

    def labels(self, text: Encoded, rows: Dataset) -> Values:
        """A share for each label."""
        del text
        return row_labels(rows).astype(np.float32)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy, mean over rows and labels."""
        from polydistill.objectives.classes import each_alone

        return each_alone(logits, labels)

    def gold(self, rows: Dataset) -> Any:
        """Which labels hold."""
        return row_labels(rows) > 0.5

    def say(self, student: Student, text: Encoded, language: str | None, device: torch.device | None) -> Any:
        """Those whose logit is above 0."""
        return row_logits(student, text, language, device=device) > 0

    def score(self, language: str, said: Any, gold: Any, split: str = "test", data_fingerprint: str = "") -> Score:
        """F1 of all labels of all rows together, with the counts by row."""
        counts = np.stack([(said & gold).sum(-1), said.sum(-1), gold.sum(-1)], axis=-1)
        found = entity_score(language, counts.astype(np.int64), split, data_fingerprint)
        return found.model_copy(update=counted(said, gold, self.shape.labels))

    def scores(
        self, language: str, said: Any, gold: Any, split: str = "test", data_fingerprint: str = ""
    ) -> tuple[Score, ...]:
        """That F1, the share of rows whose labels are all right, and the mean F1 of the labels."""
        from sklearn.metrics import f1_score

        macro = Score(
            language=language,
            metric="macro_f1",
            value=float(f1_score(gold, said, average="macro", zero_division=0.0)),
            examples=len(gold),
            split=split,
            data_fingerprint=data_fingerprint,
        )
        every = score_of(language, (said == gold).all(-1), split, data_fingerprint)
        return self.score(language, said, gold, split, data_fingerprint), every, macro

    def answers(
        self, student: Student, text: Encoded, rows: Dataset, language: str | None, device: torch.device | None
    ) -> list[Answer]:
        """The labels of each row, and every label's probability."""
        del rows
        names, answers = self.shape.labels, []
        for logits in row_logits(student, text, language, device=device).astype(np.float64):
            held = tuple(name for name, logit in zip(names, logits, strict=True) if logit > 0)
            answers.append(HeldLabels(held, dict(zip(names, (1 / (1 + np.exp(-logits))).tolist(), strict=True))))
        return list(answers)

    def written(self, row: Record) -> dict[str, Any]:
        """Texts, and the names of the labels."""
        held = [name for name, share in zip(self.shape.labels, row[LABEL], strict=True) if share > 0.5]
        return {**{name: row[name] for name in self.shape.texts}, LABEL: held}


class Number(Classification):
    """A number a row: a rating, a similarity, or how well a passage answers a query."""

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Squared error, mean over rows."""
        from polydistill.objectives.classes import squared_error

        return squared_error(logits.squeeze(-1), labels)

    def gold(self, rows: Dataset) -> Any:
        """The number of each row; of a pair also whose candidate it is: the number of its first text [N, 2]."""
        numbers_N = np.asarray(row_labels(rows), dtype=np.float64)
        if len(self.shape.texts) == 1:
            return numbers_N
        _, query_N = np.unique(np.asarray(rows[self.shape.texts[0]][:]), return_inverse=True)
        return np.stack([numbers_N, query_N], axis=-1)

    def say(self, student: Student, text: Encoded, language: str | None, device: torch.device | None) -> Any:
        """The number of each row."""
        return row_logits(student, text, language, device=device)[:, 0].astype(np.float64)

    def score(self, language: str, said: Any, gold: Any, split: str = "test", data_fingerprint: str = "") -> Score:
        """Spearman's rank correlation; 0 where either side says the same of all rows."""
        from scipy.stats import spearmanr

        gold = gold if gold.ndim == 1 else gold[:, 0]
        return self._number("spearman", spearmanr, language, said, gold, split, data_fingerprint)

    def scores(
        self, language: str, said: Any, gold: Any, split: str = "test", data_fingerprint: str = ""
    ) -> tuple[Score, ...]:
        """That, Pearson's correlation, the mean absolute error; nDCG@10 and MRR where first texts have candidates."""
        from scipy.stats import pearsonr

        ranking = ranked(language, said, gold, split, data_fingerprint) if gold.ndim > 1 else ()
        gold = gold if gold.ndim == 1 else gold[:, 0]
        error = Score(
            language=language,
            metric="mae",
            value=float(np.abs(said - gold).mean()),
            examples=len(gold),
            split=split,
            data_fingerprint=data_fingerprint,
        )
        linear = self._number("pearson", pearsonr, language, said, gold, split, data_fingerprint)
        return self.score(language, said, gold, split, data_fingerprint), linear, error, *ranking

    def answers(
        self, student: Student, text: Encoded, rows: Dataset, language: str | None, device: torch.device | None
    ) -> list[Answer]:
        """The number of each row."""
        del rows
        return [SaidNumber(float(value)) for value in self.say(student, text, language, device)]

    def written(self, row: Record) -> dict[str, Any]:
        """Texts and the number."""
        return {**{name: row[name] for name in self.shape.texts}, LABEL: row[LABEL]}

    def _number(
        self, metric: str, correlation: Any, language: str, said: Floats, gold: Floats, split: str, rows: str
    ) -> Score:
        flat = len(gold) < 2 or np.ptp(said) == 0 or np.ptp(gold) == 0
        return Score(
            language=language,
            metric=metric,
            value=0.0 if flat else float(correlation(said, gold).statistic),
            examples=len(gold),
            split=split,
            numbers=tuple(round(float(one), 6) for one in said) if metric == "spearman" else None,
            data_fingerprint=rows,
        )
