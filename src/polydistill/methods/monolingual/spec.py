"""Monolingual students of a multilingual teacher: MonoShot and MonoAlignment (thesis, Sec. 3.2).

    loss = alpha mlm + beta hinton + gamma sum_m hid(m) + delta sum_m att(m) + eps emb     (weights: see `Weights`)

Each student reads text of its own language(s), some of it hidden, and learns the hidden words (mlm) and to do as the
teacher does: its predictions (hinton), hidden states (hid), attention (att) and embeddings (emb). The student's block m
learns from the teacher's block g(m). Algorithm 1: a batch is of one language; the teacher reads it once; every student
of the language takes its step. What students share, all of them move.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from polydistill.bounds import Held, Length, ShareNotNone, Some, Temperature, Weight, Width
from polydistill.data.rows.sources import Source
from polydistill.methods.method import Models, Prepared
from polydistill.methods.monolingual.preparing import prepare
from polydistill.methods.spec import Given, Head, MethodSpec, SelectedBy, Teaching
from polydistill.models.bank import Origin, Part, check_share
from polydistill.models.matching import Kind
from polydistill.models.trimming.piece_map import LostMass
from polydistill.objectives.layer_maps import LayerMap, describe, resolve
from polydistill.objectives.logits import Scaling
from polydistill.results import LanguageCode
from polydistill.specs import Spec


class Student(Spec):
    """A student: what it is called (its folder, too), and what it reads."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    languages: tuple[LanguageCode, ...] = Field(min_length=1)


class Text(Spec):
    """Where the text of a language comes from."""

    language: LanguageCode
    data: Source


class Weights(Spec):
    """What each term counts. A term of weight 0 is not computed; with `mlm` alone there is no teacher."""

    mlm: Weight = 0.2  # alpha. The thesis: the weights "sum to 1"; equal shares are ours
    hinton: Weight = 0.2  # beta
    hid: Weight = 0.2  # gamma
    att: Weight = 0.2  # delta
    emb: Weight = 0.2  # epsilon
    relations: Weight = 0.0  # MiniLM; not in the thesis

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if not any(value for _, value in self):
            raise ValueError("All weights are 0: nothing would be learned. Give at least one term a weight.")
        return self


class MonolingualSpec(MethodSpec):
    """Distil a masked language model into small students of single languages."""

    kind: Literal["monolingual"] = "monolingual"
    head: ClassVar[Head] = "words"
    teaching: ClassVar[Teaching] = "optional"
    selected_by: ClassVar[tuple[SelectedBy, ...]] = ("perplexity",)
    students: tuple[Student, ...] = Field(min_length=1)
    data: Source | None = None
    """Text in all languages ..."""
    texts: tuple[Text, ...] = ()
    """... or text of each language."""
    buffer: Held | None = None
    """Read the text as it is needed, and shuffle so many lines together; without it, all text is in memory."""
    packed: bool = False
    """Join streamed lines and cut them into inputs of `max_length`; if not, each line is an input."""
    depth: Some  # "We choose L = 6 numbers of layers" of 12 (Sec. 4.1)
    width: Width | None = None
    """The teacher's where not set; another one needs `init="random"`."""
    heads: Some | None = None
    map: LayerMap = "uniform"
    """Which teacher block each student block learns from."""
    init: Origin = "teacher"  # "we always use the full teacher initialization option" (Sec. 3.2.4)
    init_map: LayerMap = "uniform"  # "The teacher layers are uniformly selected" (Sec. 3.2.4)
    init_head: Origin = "teacher"
    """How the layers of the MLM head before its decoder begin."""
    share: tuple[Part, ...] = ("embeddings", "head")  # "g_share = {0, M + 1}" (Sec. 3.2.3)
    tie_head: bool = True  # "we tied the embedding layer with the decoder" (Sec. 4.4.3)
    weights: Weights = Weights()
    hid: Literal["mse", "cosine"] = "mse"
    att: Literal["scores", "probabilities"] = "scores"  # "the attention matrix before applying the softmax" (2.15)
    relations: tuple[Kind, ...] = ("query", "key", "value")  # MiniLMv2
    relation_heads: Some | None = None
    """As many as the teacher's attention heads where not set."""
    temperature: Temperature = 4.0  # the authors' code; the thesis says nothing
    scaling: Scaling = "hinton"
    positions: Literal["masked", "all"] = "all"
    """Where `hinton` compares: at hidden tokens, or at all (never pads)."""
    lost_mass: LostMass = Field(default="renormalise", exclude_if=lambda how: how == "renormalise")
    """What becomes of what the teacher says of pieces that a trimmed student does not have."""
    mask_rate: ShareNotNone = 0.15  # "the same masking dynamic as XLM-R" (Sec. 3.2.1)
    max_length: Length = 256  # ours

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of all students."""
        return tuple(dict.fromkeys(code for student in self.students for code in student.languages))

    @model_validator(mode="after")
    def _students_and_texts_fit(self) -> Self:
        names = [student.name for student in self.students]
        if len(set(names)) < len(names):
            raise ValueError(f"Two students have one name in {', '.join(names)}. Name each differently.")
        check_share(self.depth, self.share, self.tie_head)
        if (self.data is None) == (not self.texts):
            raise ValueError("Give text in all languages (data), or text of each (texts), and not both.")
        if self.packed and self.buffer is None:
            raise ValueError("Only text that is read as it is needed can be packed. Set buffer, such as 10000.")
        given = [text.language for text in self.texts]
        if self.texts and sorted(given) != sorted(self.languages):
            raise ValueError(
                f"The students read {', '.join(self.languages)}, but there is text for {', '.join(given)}. Give one "
                "text for each language of a student."
            )
        return self

    @property
    def has_teacher(self) -> bool:
        """Whether a teacher reads along."""
        return any(value for name, value in self.weights if name != "mlm")

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        if self.data is not None:
            return ((self.data, self.languages),)
        return tuple((text.data, (text.language,)) for text in self.texts)

    @property
    def leaves(self) -> tuple[str, ...]:
        """The names of the students."""
        return tuple(student.name for student in self.students)

    @property
    def against_lora(self) -> str:
        """What begins at random must learn whole."""
        return "" if (self.init, self.init_head) == ("teacher", "teacher") else "Parts of the students begin at random."

    @property
    def hides(self) -> float:
        """As many as in training."""
        return self.mask_rate

    @property
    def depth_left(self) -> int:
        """The blocks of a student."""
        return self.depth

    def describe(self, given: Given, depth_of: Callable[[Any], int]) -> str:
        """Which blocks the students begin as and learn from, resolved: `1<-2`: student block 1, teacher block 2."""
        whence, taught = "random", "nobody"
        if self.init == "teacher":
            whence = _described(self.init_map, self.depth, depth_of(given.start))
        if self.has_teacher:
            taught = _described(self.map, self.depth, depth_of(given.teacher or given.start))
        return f"students begin as {whence}; learn from {taught}"

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group a language, and the students, made of what the run starts from."""
        return prepare(self, models, seed)


def _described(layers: LayerMap, student_blocks: int, teacher_blocks: int) -> str:
    named = f" ({layers})" if not isinstance(layers, Mapping) else ""
    return describe(resolve(layers, student_blocks, teacher_blocks)) + named
