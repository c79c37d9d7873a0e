"""Rows of a task made of plain sentences and their translations, drawn by what a teacher says of the sentences.

Of sentences that are paired at random a teacher says nearly always the same (that they have nothing to do with each
other), and a student that learns from them forgets the other classes. So sentences are paired in several ways, the
teacher reads all of these candidates, and rows are drawn so that its answers are spread as wanted. Where a task reads
one text, each sentence is a candidate.

N = sentences, M = candidates, T = texts of a row, C = classes, D = width.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor

from polydistill.data.batches.encoding import Floats, Ints, encode_texts
from polydistill.data.batches.signals import compute_signals
from polydistill.data.rows.shapes import RowShape
from polydistill.data.translations.translations import Pairs
from polydistill.methods.teacher import answering
from polydistill.models.heads import pooled
from polydistill.models.loaded import Loaded
from polydistill.retrieval.neighbours import nearest
from polydistill.tasks import Task

NEAR = 5  # ours: how many of the nearest sentences count as near
OFTEN = 3  # ours: how often one candidate is drawn at most, where the teacher gives an answer rarely
RARE = 0.02  # ours: a class that the teacher gives to a smaller share of the candidates is reported

_AT_ONCE = 64  # ours: texts that are read together

Shares = NDArray[np.float64]
Rows = tuple[str, Dataset, Dataset]
"""A target language, rows of the source language, and their translations."""


@dataclass(frozen=True)
class Reader:
    """The teacher as it reads rows of the source language."""

    loaded: Loaded
    task: Task[Any, Any]
    language: str
    max_length: int
    signals: Path

    def logits(self, rows: Dataset) -> Floats:
        """What it says of each row [M, C]."""
        text = self.task.encode(self.loaded.tokenizer, rows, self.max_length)
        teacher = answering(self.loaded.network, "logits", self.language, self.signals)
        return teacher.stored(text, self.signals)[np.arange(len(text))]

    def answers(self, rows: Dataset) -> Ints:
        """The class that it gives each row."""
        return np.asarray(self.logits(rows).argmax(-1), dtype=np.int64)

    @torch.no_grad()
    def vectors(self, sentences: Sequence[str]) -> Tensor:
        """A vector of length one for each sentence: the mean of its tokens."""
        body: Any = self.loaded.network.base_model.eval()
        text = encode_texts(self.loaded.tokenizer, sentences, None, self.max_length)

        def read(inputs: Mapping[str, Tensor]) -> Tensor:
            return pooled(body(**inputs).last_hidden_state, inputs["attention_mask"], "mean")

        found: Floats = compute_signals(read, text, _AT_ONCE, next(body.parameters()).device)
        return torch.nn.functional.normalize(torch.from_numpy(found), dim=-1)


@dataclass(frozen=True)
class Drawn:
    """Rows by target language, and what the teacher says of the candidates that they were drawn from."""

    rows: list[Rows]
    answers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """The share of each class, by language."""
    rare: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The classes that are wanted and that the teacher hardly ever gives, by language."""
    told: tuple[str, ...] = ()
    """What else is to be known of them."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know of the teacher's answers before the training begins."""
        rare = tuple(
            f"Warning, {code}: the teacher says {' and '.join(labels)} of less than 2 % of what was read, so the "
            "student can hardly learn it there. Give text that is closer to the task, or rows of the task (data)."
            for code, labels in self.rare.items()
        )
        return (*rare, *self.told)


def at_random(parallel: Mapping[str, Pairs], shape: RowShape, seed: int) -> Drawn:
    """Every sentence once; where a row has several texts, with others in any order."""
    rows = []
    for code, sides in parallel.items():
        count, rng = len(sides.source), np.random.default_rng([seed, 4])
        places = np.stack([np.arange(count), *(rng.permutation(count) for _ in _filled(shape)[1:])], 1)
        rows.append(_rows(code, sides, places, shape))
    return Drawn(rows)


def wanted_answers(reader: Reader, anchor: Dataset | None) -> Shares:
    """The share that each answer is to have: as the teacher spreads them on the anchor's rows, or equal shares."""
    count = len(reader.task.shape.labels)
    return np.ones(count) / count if anchor is None else spread(reader.answers(anchor), count)


def by_answers(parallel: Mapping[str, Pairs], reader: Reader, wanted_C: Shares, seed: int) -> Drawn:
    """As many rows as there are sentences, with the teacher's answers spread as wanted."""
    found, several = [], len(_filled(reader.task.shape)) > 1
    place = {
        text: at for at, text in enumerate(dict.fromkeys(text for one in parallel.values() for text in one.source))
    }
    vectors = reader.vectors(list(place)) if several else None  # many languages may translate the same sentences
    for code, sides in parallel.items():
        rng = np.random.default_rng([seed, 5])
        places_MT = np.arange(len(sides.source))[:, None]
        if vectors is not None:
            places_MT = paired(vectors[[place[text] for text in sides.source]], rng)
        whole = _rows(code, sides, places_MT, reader.task.shape)
        found.append(rows_by_answers(whole, reader, wanted_C, len(sides.source), rng))
    return joined(found)


def rows_by_answers(rows: Rows, reader: Reader, wanted_C: Shares, size: int, rng: np.random.Generator) -> Drawn:
    """So many of these rows, with the teacher's answers to the source side spread as wanted.

    They are read in any order, and no more of them than it takes.
    """
    (code, source, target), labels = rows, reader.task.shape.labels
    order, answers_M = rng.permutation(len(source)), np.zeros(0, dtype=np.int64)
    while len(answers_M) < len(order) and not enough(answers_M, wanted_C, size):
        more = order[len(answers_M) : len(answers_M) + size]
        answers_M = np.concatenate([answers_M, reader.answers(source.select(more))])
    shares_C = spread(answers_M, len(labels))
    shares = {label: round(float(share), 4) for label, share in zip(labels, shares_C, strict=True)}
    hardly = rarely_said(shares_C, wanted_C, labels)
    chosen = order[drawn(answers_M, wanted_C, size, rng)]
    kept = [(code, source.select(chosen), target.select(chosen))]
    return Drawn(kept, {code: shares}, {code: hardly} if hardly else {})


def enough(answers_M: Ints, wanted_C: Shares, size: int) -> bool:
    """Whether so many rows can be drawn with these answers, none of them twice."""
    return bool((np.bincount(answers_M, minlength=len(wanted_C)) >= _counts(wanted_C, size)).all())


def _counts(wanted_C: Shares, size: int) -> Ints:
    return np.ceil(wanted_C * size).astype(np.int64)


def joined(several: Sequence[Drawn]) -> Drawn:
    """All of them as one."""
    return Drawn(
        [rows for one in several for rows in one.rows],
        {code: shares for one in several for code, shares in one.answers.items()},
        {code: labels for one in several for code, labels in one.rare.items()},
        tuple(dict.fromkeys(line for one in several for line in one.told)),
    )


def _rows(code: str, sides: Pairs, places_MT: Ints, shape: RowShape) -> Rows:
    return code, _side(sides.source, places_MT, shape), _side(sides.target, places_MT, shape)


def _side(texts: Sequence[str], places_MT: Ints, shape: RowShape) -> Dataset:
    """Rows of the task's shape from the sentences at these places."""
    sentences = list(texts)
    columns = zip(_filled(shape), places_MT.T, strict=True)
    empty = {name: [""] * len(places_MT) for name in shape.texts if name not in _filled(shape)}
    return Dataset.from_dict({**{name: [sentences[place] for place in places] for name, places in columns}, **empty})


def _filled(shape: RowShape) -> tuple[str, ...]:
    """The texts of a row that sentences are put into; others may be empty, such as a review's title."""
    return shape.needed or shape.texts


def paired(vectors_ND: Tensor, rng: np.random.Generator) -> Ints:
    """Candidates [M, 2]: each sentence with itself, the next one, its nearest, one of its near ones, and any other.

    The last three come in either order.
    """
    count = len(vectors_ND)
    first = np.arange(count)
    if count == 1:
        return np.zeros((1, 2), dtype=np.int64)
    _, places = nearest(vectors_ND, vectors_ND, min(NEAR + 1, count))
    near = _others(places.cpu().numpy())
    chosen = near[first, rng.integers(near.shape[1], size=count)]
    anyone = (first + rng.integers(1, count, size=count)) % count
    pairs = [np.stack([first, second], 1) for second in (near[:, 0], chosen, anyone)]
    turned = [np.where(rng.random((count, 1)) < 0.5, pair, pair[:, ::-1]) for pair in pairs]
    ordered = [np.stack([first, second], 1) for second in (first, (first + 1) % count)]
    return np.asarray(np.concatenate([*ordered, *turned]), dtype=np.int64)


def _others(places_NK: Ints) -> Ints:
    """Each sentence's neighbours without itself, the nearest first; where equal ones hide it, without the last."""
    count, width = places_NK.shape
    itself = places_NK == np.arange(count)[:, None]
    itself[~itself.any(1), -1] = True
    return np.asarray(places_NK[~itself].reshape(count, width - 1))


def spread(answers_M: Ints, classes: int) -> Shares:
    """The share of each class among answers."""
    return np.bincount(answers_M, minlength=classes) / max(1, len(answers_M))


def drawn(answers_M: Ints, wanted_C: Shares, size: int, rng: np.random.Generator) -> Ints:
    """Places of about `size` candidates whose answers are spread as wanted.

    Where too few have an answer, each of them is taken up to three times, and fewer are drawn in all.
    """
    places = []
    for one, wanted in enumerate(_counts(wanted_C, size)):
        those = rng.permutation(np.flatnonzero(answers_M == one))
        count = min(int(wanted), OFTEN * len(those))
        places.append(np.resize(those, count) if len(those) else those)
    return np.concatenate(places).astype(np.int64)


def rarely_said(shares_C: Shares, wanted_C: Shares, labels: Sequence[str]) -> list[str]:
    """The classes that are wanted, and that the teacher hardly ever gives."""
    return [
        label for label, share, wanted in zip(labels, shares_C, wanted_C, strict=True) if wanted > 0 and share < RARE
    ]
