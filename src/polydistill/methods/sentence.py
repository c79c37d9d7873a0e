"""Sentence distillation, the standard practice beside MMKD (Reimers & Gurevych 2020), with what is added to it since.

    sentence = mean over sentences and features of (student(text) - teacher(sentence))^2          (their eq. 1)
    cosine   = mean over sentences of 1 - cos(student(text), teacher(sentence))
    contrast = InfoNCE: the text picks its sentence's vector among those that the teacher gives the others of the batch
    relation = mean over pairs of a batch of (cosine of the student's two vectors - of the teacher's)^2

where text is a sentence or its translation, each as often as the other: both are to lie where the teacher, which reads
only the source language, has the sentence. What it says is stored: it reads every sentence once, whatever the steps.
`widths` gives each term as the mean over the first w features (Matryoshka).

Sentences and translations are rows of their own, so that a batch holds texts of one length from either side, and the
student reads it at once. B rows learn from B texts, which are B / 2 pairs in the mean.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal, Self, cast

import torch
from pydantic import model_validator
from torch import Tensor, nn
from transformers import PreTrainedModel

from polydistill.bounds import Length, Temperature, Weight, Width
from polydistill.data.batches.batches import Batch, Group
from polydistill.data.batches.encoding import Encoded, Repeated, encode_in_turn, encode_texts
from polydistill.data.translations.translations import Pairs, Translations, load_pairs
from polydistill.defaults import Pooling
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.spec import Head, MethodSpec, SelectedBy, Teaching
from polydistill.methods.teacher import SIGNAL, vector_head, vector_teacher
from polydistill.methods.together import together
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import check_reads_alike
from polydistill.models.sentence import Reading, SentenceHead, prompted, with_length, with_width
from polydistill.objectives import sentences, vectors
from polydistill.outputs import EXPLAINED, Loss, Term
from polydistill.specs import Spec


class SentenceWeights(Spec):
    """What each term counts. A term of weight 0 is not computed."""

    sentence: Weight = 1.0
    cosine: Weight = 0.0
    contrast: Weight = 0.0
    relation: Weight = 0.0

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if not any(value for _, value in self):
            raise ValueError("All weights are 0: nothing would be learned. Give at least one term a weight.")
        return self


class SentenceSpec(Translations, MethodSpec):
    """Give sentences and their translations the vectors that a teacher gives the sentences.

    The teacher is read as its folder says (modules.json); `teacher_pooling` is for a folder that says nothing. The
    student's vectors are made as is said here, else as its own folder says, else by the mean of its tokens.
    """

    kind: Literal["sentence"] = "sentence"
    head: ClassVar[Head] = "vectors"
    teaching: ClassVar[Teaching] = "one"
    selected_by: ClassVar[tuple[SelectedBy, ...]] = ("retrieval", "similarity")
    weights: SentenceWeights = SentenceWeights()
    contrast_temperature: Temperature = 0.05  # ours: as sentence encoders are trained (SimCSE, E5: 0.05 to 0.01)
    widths: tuple[Width, ...] = ()
    """Each term is a mean over vectors cut to these widths; none: of the whole vector alone."""
    pooling: Pooling | None = None  # "mean pooling" (Reimers & Gurevych 2020, Sec. 3), where nothing is known
    normalize: bool | None = None
    """Whether the student's vectors have length one; None: as the teacher's have."""
    prefix: str | None = None
    """What stands before every text that the student reads, such as 'query: '."""
    dense: bool = False
    """A dense layer on the student's vectors even where they are as wide as the teacher's."""
    teacher_pooling: Pooling | None = None
    max_length: Length = 128  # as MMKD

    @property
    def teacher_is(self) -> str:
        """What the teacher must be."""
        return f"an encoder of {self.source_language!r}"

    @property
    def taught_in(self) -> str:
        """The language that the teacher reads."""
        return self.source_language

    def vectors_of(self, teacher: Loaded) -> SentenceHead:
        """As its folder says, or as is said here."""
        return vector_head(teacher, self.teacher_pooling)[0]

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group a language: sentences and translations, and what the teacher says of the sentences."""
        assert models.teacher is not None and models.signals is not None, "it has a teacher, whose signals are stored"
        assert models.teacher.network is not models.student.network, "a teacher is frozen: a network of its own"
        for one in (models.student, models.teacher):
            check_reads_alike(one.network)
        teacher, taught_by, told = vector_teacher(models.teacher, models.signals, self.teacher_pooling)
        head = student_head(self, models.student, taught_by, int(models.teacher.network.config.hidden_size), seed)
        loaded = load_pairs(self, "sentence distillation", models.student.tokenizer, seed)
        groups = []
        for code, pairs in loaded.pairs.items():
            source = prompted(taught_by.reading.prompt, pairs.source)
            longest = taught_by.reading.max_length or self.max_length
            taught = encode_texts(models.teacher.tokenizer, source, None, longest)
            signal = Repeated(teacher.stored(taught, models.signals))
            groups.append(Group(code, {"text": _read(models.student, head, pairs, self.max_length)}, {SIGNAL: signal}))
        width = taught_by.width(int(models.teacher.network.config.hidden_size))
        if self.widths and max(self.widths) > width:
            raise ValueError(f"widths are up to {max(self.widths)}, but the teacher's vectors have {width} features.")
        method = SentenceDistillation(models.student.network, head, self)
        return Prepared(method, groups, sentence=head, notes=loaded.notes, told=(told, f"student: {head.described}"))


def _read(student: Loaded, head: SentenceHead, pairs: Pairs, max_length: int) -> Encoded:
    """Sentences and translations as the student reads them."""
    prompt = head.reading.prompt
    return encode_in_turn(student.tokenizer, [prompted(prompt, texts) for texts in pairs], max_length)


def student_head(spec: SentenceSpec, student: Loaded, teacher: SentenceHead, hidden: int, seed: int) -> SentenceHead:
    """How the student's vectors are made: in the width of those of the teacher, whose encoder has width `hidden`."""
    own = student.sentence
    if own is None or spec.pooling not in (None, own.reading.pooling[0]):
        own = SentenceHead(Reading(pooling=(spec.pooling or "mean",)))
    said: dict[str, Any] = {"max_length": spec.max_length, "truncate": None}
    if spec.prefix is not None:
        said |= {"prompt": spec.prefix, "prompt_tokens": 0}
    head = SentenceHead(own.reading.model_copy(update=said), list(own.parts))
    head = with_length(head, teacher.normalized if spec.normalize is None else spec.normalize)
    network = student.network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        width = int(network.config.hidden_size)
        return with_width(head, width, teacher.width(hidden), network.dtype, spec.dense).to(network.dtype)


class SentenceDistillation(Method):
    """Make the student's vector of a text the teacher's of the sentence it says the same as."""

    student: PreTrainedModel

    def __init__(self, student: PreTrainedModel, head: SentenceHead, spec: SentenceSpec) -> None:
        super().__init__()
        self.student, self.spec = student, spec
        self.projectors = nn.ModuleDict({"sentence": head})
        contrast = partial(sentences.in_batch_contrast, temperature=spec.contrast_temperature)
        self._objectives: dict[str, sentences.Objective] = {
            "sentence": vectors.mse,
            "cosine": vectors.cosine,
            "contrast": contrast,
            "relation": sentences.relation_mse,
        }

    def forward(self, text: Mapping[str, Tensor], signal: Tensor, **_: Any) -> Loss:
        """The terms that count, against the teacher's stored `signal`, and how near the vectors are."""
        hidden_BLD = cast(Any, self.student.base_model)(**text).last_hidden_state
        student_BD = together(self.projectors["sentence"](hidden_BLD, text["attention_mask"]))
        signal = together(signal)
        widths = self.spec.widths or (signal.shape[-1],)
        terms = {
            name: Term(sentences.at_widths(self._objectives[name], student_BD, signal, widths), weight)
            for name, weight in self.spec.weights
            if weight
        }
        measured = {
            EXPLAINED: sentences.explained(student_BD, signal),
            "mean_cosine": 1 - vectors.cosine(student_BD.detach(), signal),
            "spread": sentences.spread(student_BD),
            "teacher_spread": sentences.spread(signal),
            "uniformity": sentences.uniformity(student_BD),
        }
        return Loss(terms, measured)

    def counts(self, batch: Batch) -> dict[str, int]:
        """Texts."""
        return {name: len(batch["text"]["input_ids"]) for name, weight in self.spec.weights if weight}
