"""Extractive question answering (SQuAD, XQuAD, MLQA, TyDi QA GoldP): the answer is a part of a given context.

    task = mean over windows of (-log softmax(start)[first token] - log softmax(end)[last token]) / 2

A context is read in windows (`data/passages.py`). In a window that does not hold the whole answer both ends are the
first token of all, which is no part of any answer. What is said is the part of the context whose logits of start and
end have the largest sum, over all windows, of all parts of at most `LONGEST_ANSWER` tokens.

L = tokens of a window, A = tokens of an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from polydistill.data.batches.encoding import Floats, Ints
from polydistill.data.batches.passages import NOWHERE, Passages, answer_tokens, encode_passages
from polydistill.data.rows.answers import COLUMN, START, TEXT
from polydistill.data.rows.shapes import ANSWERS, LABEL
from polydistill.results import Score, score_of, word_score
from polydistill.tasks.answer_scores import Normaliser, matches, normalise_as, word_counts
from polydistill.tasks.reading import token_logits
from polydistill.tasks.task import Answer, FoundAnswer, Record, Task

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from polydistill.tasks.reading import Student

LONGEST_ANSWER = 30  # tokens, as in the scripts of BERT and of `transformers`
BEST = 20  # answers of a window that are looked at, as there

Texts = list[tuple[str, ...]]
"""By row, what is said (one text), or all right answers."""


@dataclass(frozen=True)
class Span:
    """A part of a context, by characters, and the sum of its logits."""

    score: float
    start: int
    stop: int


@dataclass(frozen=True)
class QuestionAnswering(Task[Passages, Texts]):
    """A task whose rows are a question and a context that has the answer."""

    normaliser: Normaliser = "squad"
    """What is left out before answers are compared; `mlqa` does so by language."""
    head_class: ClassVar[str] = "AutoModelForQuestionAnswering"

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Dataset, max_length: int) -> Passages:
        """Questions with windows of their contexts."""
        return encode_passages(tokenizer, list(rows["question"]), list(rows["context"]), max_length)

    def labels(self, text: Passages, rows: Dataset) -> Ints:
        """First and last token of each row's first answer, by window."""
        answers = rows[LABEL][:]
        return answer_tokens(text, [one[START][0] for one in answers], [one[TEXT][0] for one in answers])

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The mean of the cross-entropies of start and end, mean over windows."""
        from polydistill.objectives.classes import cross_entropy

        return (cross_entropy(logits[..., 0], labels[:, 0]) + cross_entropy(logits[..., 1], labels[:, 1])) / 2

    def count(self, labels: Tensor) -> int:
        """Windows."""
        return len(labels)

    def gold(self, rows: Dataset) -> Texts:
        """All right answers of each row."""
        return [tuple(answers[TEXT]) for answers in rows[LABEL][:]]

    def say(self, student: Student, text: Passages, language: str | None, device: torch.device | None) -> Texts:
        """The best answer of each row; empty where a context has no words."""
        found = self._found(student, text, language, device, 1)
        return [
            (context[spans[0].start : spans[0].stop] if spans else "",)
            for context, spans in zip(text.contexts, found, strict=True)
        ]

    def score(self, language: str, said: Texts, gold: Texts, split: str = "test", data_fingerprint: str = "") -> Score:
        """F1, with the words of each question."""
        normalise = normalise_as(self.normaliser, language)
        counts = [word_counts(one, right, normalise) for (one,), right in zip(said, gold, strict=True)]
        return word_score(language, np.array(counts, dtype=np.int64).reshape(-1, 3), split, data_fingerprint)

    def scores(
        self, language: str, said: Texts, gold: Texts, split: str = "test", data_fingerprint: str = ""
    ) -> tuple[Score, ...]:
        """F1, and the share of exact matches with right and wrong by question."""
        normalise = normalise_as(self.normaliser, language)
        exact = [matches(one, right, normalise) for (one,), right in zip(said, gold, strict=True)]
        hits = score_of(language, np.array(exact, dtype=bool), split, data_fingerprint, metric="em")
        return self.score(language, said, gold, split, data_fingerprint), hits

    def answers(
        self, student: Student, text: Passages, rows: Dataset, language: str | None, device: torch.device | None
    ) -> list[Answer]:
        """The best answers of each row, the best one with its place."""
        del rows
        found = self._found(student, text, language, device, BEST)
        return [_answer(context, spans) for context, spans in zip(text.contexts, found, strict=True)]

    def written(self, row: Record) -> dict[str, Any]:
        """As SQuAD has it on the hub."""
        return {"question": row["question"], "context": row["context"], COLUMN: row[LABEL]}

    def right(self, row: Record) -> list[str]:
        """All right answers."""
        return list(row[LABEL][TEXT])

    def _found(
        self, student: Student, text: Passages, language: str | None, device: torch.device | None, best: int
    ) -> list[list[Span]]:
        """By row, the best spans of its windows together, the best first."""
        logits_T2 = token_logits(student, text, len(self.shape.labels), language, device)
        found: list[list[Span]] = [[] for _ in text.contexts]
        for window, row in enumerate(text.row_W.tolist()):
            of_window = logits_T2[text.offsets[window] : text.offsets[window + 1]]
            spans = best_spans(of_window, text.places(window), text.contexts[row], best)
            found[row] = sorted({*found[row], *spans}, key=lambda span: (-span.score, span.start, span.stop))[:best]
        return found


def best_spans(logits_L2: Floats, places_L2: Ints, context: str, best: int) -> list[Span]:
    """The spans of a window with the largest sums of logits, without the spaces around them."""
    inside = np.flatnonzero(places_L2[:, 0] != NOWHERE)
    if not len(inside):
        return []
    longest = min(LONGEST_ANSWER, len(inside))
    ends = np.concatenate([logits_L2[inside, 1], np.full(longest - 1, -np.inf, dtype=np.float32)])
    sums_LA = logits_L2[inside, 0][:, None] + np.lib.stride_tricks.sliding_window_view(ends, longest)
    order = np.argsort(-sums_LA, axis=None, kind="stable")[:best]
    spans = []
    for at in order[np.isfinite(sums_LA.flat[order])].tolist():
        first, length = divmod(at, longest)
        start, stop = int(places_L2[inside[first], 0]), int(places_L2[inside[first + length], 1])
        bare = context[start:stop].strip()
        start += context[start:stop].find(bare)
        spans.append(Span(float(sums_LA.flat[at]), start, start + len(bare)))
    return spans


def _answer(context: str, spans: list[Span]) -> FoundAnswer:
    """The best span, and the probabilities of all texts among the best: those of one text add up."""
    if not spans:
        return FoundAnswer("", 0, {})
    weights = np.exp(np.array([span.score for span in spans], dtype=np.float64) - spans[0].score)
    shares: dict[str, float] = {}
    for span, share in zip(spans, (weights / weights.sum()).tolist(), strict=True):
        text = context[span.start : span.stop]
        shares[text] = shares.get(text, 0.0) + share
    return FoundAnswer(context[spans[0].start : spans[0].stop], spans[0].start, shares)


QA = QuestionAnswering("qa", ANSWERS, "f1", '{"question": "...", "context": "..."}', beside=("em",))


def normalising(task: Task[Any, Any], normaliser: Normaliser) -> Task[Any, Any]:
    """The task, which compares answers in this way if it has any."""
    return replace(task, normaliser=normaliser) if isinstance(task, QuestionAnswering) else task
