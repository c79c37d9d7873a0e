"""XD: cross-lingual knowledge distillation for polyglot sentence embeddings (Sec. 2.3).

    xd = mean over rows and features of (student(target text) - teacher(source text))^2

Teacher and student begin as the same tuned polyglot. The teacher reads the source language, the student the
translation, and learns to say the same: no label of any language is used. The source language is among the targets, so
that the student keeps it. What is compared is the logits (`on="logits"`) or the first token's vector (`on="first"`).

Beside the paper: of text of the target language alone the teacher's own soft answers are learned (`own`, see
`soft_answers`), and a tagger learns of each word what is said of the word it is aligned with (`aligned`, see
`aligned_tags`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Literal, Self

import numpy as np
from datasets import Dataset, concatenate_datasets
from pydantic import model_validator
from torch import Tensor

from polydistill.bounds import Length, NoneOrSome, ShareBetween, ShareNotAll, Temperature
from polydistill.data.batches.batches import Batch, Group
from polydistill.data.rows.load import load_aligned, load_rows
from polydistill.data.rows.sources import ByLanguage, Source
from polydistill.data.translations.corpora import Corpora, ParallelCorpus
from polydistill.data.translations.filters import EVERY_PAIR, Filters
from polydistill.data.translations.translations import Loaded as LoadedPairs
from polydistill.data.translations.translations import pairs_of
from polydistill.methods.aligned_tags import carried
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.plain_text import Drawn, Reader, Rows, Shares, at_random, by_answers, joined, wanted_answers
from polydistill.methods.soft_answers import Taken, answered, in_words, own_text
from polydistill.methods.source import Function
from polydistill.methods.spec import FreezingSpec, SelectedBy, Teaching
from polydistill.methods.teacher import Teacher, answering, says
from polydistill.models.polyglot import On, Polyglot
from polydistill.objectives import vectors
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode
from polydistill.tasks import NLI, Task

OWN, ALIGNED = "own", "aligned"
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
        task: Task[Any, Any] = NLI,
    ) -> None:
        super().__init__()
        self.student, self.teacher, self.on, self.task = student, teacher, on, task
        self.distance = DISTANCES[distance] if isinstance(distance, str) else distance

    def forward(self, target: Mapping[str, Tensor], language: str | None = None, **batch: Any) -> Loss:
        """One term: `xd`, or `own` or `aligned` where soft answers of that name come with the batch.

        For `xd` the teacher reads `source`, unless its stored `signal` comes with the batch.
        """
        if (soft := _soft(batch)) is not None:
            return Loss({soft: Term(self.task.loss(self.student(target, language).logits_BC, batch[soft]))})
        taught = says(self.teacher, batch)
        learned = self.student(target, language, first=self.on == "first").picked(self.on)
        return Loss({"xd": Term(self.distance(learned, taught))})

    def counts(self, batch: Batch) -> dict[str, int]:
        """Rows, or words."""
        soft = _soft(batch)
        return {"xd": len(batch["target"]["input_ids"])} if soft is None else {soft: self.task.count(batch[soft])}


def _soft(batch: Mapping[str, Any]) -> str | None:
    """The name of the soft answers that come with a batch."""
    return next((name for name in (OWN, ALIGNED) if name in batch), None)


class XDSpec(FreezingSpec):
    """Distil a tuned polyglot from its source language into others, on parallel rows without labels."""

    kind: Literal["xd"] = "xd"
    teaching: ClassVar[Teaching] = "itself"
    selected_by: ClassVar[tuple[SelectedBy, ...]] = ("task", "agreement")
    source_language: LanguageCode = "en"  # "we use English as our source language" (Sec. 3.1)
    languages: tuple[LanguageCode, ...] = ()
    """Languages of the translations; the source language among them keeps it ("so that the model does not forget",
    Sec. 3.3.1)."""
    data: Source | None = None
    """Rows of the task, aligned across languages, whose labels are not read ..."""
    corpora: tuple[ParallelCorpus, ...] = ()
    """... or parallel corpora, at least one a language, of whose sentences rows of the task are made."""
    text: ByLanguage | None = None
    """Text alone, of any languages: rows of the task without labels, or plain sentences. The teacher reads it itself,
    and the student learns its answers."""
    temperature: Temperature = 0.5  # ours
    """Of these answers: below 1 they become surer, 1 leaves them as they are."""
    confidence: ShareNotAll = 0.0
    """Rows (for tags: words) of `text` are left out where the teacher is less sure of its answer than this."""
    align_layer: NoneOrSome | None = None
    """Tags: the layer whose vectors align words; none: at two thirds of the depth."""
    filters: Filters = EVERY_PAIR
    """Which pairs of the corpora are kept; of `data` all are."""
    draw: Literal["answers", "random"] = "answers"  # ours; the paper has rows of the task
    """How rows are made of sentences. answers: the teacher reads them (for a task on pairs, paired in several ways),
    and rows are drawn so that all its answers are learned; random: every sentence once, paired at random."""
    anchor: Source | None = None
    """Beside corpora or text: rows of the task in the source language, whose labels are not read. The teacher's answers
    are then spread as they are on these rows, and the source language learns from them."""
    anchor_share: ShareBetween | None = None
    """The share of the steps that learn from the anchor; none: as many as a language has."""
    on: On = "logits"
    distance: Distance | Function = "mse"
    """Also a function of one's own, of what the student says and what the teacher says."""
    max_length: Length = 256  # "truncating sentences to be up to 256 words per example" (Sec. 3.1)
    longer: Literal["cut", "drop"] = "cut"
    """What happens to rows over `max_length`: the paper cuts; its public code drops them (at 128)."""
    store_teacher: bool = True
    """Let the teacher read every source text once and keep what it says, instead of reading it again each step."""

    @model_validator(mode="after")
    def _the_task_has_what_is_compared(self) -> Self:
        shape = self.shape
        if shape.spans:
            raise ValueError(
                f"XD compares what is said of a row and of its translation; the task {self.task!r} {shape.parts}, "
                "which translations do not share. Tune on its labels instead."
            )
        if shape.tagged and (self.on, self.distance, self.longer) != ("logits", "mse", "cut"):
            raise ValueError(
                "A tagger learns the tags of aligned words, by cross-entropy, and long sentences are read in windows: "
                "leave on, distance and longer out."
            )
        if shape.lists and not shape.tagged and (self.corpora or self.on == "first"):
            raise ValueError(
                f"The task {self.task!r} reads several texts a row: XD needs rows of the task (data), not plain "
                "sentences, and compares logits (on='logits')."
            )
        return self

    @model_validator(mode="after")
    def _one_kind_of_rows(self) -> Self:
        if self.data is not None and self.corpora:
            raise ValueError("XD needs either rows of the task (data) or parallel corpora (corpora), and not both.")
        if self.data is None and not self.corpora and self.text is None:
            raise ValueError("XD needs text to learn from: rows of the task (data), corpora, or text alone (text).")
        if self.data is not None and self.filters != EVERY_PAIR:
            raise ValueError("Filters are for parallel corpora; all rows of `data` are kept. Leave `filters` out.")
        if self.anchor is not None and (self.data is not None or self.source_language not in self.languages):
            raise ValueError(
                "An anchor goes with parallel corpora or text alone, and holds rows of the source language, which must "
                f"be among the languages; they are {', '.join(self.languages) or 'none'}. With `data` it is not needed."
            )
        if self.anchor_share is not None and self.anchor is None:
            raise ValueError("anchor_share is of the steps that learn from an anchor. Give one, or leave it out.")
        texts = set(self.chosen.languages) if self.corpora else set()
        named = set(self.languages) - {self.source_language}
        if self.data is None and not self.corpora and (named or (self.anchor is None and self.languages)):
            raise ValueError(
                f"The languages are {', '.join(self.languages)}, but there are no translations. Name none for `text` "
                "alone, or the source language where there is an anchor."
            )
        if self.corpora and texts != named:
            raise ValueError(
                f"The languages are {', '.join(self.languages)}, but there is parallel text for "
                f"{', '.join(sorted(texts))}. Name those; {self.source_language!r} may be among them."
            )
        return self

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        text = () if self.text is None else ((self.text, tuple(self.text.sources)),)
        if self.data is not None:
            return ((self.data, tuple(dict.fromkeys((self.source_language, *self.languages)))), *text)
        anchor = () if self.anchor is None else ((self.anchor, (self.source_language,)),)
        return (*(self.chosen.reads if self.corpora else ()), *anchor, *text)

    @property
    def chosen(self) -> Corpora:
        """The corpora and which of their pairs are kept."""
        return Corpora(source_language=self.source_language, corpora=self.corpora, filters=self.filters)

    @property
    def taught_in(self) -> str:
        """The language that the teacher reads."""
        return self.source_language

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group a target language: the translation, and what the teacher says of the original; then text alone."""
        assert models.teacher is not None, "XD has a teacher"
        assert models.teacher.network is not models.student.network, "a teacher is frozen: a network of its own"
        signals = models.signals if self.store_teacher else None
        teacher = answering(models.teacher.network, self.on, self.source_language, signals, "source")
        parallel = pairs_of(self.chosen, models.student.tokenizer, seed) if self.corpora else LoadedPairs({})
        found = _rows(self, models, parallel, seed)
        carry = _aligned if self.shape.tagged else _compared
        groups = [carry(self, models, teacher, rows) for rows in found.rows]
        if self.text is not None:
            wanted = partial(_wanted, self, models)
            own = own_text(self.text, partial(_reader, self, models), self.draw, wanted, seed)
            groups += [_alone(self, models, rows) for rows in own.rows]
            found = joined([found, own])
        if self.anchor_share is not None:
            groups[0] = replace(groups[0], share=self.anchor_share)
        self.freeze(models.student.network)
        method = XD(Polyglot(models.student.network), teacher.reading, self.on, self.distance, self.task_learned)
        notes = {**parallel.notes, **({"answers": found.answers} if found.answers else {})}
        return Prepared(method, groups, notes=notes, told=found.remarks)


def _compared(spec: XDSpec, models: Models, teacher: Teacher, rows: Rows) -> Group:
    """Translations, and the originals or what the teacher says of them."""
    assert models.teacher is not None, "XD has a teacher"
    task, (language, originals, translations) = spec.task_learned, rows
    limit = spec.max_length + (spec.longer == "drop")  # one more, so that longer rows show
    source = task.encode(models.teacher.tokenizer, originals, limit)
    target = task.encode(models.student.tokenizer, translations, limit)
    if spec.longer == "drop":
        short = np.flatnonzero((source.longest <= spec.max_length) & (target.longest <= spec.max_length))
        if not len(short):
            raise ValueError(
                f"No {language!r} row is left: all {len(source)} are over max_length={spec.max_length} tokens, "
                "in one language or the other. Raise max_length, or cut them (longer='cut')."
            )
        source, target = source.select(short), target.select(short)
    texts, values = teacher.beside(source)
    return Group(language, {"target": target, **texts}, values)


def _aligned(spec: XDSpec, models: Models, teacher: Teacher, rows: Rows) -> Group:
    """Translations word by word, and what the teacher says of the words of the originals."""
    del teacher
    language, *sides = rows
    source, target = (_reader(spec, models, code) for code in (spec.source_language, language))
    if language == spec.source_language:
        return _group(spec, models, language, answered(source, sides[0], Taken()), ALIGNED)
    tags = carried(source, target, (sides[0], sides[1]), Taken(spec.temperature, spec.confidence), spec.align_layer)
    return _group(spec, models, language, tags, ALIGNED)


def _alone(spec: XDSpec, models: Models, rows: Rows) -> Group:
    """Text of a language, and the teacher's own answers to it."""
    language, found, _ = rows
    how = Taken(spec.temperature, spec.confidence)
    return _group(spec, models, language, answered(_reader(spec, models, language), found, how), OWN)


def _group(spec: XDSpec, models: Models, language: str, rows: Dataset, name: str) -> Group:
    text = spec.task_learned.encode(models.student.tokenizer, rows, spec.max_length)
    return Group(language, {"target": text}, {name: spec.task_learned.labels(text, rows)})


def _reader(spec: XDSpec, models: Models, language: str) -> Reader:
    assert models.teacher is not None and models.signals is not None, "XD has a teacher, whose signals are stored"
    return Reader(models.teacher, spec.task_learned, language, spec.max_length, models.signals)


def _wanted(spec: XDSpec, models: Models) -> Shares:
    return wanted_answers(_reader(spec, models, spec.source_language), _anchor(spec))


def _anchor(spec: XDSpec) -> Dataset | None:
    if spec.anchor is None:
        return None
    return load_rows(spec.anchor, spec.shape, [spec.source_language]).rows[spec.source_language]


def _rows(spec: XDSpec, models: Models, parallel: LoadedPairs, seed: int) -> Drawn:
    """(target language, source rows, target rows) of every language pair."""
    if spec.data is not None:
        ((data, languages), *_) = spec.reads
        corpus = load_aligned(data, spec.shape, languages, "XD")
        source = corpus.rows[spec.source_language]
        return Drawn([(language, source, corpus.rows[language]) for language in spec.languages])
    if spec.shape.tagged:
        found = Drawn([(code, *map(in_words, sides)) for code, sides in parallel.pairs.items()])
    elif spec.draw == "answers" and spec.shape.problem == "single" and parallel.pairs:
        reader = _reader(spec, models, spec.source_language)
        found = by_answers(parallel.pairs, reader, _wanted(spec, models), seed)
    else:
        found = at_random(parallel.pairs, spec.shape, seed)
    if spec.source_language not in spec.languages:
        return found
    anchor = _anchor(spec)
    originals = concatenate_datasets([source for _, source, _ in found.rows]) if anchor is None else anchor
    return replace(found, rows=[(spec.source_language, originals, originals), *found.rows])
