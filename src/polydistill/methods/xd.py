"""XD: cross-lingual knowledge distillation for polyglot sentence embeddings (Sec. 2.3).

    xd = mean over rows and features of (student(target text) - teacher(source text))^2

Teacher and student begin as the same tuned polyglot. The teacher reads the source language, the student the
translation, and learns to say the same: no label of any language is used. The source language is among the targets, so
that the student keeps it. What is compared is the logits (`on="logits"`) or the first token's vector (`on="first"`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
from datasets import concatenate_datasets
from pydantic import model_validator
from torch import Tensor

from polydistill.data.batches.batches import Batch, Group
from polydistill.data.rows.load import load_aligned, load_rows
from polydistill.data.rows.sources import Source
from polydistill.data.translations.corpora import Corpora, ParallelCorpus
from polydistill.data.translations.filters import EVERY_PAIR, Filters
from polydistill.data.translations.translations import Loaded as LoadedPairs
from polydistill.data.translations.translations import pairs_of
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.plain_text import Drawn, Reader, at_random, by_answers
from polydistill.methods.source import Function
from polydistill.methods.spec import FreezingSpec, SelectedBy, Teaching
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


class XDSpec(FreezingSpec):
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
    """... or parallel corpora, at least one a language, of whose sentences rows of the task are made."""
    filters: Filters = EVERY_PAIR
    """Which pairs of the corpora are kept; of `data` all are."""
    draw: Literal["answers", "random"] = "answers"  # ours; the paper has rows of the task
    """How rows are made of sentences. answers: the teacher reads them (for a task on pairs, paired in several ways),
    and rows are drawn so that all its answers are learned; random: every sentence once, paired at random."""
    anchor: Source | None = None
    """Beside corpora: rows of the task in the source language, whose labels are not read. The teacher's answers are
    then spread as they are on these rows, and the source language learns from them."""
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
        if self.anchor is not None and (self.data is not None or self.source_language not in self.languages):
            raise ValueError(
                "An anchor goes with parallel corpora, and holds rows of the source language, which must be among the "
                f"languages; they are {', '.join(self.languages)}. With `data` it is not needed."
            )
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
        anchor = () if self.anchor is None else ((self.anchor, (self.source_language,)),)
        return (*self.chosen.reads, *anchor)

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
        found = _rows(self, models, parallel, seed)
        for language, source_rows, target_rows in found.rows:
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
        self.freeze(models.student.network)
        method = XD(Polyglot(models.student.network), teacher.reading, self.on, self.distance)
        notes = {**parallel.notes, **({"answers": found.answers} if found.answers else {})}
        return Prepared(method, groups, notes=notes, told=_remarks(found))


def _limit(spec: XDSpec) -> int:
    return spec.max_length if spec.longer == "cut" else spec.max_length + 1  # one more, so that longer rows show


def _rows(spec: XDSpec, models: Models, parallel: LoadedPairs, seed: int) -> Drawn:
    """(target language, source rows, target rows) of every language pair."""
    if spec.data is not None:
        ((data, languages),) = spec.reads
        corpus = load_aligned(data, spec.shape, languages, "XD")
        source = corpus.rows[spec.source_language]
        return Drawn([(language, source, corpus.rows[language]) for language in spec.languages])
    anchor = None
    if spec.anchor is not None:
        anchor = load_rows(spec.anchor, spec.shape, [spec.source_language]).rows[spec.source_language]
    if spec.draw == "answers" and spec.shape.problem == "single":
        assert models.teacher is not None and models.signals is not None, "XD has a teacher, whose signals are stored"
        length = spec.max_length
        reader = Reader(models.teacher, spec.task_learned, spec.source_language, length, models.signals)
        found = by_answers(parallel.pairs, reader, anchor, seed)
    else:
        found = at_random(parallel.pairs, spec.shape, seed)
    if spec.source_language not in spec.languages:
        return found
    originals = concatenate_datasets([source for _, source, _ in found.rows]) if anchor is None else anchor
    return replace(found, rows=[(spec.source_language, originals, originals), *found.rows])


def _remarks(found: Drawn) -> tuple[str, ...]:
    """What a person should know of the teacher's answers before the training begins."""
    return tuple(
        f"Warning, {code}: the teacher says {' and '.join(labels)} of less than 2 % of what was read, so the "
        "student can hardly learn it there. Give text that is closer to the task, or rows of the task (data)."
        for code, labels in found.rare.items()
    )
