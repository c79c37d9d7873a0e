"""XD: cross-lingual knowledge distillation for polyglot sentence embeddings (Sec. 2.3).

    xd = mean over rows and features of (student(target text) - teacher(source text))^2

Teacher and student begin as the same tuned polyglot. The teacher reads the source language, the student the
translation, and learns to say the same: no label of any language is used. The source language is among the targets, so
that the student keeps it. What is compared is the logits (`on="logits"`) or the first token's vector (`on="first"`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from datasets import Dataset, concatenate_datasets
from pydantic import model_validator
from torch import Tensor

from polydistill.data.batches.batches import Batch, Group
from polydistill.data.rows.load import load_aligned
from polydistill.data.rows.shapes import RowShape
from polydistill.data.rows.sources import Source
from polydistill.data.translations.corpora import Corpora, ParallelCorpus
from polydistill.data.translations.filters import EVERY_PAIR, Filters
from polydistill.data.translations.translations import Loaded as LoadedPairs
from polydistill.data.translations.translations import Pairs, pairs_of
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.source import Function
from polydistill.methods.spec import SelectedBy, TaskMethodSpec, Teaching
from polydistill.methods.teacher import Teacher, answering, says
from polydistill.models.polyglot import On, Polyglot
from polydistill.objectives import vectors
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode

Distance = Literal["mse", "l1", "cosine", "smooth-l1"]

DISTANCES: dict[Distance, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": vectors.mse,  # "We use L2 as our loss function for XD" (Sec. 3.1)
    "l1": vectors.l1,
    "cosine": vectors.cosine,
    "smooth-l1": vectors.smooth_l1,
}


class XD(Method):
    """Make the student say of a translation what the teacher says of the original."""

    def __init__(
        self,
        student: Polyglot,
        teacher: Teacher | None,
        on: On = "logits",
        distance: Distance | Function = "mse",
    ) -> None:
        super().__init__()
        self.student, self.teacher, self.on = student, teacher, on
        self.distance = DISTANCES[distance] if isinstance(distance, str) else distance

    def forward(self, target: Mapping[str, Tensor], language: str | None = None, **batch: Any) -> Loss:
        """One term, `xd`. The teacher reads `source`, unless its stored `signal` comes with the batch."""
        taught = says(self.teacher, batch)
        learned = self.student(target, language, first=self.on == "first").picked(self.on)
        return Loss({"xd": Term(self.distance(learned, taught))})

    def counts(self, batch: Batch) -> dict[str, int]:
        """Rows."""
        return {"xd": len(batch["target"]["input_ids"])}


class XDSpec(TaskMethodSpec):
    """Distil a tuned polyglot from its source language into others, on parallel rows without labels."""

    kind: Literal["xd"] = "xd"
    teaching: ClassVar[Teaching] = "itself"
    selected_by: ClassVar[tuple[SelectedBy, ...]] = ("task", "agreement")
    source_language: LanguageCode = "en"  # "we use English as our source language" (Sec. 3.1)
    languages: tuple[LanguageCode, ...]
    """Target languages; the source language among them keeps it ("so that the model does not forget", Sec. 3.3.1)."""
    data: Source | None = None
    """Rows of the task, aligned across languages, whose labels are not read ..."""
    corpora: tuple[ParallelCorpus, ...] = ()
    """... or parallel corpora, at least one a language; for a task on pairs their sentences are paired up at random."""
    filters: Filters = EVERY_PAIR
    """Which pairs of the corpora are kept; of `data` all are."""
    on: On = "logits"
    distance: Distance | Function = "mse"
    """Also a function of one's own, of what the student says and what the teacher says."""
    max_length: int = 256  # "truncating sentences to be up to 256 words per example" (Sec. 3.1)
    longer: Literal["cut", "drop"] = "cut"
    """What happens to rows over `max_length`: the paper cuts; its public code drops them (at 128)."""
    store_teacher: bool = True
    """Let the teacher read every source text once and keep what it says, instead of reading it again each step."""

    @model_validator(mode="after")
    def _the_task_has_what_is_compared(self) -> Self:
        shape = self.shape
        if shape.parts:
            raise ValueError(
                f"XD compares what is said of a row and of its translation; the task {self.task!r} {shape.parts}, "
                "which translations do not share. Tune on its labels instead."
            )
        if shape.lists and (self.corpora or self.on == "first"):
            raise ValueError(
                f"The task {self.task!r} reads several texts a row: XD needs rows of the task (data), not plain "
                "sentences, and compares logits (on='logits')."
            )
        return self

    @model_validator(mode="after")
    def _one_kind_of_rows(self) -> Self:
        if (self.data is None) == (not self.corpora):
            raise ValueError("XD needs either rows of the task (data) or parallel corpora (corpora), and not both.")
        if self.data is not None and self.filters != EVERY_PAIR:
            raise ValueError("Filters are for parallel corpora; all rows of `data` are kept. Leave `filters` out.")
        texts = set(self.chosen.languages) if self.corpora else set()
        named = set(self.languages) - {self.source_language}
        if self.corpora and texts != named:
            raise ValueError(
                f"The languages are {', '.join(self.languages)}, but there is parallel text for "
                f"{', '.join(sorted(texts))}. Name those; {self.source_language!r} may be among them."
            )
        return self

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        if self.data is not None:
            return ((self.data, tuple(dict.fromkeys((self.source_language, *self.languages)))),)
        return self.chosen.reads

    @property
    def chosen(self) -> Corpora:
        """The corpora and which of their pairs are kept."""
        return Corpora(source_language=self.source_language, corpora=self.corpora, filters=self.filters)

    @property
    def taught_in(self) -> str:
        """The language that the teacher reads."""
        return self.source_language

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group a target language: the translation, and the original or what the teacher says of it."""
        assert models.teacher is not None, "XD has a teacher"
        assert models.teacher.network is not models.student.network, "a teacher is frozen: a network of its own"
        groups, task = [], self.task_learned
        signals = models.signals if self.store_teacher else None
        teacher = answering(models.teacher.network, self.on, self.source_language, signals, "source")
        parallel = pairs_of(self.chosen, models.student.tokenizer, seed) if self.corpora else LoadedPairs({})
        for language, source_rows, target_rows in _pairs(self, parallel, seed):
            source = task.encode(models.teacher.tokenizer, source_rows, _limit(self))
            target = task.encode(models.student.tokenizer, target_rows, _limit(self))
            if self.longer == "drop":
                short = np.flatnonzero((source.longest <= self.max_length) & (target.longest <= self.max_length))
                if not len(short):
                    raise ValueError(
                        f"No {language!r} row is left: all {len(source)} are over max_length={self.max_length} tokens, "
                        "in one language or the other. Raise max_length, or cut them (longer='cut')."
                    )
                source, target = source.select(short), target.select(short)
            texts, values = teacher.beside(source)
            groups.append(Group(language, {"target": target, **texts}, values))
        method = XD(Polyglot(models.student.network), teacher.reading, self.on, self.distance)
        return Prepared(method, groups, notes=parallel.notes)


def _limit(spec: XDSpec) -> int:
    return spec.max_length if spec.longer == "cut" else spec.max_length + 1  # one more, so that longer rows show


def _pairs(spec: XDSpec, parallel: LoadedPairs, seed: int) -> Sequence[tuple[str, Dataset, Dataset]]:
    """(target language, source rows, target rows) of every language pair."""
    shape = spec.shape
    if spec.data is not None:
        ((data, languages),) = spec.reads
        corpus = load_aligned(data, shape, languages, "XD")
        source = corpus.rows[spec.source_language]
        return [(language, source, corpus.rows[language]) for language in spec.languages]
    return _sentence_pairs(spec, parallel.pairs, shape, seed)


def _sentence_pairs(
    spec: XDSpec, parallel: Mapping[str, Pairs], shape: RowShape, seed: int
) -> list[tuple[str, Dataset, Dataset]]:
    """Rows of the task's shape made of plain sentences; the source language learns from all its sentences."""
    pairs = []
    for code, sides in parallel.items():
        count, rng = len(sides.source), np.random.default_rng([seed, 4])
        order = [np.arange(count), *(rng.permutation(count) for _ in shape.texts[1:])]
        pairs.append((code, _combine(sides.source, order, shape), _combine(sides.target, order, shape)))
    if spec.source_language in spec.languages:
        originals = concatenate_datasets([source for _, source, _ in pairs])
        pairs.insert(0, (spec.source_language, originals, originals))
    return pairs


def _combine(texts: Sequence[str], order: Sequence[np.ndarray[Any, Any]], shape: RowShape) -> Dataset:
    """Rows of the task's shape from single sentences: sentence i, paired with another where the task reads two."""
    sentences = list(texts)
    return Dataset.from_dict(
        {name: [sentences[i] for i in index] for name, index in zip(shape.texts, order, strict=True)}
    )
