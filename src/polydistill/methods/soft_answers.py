"""What a teacher says of rows or words as soft labels, which a student learns as it learns a task's labels.

    own = mean over rows (words) of -sum over labels of q log softmax(student(text)),    q = softmax(teacher(text) / T)

A temperature T below 1 sharpens the answers, and rows or words of which the teacher is less sure than `confidence` are
left out: with neither, a student that begins as its teacher has nothing to learn from text that both read. Where
several labels may hold each is decided alone, with a sigmoid; a number stays as it is said.

N = rows, W = words, C = labels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from polydistill.data.batches.encoding import Floats
from polydistill.data.rows.shapes import LABEL, SENTENCE, WORDS
from polydistill.data.rows.sources import AnySource, ByLanguage
from polydistill.data.rows.unlabelled import rows_of_text
from polydistill.data.translations.translations import Pairs
from polydistill.data.translations.words import tokens
from polydistill.methods.plain_text import Drawn, Reader, Shares, at_random, by_answers, joined, rows_by_answers
from polydistill.models.polyglot import Polyglot
from polydistill.tasks.ner import Tagging, by_sentence
from polydistill.tasks.task import shares

_NUMBERS = (
    "Warning: a number cannot be made surer, so of text alone the student learns little that it does not say already. "
    "Give translations (--parallel or --data)."
)
Draw = Literal["answers", "random"]


@dataclass(frozen=True)
class Taken:
    """How answers are taken: sharpened by a temperature, and where they are sure enough."""

    temperature: float = 1.0
    confidence: float = 0.0

    def of(self, logits_NC: Floats, several: bool = False) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The shares of all labels, and whether they are sure: of several labels the least sure one counts."""
        logits = logits_NC.astype(np.float64)
        if several:
            plain = 1 / (1 + np.exp(-logits))
            return 1 / (1 + np.exp(-logits / self.temperature)), np.maximum(plain, 1 - plain).min(-1) >= self.confidence
        return shares(logits / self.temperature), shares(logits).max(-1) >= self.confidence  # type: ignore[arg-type]


def answered(reader: Reader, rows: Dataset, how: Taken) -> Dataset:
    """The rows with the teacher's answers as their labels, without those that it is not sure of."""
    if reader.task.shape.tagged:
        return _kept(reader, rows, how, tagged(reader, rows, how))
    logits_NC = reader.logits(rows)
    if reader.task.shape.problem == "number":
        return labelled(rows, logits_NC[:, 0].astype(np.float64).tolist())
    said_NC, sure_N = how.of(logits_NC, reader.task.shape.problem == "several")
    return _kept(reader, rows, how, [said.tolist() if sure else [] for said, sure in zip(said_NC, sure_N, strict=True)])


def _kept(reader: Reader, rows: Dataset, how: Taken, labels: list[list[Any]]) -> Dataset:
    """The rows that have some label."""
    kept = [row for row, label in enumerate(labels) if np.any(label)]
    if not kept:
        raise ValueError(
            f"The teacher is less sure than {how.confidence} of all {len(rows)} rows in {reader.language!r}, so none "
            "is left. Lower the confidence."
        )
    return labelled(rows.select(kept), [labels[row] for row in kept])


def tagged(reader: Reader, sentences: Dataset, how: Taken) -> list[list[list[float]]]:
    """The shares of all tags for every word of each sentence; 0 for words that the teacher is not sure of."""
    task, loaded = cast(Tagging, reader.task), reader.loaded
    text = task.encode(loaded.tokenizer, sentences, reader.max_length)
    network: Any = loaded.network
    network.eval()
    logits_WC = task.word_logits(Polyglot(network), text, reader.language, network.device)
    said_WC, sure_W = how.of(logits_WC)
    return by_sentence(said_WC * sure_W[:, None], text)


def labelled(rows: Dataset, labels: list[Any]) -> Dataset:
    """The rows with these labels."""
    texts = {name: rows[name][:] for name in rows.column_names if name != LABEL}
    return Dataset.from_dict({**texts, LABEL: labels})


def in_words(sentences: Sequence[str]) -> Dataset:
    """Sentences as rows of words."""
    return Dataset.from_dict({WORDS.texts[0]: [tokens(one) for one in sentences]})


def own_text(
    text: ByLanguage, reader: Callable[[str], Reader], draw: Draw, wanted: Callable[[], Shares], seed: int
) -> Drawn:
    """Rows of the task made of text alone, drawn by the teacher's answers to them where that is asked for."""
    found = joined([_own_rows(text, reader(code), draw, wanted, seed) for code in text.sources])
    answers = {f"{code}, text alone": said for code, said in found.answers.items()}
    rare = {f"{code}, text alone": labels for code, labels in found.rare.items()}
    problem = reader(next(iter(text.sources))).task.shape.problem
    return Drawn(found.rows, answers, rare, (_NUMBERS,) if problem == "number" else ())


def _own_rows(source: AnySource, reader: Reader, draw: Draw, wanted: Callable[[], Shares], seed: int) -> Drawn:
    shape, code = reader.task.shape, reader.language
    found = rows_of_text(source, shape, code)
    sentences = not set(shape.needed or shape.texts) <= set(found.column_names)
    by_class = draw == "answers" and shape.problem == "single" and not (shape.tagged or shape.lists)
    if shape.tagged and sentences:
        found = in_words(found[SENTENCE.texts[0]])
    elif sentences:
        lines = found[SENTENCE.texts[0]]
        pairs = {code: Pairs(lines, lines)}
        return by_answers(pairs, reader, wanted(), seed) if by_class else at_random(pairs, shape, seed)
    if not by_class:
        return Drawn([(code, found, found)])
    return rows_by_answers((code, found, found), reader, wanted(), len(found), np.random.default_rng([seed, 6]))
