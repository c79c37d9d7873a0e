"""Scoring a student on rows it was not trained on, by language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn
from transformers import PreTrainedTokenizerBase

from polydistill.data.rows.load import fingerprint, load_aligned, load_rows
from polydistill.data.rows.shapes import LABEL, Corpus
from polydistill.data.rows.sources import format_source
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import Polyglot
from polydistill.results import Score
from polydistill.tasks import Task, task_of
from polydistill.tasks.reading import ArrayStudent
from polydistill.training.settings import Judging


@dataclass(frozen=True)
class Judge:
    """Rows of a task, encoded once, ready to score a student again and again."""

    judging: Judging
    texts: Mapping[str, Any]
    """By language, the rows as the task encodes them."""
    gold: Mapping[str, Any]
    """By language, what is right, as the task has it."""

    @property
    def task(self) -> Task[Any, Any]:
        """The task the rows are of."""
        return self.judging.asked

    def scores(self, student: nn.Module | ArrayStudent, split: str) -> tuple[Score, ...]:
        """The task's scores of each language, with what was right by row."""
        judged = fingerprint(self.judging.data, self.judging.languages, self.task.shape)
        return tuple(
            score
            for language, gold in self.gold.items()
            for score in self.task.scores(language, self._said(student, language), gold, split, judged)
        )

    def values(self, student: nn.Module) -> dict[str, float]:
        """The bare numbers, by language."""
        return {
            language: self.task.score(language, self._said(student, language), gold).value
            for language, gold in self.gold.items()
        }

    def _said(self, student: nn.Module | ArrayStudent, language: str) -> Any:
        device = None if isinstance(student, ArrayStudent) else next(value.device for value in student.parameters())
        return self.task.say(student, self.texts[language], language, device)


def judge(judging: Judging, tokenizer: PreTrainedTokenizerBase) -> Judge:
    """Read and encode the rows, whose labels are what is right."""
    task, corpus = task_of(judging.task), labelled(judging)
    texts = {language: task.encode(tokenizer, rows, judging.max_length) for language, rows in corpus.rows.items()}
    return Judge(judging, texts, {language: task.gold(rows) for language, rows in corpus.rows.items()})


def labelled(judging: Judging) -> Corpus:
    """The rows, which have labels."""
    corpus = load_rows(judging.data, task_of(judging.task).shape, judging.languages)
    for language, rows in corpus.rows.items():
        if LABEL not in rows.column_names:
            raise ValueError(
                f"The {language!r} rows of {format_source(judging.data)} have no labels, so nothing can be scored on "
                "them. Name rows with labels."
            )
    return corpus


def agreement_judge(judging: Judging, student: PreTrainedTokenizerBase, teacher: Loaded, source_language: str) -> Judge:
    """Read and encode the rows without their labels: right is what the teacher says of the source language's text."""
    task = task_of(judging.task)
    languages = tuple(dict.fromkeys((source_language, *judging.languages)))
    corpus = load_aligned(judging.data, task.shape, languages, "Agreement")
    originals = task.encode(teacher.tokenizer, corpus.rows[source_language], judging.max_length)
    said = task.say(Polyglot(teacher.network), originals, source_language, teacher.network.device)
    texts = {code: task.encode(student, corpus.rows[code], judging.max_length) for code in judging.languages}
    return Judge(judging, texts, dict.fromkeys(judging.languages, said))
