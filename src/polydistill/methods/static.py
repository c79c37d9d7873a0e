"""A student without attention, from any teacher of vectors: it learns what makes translations alike.

    contrast = mean over pairs of InfoNCE, both ways: a sentence picks its translation among those of the batch
    teacher  = InfoNCE: the student's vector of a text, seen through a linear map, picks the teacher's of the same text

The vector of a text is the mean of its pieces' vectors at length one. It begins as what the teacher says of each piece
alone (`models.bags`), which knows what words mean but hardly which are translations; pairs teach that. Plain text in
any language (`texts`) teaches what the teacher makes of whole sentences, which helps with text unlike that of the
pairs. The map goes from the student's width to the teacher's, learns along, and is not kept.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, cast

import torch
from pydantic import model_validator
from torch import Tensor, nn
from transformers import PreTrainedModel

from polydistill.bounds import Length, Temperature, Weight
from polydistill.data.batches.batches import Batch, Group
from polydistill.data.batches.encoding import encode_texts
from polydistill.data.rows.load import load_text
from polydistill.data.rows.shapes import SENTENCE
from polydistill.data.rows.sources import Source
from polydistill.data.translations.translations import Translations, load_pairs
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.spec import Head, MethodSpec, Teaching
from polydistill.methods.teacher import SIGNAL, vector_teacher
from polydistill.methods.together import together
from polydistill.models.sentence import Prompted, SentenceHead
from polydistill.models.static import refuse_attention, static_head
from polydistill.objectives import sentences
from polydistill.objectives.precision import finer
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode
from polydistill.specs import Spec


class Text(Spec):
    """Plain text of a language."""

    language: LanguageCode
    data: Source


class StaticWeights(Spec):
    """What each term counts."""

    contrast: Weight = 1.0
    teacher: Weight = 1.0


class StaticSpec(Translations, MethodSpec):
    """Give translations one direction, and texts those that a teacher gives them."""

    kind: Literal["static"] = "static"
    head: ClassVar[Head] = "vectors"
    weights: StaticWeights = StaticWeights()
    temperature: Temperature = 0.05  # ours: as sentence encoders are trained (SimCSE)
    texts: tuple[Text, ...] = ()
    """Plain text, of which the student learns the teacher's vectors."""
    max_length: Length = 128

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if not self.weights.contrast or (self.texts and not self.weights.teacher):
            raise ValueError("A weight is 0 although there is text that it is for. Leave the text out, or weigh it.")
        return self

    @property
    def teaching(self) -> Teaching:
        """A teacher reads along where there is plain text."""
        return "one" if self.texts else "nobody"

    @property
    def against_lora(self) -> str:
        """It is small, and learns whole."""
        return "A student without attention has no layers to adapt."

    @property
    def teacher_is(self) -> str:
        """What the teacher must be."""
        return "an encoder of the languages of the plain text"

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """Pairs, and plain text."""
        return (*super().reads, *((text.data, (text.language,)) for text in self.texts))

    def prepare(self, models: Models, seed: int) -> Prepared:
        """A group a language of the pairs, and a group a plain text, with what the teacher says of it."""
        student = models.student
        refuse_attention(student.network)
        loaded = load_pairs(self, "a student without attention", student.tokenizer, seed)
        groups = [
            Group(
                code,
                {
                    "source": encode_texts(student.tokenizer, pairs.source, None, self.max_length),
                    "target": encode_texts(student.tokenizer, pairs.target, None, self.max_length),
                },
            )
            for code, pairs in loaded.pairs.items()
        ]
        told, bridge = [f"student: {student.network.config.vocab_size:,} pieces"], None
        if self.texts:
            assert models.teacher is not None and models.signals is not None, (
                "text has a teacher, whose signals are stored"
            )
            teacher, how, said = vector_teacher(models.teacher, models.signals)
            told.append(said)
            for text in self.texts:
                lines = load_text(text.data, [text.language]).rows[text.language][SENTENCE.texts[0]]
                longest = how.reading.max_length or self.max_length
                read = encode_texts(models.teacher.tokenizer, Prompted(how.reading.prompt, lines), None, longest)
                mine = encode_texts(student.tokenizer, lines, None, self.max_length)
                groups.append(Group(text.language, {"text": mine}, {SIGNAL: teacher.stored(read, models.signals)}))
            bridge = how.width(int(models.teacher.network.config.hidden_size))
        head = student.sentence or static_head()
        method = StaticDistillation(student.network, head, self, bridge, seed)
        return Prepared(method, groups, sentence=head, notes=loaded.notes, told=told)


class StaticDistillation(Method):
    """Bring translations together, and texts to where a teacher has them."""

    student: PreTrainedModel

    def __init__(
        self, student: PreTrainedModel, head: SentenceHead, spec: StaticSpec, teachers_width: int | None, seed: int
    ) -> None:
        super().__init__()
        self.student, self.spec = student, spec
        projectors: dict[str, nn.Module] = {"sentence": head}
        if teachers_width is not None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                width = int(student.config.hidden_size)
                projectors["teacher"] = nn.Linear(width, teachers_width, bias=False, dtype=student.dtype)
        self.projectors = nn.ModuleDict(projectors)

    def forward(
        self,
        source: Mapping[str, Tensor] | None = None,
        target: Mapping[str, Tensor] | None = None,
        text: Mapping[str, Tensor] | None = None,
        signal: Tensor | None = None,
        **_: Any,
    ) -> Loss:
        """The term of a batch of pairs, or of plain text."""
        heat, weights = self.spec.temperature, self.spec.weights
        if text is not None:
            assert signal is not None, "the teacher has read the text"
            seen_BD = self.projectors["teacher"](self._said(text))
            taught_BD = together(signal).to(finer(signal, seen_BD))
            value = sentences.in_batch_contrast(seen_BD, taught_BD - taught_BD.mean(0), heat)
            return Loss({"teacher": Term(value, weights.teacher)})
        assert source is not None and target is not None, "a batch is of pairs, or of plain text"
        one_BD, other_BD = self._said(source), self._said(target)
        there, back = (sentences.in_batch_contrast(*both, heat) for both in ((one_BD, other_BD), (other_BD, one_BD)))
        measured = {"spread": sentences.spread(one_BD), "uniformity": sentences.uniformity(one_BD)}
        return Loss({"contrast": Term((there + back) / 2, weights.contrast)}, measured)

    def _said(self, text: Mapping[str, Tensor]) -> Tensor:
        hidden_BLD = cast(Any, self.student.base_model)(**text).last_hidden_state
        return together(self.projectors["sentence"](hidden_BLD, text["attention_mask"]))

    def counts(self, batch: Batch) -> dict[str, int]:
        """Pairs, or texts."""
        name, side = ("teacher", "text") if "text" in batch else ("contrast", "source")
        return {name: len(batch[side]["input_ids"])}
