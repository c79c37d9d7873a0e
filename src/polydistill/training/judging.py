"""Scoring a student on rows it was not trained on, by language."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedTokenizerBase

from polydistill.data.encoding import Encoded, encode
from polydistill.data.load import fingerprint, load_rows
from polydistill.data.rows import LABEL
from polydistill.data.sources import format_source
from polydistill.methods.method import Loaded
from polydistill.results import Score, score_of
from polydistill.students.polyglot import Polyglot
from polydistill.tasks.classification import TASKS, predict_logits
from polydistill.training.run import Judging


@dataclass(frozen=True)
class Judge:
    """Rows of a task, encoded once, ready to score a student again and again."""

    judging: Judging
    texts: Mapping[str, Encoded]
    gold: Mapping[str, NDArray[np.int64]]

    def correct(self, student: nn.Module) -> dict[str, NDArray[np.bool_]]:
        """Right or wrong, by language and row."""
        device = next(student.parameters()).device
        return {
            language: predict_logits(student, text, language, device=device).argmax(-1) == self.gold[language]
            for language, text in self.texts.items()
        }

    def scores(self, student: nn.Module, split: str) -> tuple[Score, ...]:
        """One score a language, with what was right by row."""
        judged = fingerprint(self.judging.data, self.judging.languages)
        return tuple(score_of(language, right, split, judged) for language, right in self.correct(student).items())


def judge(judging: Judging, tokenizer: PreTrainedTokenizerBase) -> Judge:
    """Read and encode the rows, whose labels are what is right."""
    shape = TASKS[judging.task].shape
    corpus = load_rows(judging.data, shape, judging.languages)
    for language, rows in corpus.rows.items():
        if LABEL not in rows.column_names:
            raise ValueError(
                f"The {language!r} rows of {format_source(judging.data)} have no labels, so nothing can be scored on "
                "them. Name rows with labels."
            )
    texts = {language: encode(tokenizer, rows, shape, judging.max_length) for language, rows in corpus.rows.items()}
    gold = {language: np.asarray(rows[LABEL], dtype=np.int64) for language, rows in corpus.rows.items()}
    return Judge(judging, texts, gold)


def agreement_judge(judging: Judging, student: PreTrainedTokenizerBase, teacher: Loaded, source_language: str) -> Judge:
    """Read and encode the rows without their labels: right is what the teacher says of the source language's text."""
    shape = TASKS[judging.task].shape
    languages = tuple(dict.fromkeys((source_language, *judging.languages)))
    corpus = load_rows(judging.data, shape, languages)
    if not corpus.aligned:
        raise ValueError(
            f"Agreement needs rows that say the same in every language; {format_source(judging.data)} is not aligned. "
            "If its rows are translations of each other, say aligned=true."
        )
    originals = encode(teacher.tokenizer, corpus.rows[source_language], shape, judging.max_length)
    reader, device = Polyglot(teacher.network), teacher.network.device
    said = predict_logits(reader, originals, source_language, device=device).argmax(-1).astype(np.int64)
    texts = {code: encode(student, corpus.rows[code], shape, judging.max_length) for code in judging.languages}
    return Judge(judging, texts, dict.fromkeys(judging.languages, said))


def mean_accuracy(correct: Mapping[str, NDArray[np.bool_]]) -> float:
    """The plain mean of the languages' accuracies."""
    return float(np.mean([right.mean() for right in correct.values()]))
