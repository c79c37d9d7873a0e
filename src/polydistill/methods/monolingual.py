"""Monolingual students of a multilingual teacher: MonoShot and MonoAlignment (thesis, Sec. 3.2).

    loss = alpha mlm + beta hinton + gamma sum_m hid(m) + delta sum_m att(m) + eps emb     (weights: see `Weights`)

Each student reads text of its own language(s), some of it hidden, and learns the hidden words (mlm) and to do as the
teacher does: its predictions (hinton), hidden states (hid), attention (att) and embeddings (emb). The student's block m
learns from the teacher's block g(m). Algorithm 1: a batch is of one language; the teacher reads it once; every student
of the language takes its step. What students share, all of them move.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self, cast

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polydistill.data.batches.batches import Batch, Group
from polydistill.data.batches.masking import IGNORED, masking
from polydistill.data.batches.stream_steps import TextGroup
from polydistill.data.batches.streams import TextStream
from polydistill.data.batches.text_groups import streamed_group, text_group
from polydistill.data.rows.sources import Source
from polydistill.methods.method import Method, Models, Prepared
from polydistill.models import matching
from polydistill.models.bank import Bank, Build, Origin, Part, build_students, check_share
from polydistill.models.capture import Inside, Transparent, look_inside
from polydistill.models.frozen import Frozen
from polydistill.models.layers import blocks, head_transform, scoring
from polydistill.models.loaded import Loaded
from polydistill.models.matching import Kind, Layers, Projector
from polydistill.models.trimming.piece_map import LostMass, PieceMap, piece_map
from polydistill.objectives.layer_maps import LayerMap, resolve
from polydistill.objectives.logits import Scaling
from polydistill.objectives.vocabulary import mlm_and_hinton
from polydistill.outputs import Loss, Term
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

    mlm: NonNegativeFloat = 0.2  # alpha. The thesis: the weights "sum to 1"; equal shares are ours
    hinton: NonNegativeFloat = 0.2  # beta
    hid: NonNegativeFloat = 0.2  # gamma
    att: NonNegativeFloat = 0.2  # delta
    emb: NonNegativeFloat = 0.2  # epsilon
    relations: NonNegativeFloat = 0.0  # MiniLM; not in the thesis

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if not any(value for _, value in self):
            raise ValueError("All weights are 0: nothing would be learned. Give at least one term a weight.")
        return self


class MonolingualSpec(Spec):
    """Distil a masked language model into small students of single languages."""

    kind: Literal["monolingual"] = "monolingual"
    students: tuple[Student, ...] = Field(min_length=1)
    data: Source | None = None
    """Text in all languages ..."""
    texts: tuple[Text, ...] = ()
    """... or text of each language."""
    buffer: PositiveInt | None = None
    """Read the text as it is needed, and shuffle so many lines together; without it, all text is in memory."""
    packed: bool = False
    """Join streamed lines and cut them into inputs of `max_length`; if not, each line is an input."""
    depth: PositiveInt  # "We choose L = 6 numbers of layers" of 12 (Sec. 4.1)
    width: PositiveInt | None = None
    """The teacher's where not set; another one needs `init="random"`."""
    heads: PositiveInt | None = None
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
    relation_heads: PositiveInt | None = None
    """As many as the teacher's attention heads where not set."""
    temperature: PositiveFloat = 4.0  # the authors' code; the thesis says nothing
    scaling: Scaling = "hinton"
    positions: Literal["masked", "all"] = "all"
    """Where `hinton` compares: at hidden tokens, or at all (never pads)."""
    lost_mass: LostMass = Field(default="renormalise", exclude_if=lambda how: how == "renormalise")
    """What becomes of what the teacher says of pieces that a trimmed student does not have."""
    mask_rate: float = Field(default=0.15, gt=0, le=1)  # "the same masking dynamic as XLM-R" (Sec. 3.2.1)
    max_length: PositiveInt = 256  # ours

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
    def labels_seen(self) -> tuple[str, ...]:
        """Languages whose task labels are read: none."""
        return ()


class Monolingual(Method):
    """Teach the students of a batch's language; the others are left alone."""

    student: Bank

    def __init__(
        self,
        student: Bank,
        teacher: Frozen | None,
        spec: MonolingualSpec,
        layers: Layers,
        pieces: PieceMap,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.student, self.teacher, self.spec, self.layers, self.pieces = student, teacher, spec, layers, pieces
        self.projectors = nn.ModuleDict()
        if teacher is not None:
            wide = _network(teacher).config.hidden_size
            numbers = [0] * bool(spec.weights.emb) + list(layers) * bool(spec.weights.hid)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                for name, network in student.networks.items():
                    own = cast(PreTrainedModel, network)
                    self.projectors[name] = Projector(own.config.hidden_size, wide, numbers, own.dtype)

    def forward(self, text: Mapping[str, Tensor], labels: Tensor, language: str | None = None, **_: Any) -> Loss:
        """The terms of every student of the language."""
        taught = None
        if self.teacher is not None:
            taught = self.teacher(self.pieces.read(text), self._hidden, self._blocks(self.layers.values()))
        students = self.student.of(language)
        terms = {}
        for name, network in students.items():
            for term, value in self._values(name, network, text, labels, taught).items():
                terms[_called(term, name, students)] = Term(value, getattr(self.spec.weights, term))
        return Loss(terms)

    def counts(self, batch: Batch) -> dict[str, int]:
        """Hidden tokens (mlm), positions or texts (hinton), tokens (hid, emb, relations), pairs of tokens (att)."""
        mask_BL, masked = batch["text"]["attention_mask"], int((batch["labels"] != IGNORED).sum())
        tokens, pairs = int(mask_BL.sum()), int(mask_BL.sum(-1).square().sum())
        compared = masked if self.spec.positions == "masked" else tokens
        soft = len(mask_BL) if self.spec.scaling == "sequence_sum" else compared
        counts = {"mlm": masked, "hinton": soft, "hid": tokens, "att": pairs, "emb": tokens, "relations": tokens}
        students = self.student.of(batch["language"])
        wanted = [term for term, weight in self.spec.weights if weight]
        return {_called(term, name, students): counts[term] for name in students for term in wanted}

    @property
    def _hidden(self) -> bool:
        return self.teacher is not None and bool(self.spec.weights.hid or self.spec.weights.emb)

    def _blocks(self, numbers: Iterable[int]) -> tuple[int, ...]:
        """Blocks whose attention is needed, of these."""
        weights = self.spec.weights
        return tuple(dict.fromkeys(numbers)) if self.teacher is not None and (weights.att or weights.relations) else ()

    def _values(
        self, name: str, network: PreTrainedModel, text: Mapping[str, Tensor], labels_BL: Tensor, taught: Inside | None
    ) -> dict[str, Tensor]:
        """The terms of one student, unweighted."""
        spec, weights, layers, mask_BL = self.spec, self.spec.weights, self.layers, text["attention_mask"]
        seen = look_inside(network, text, self._hidden, self._blocks(layers))
        values: dict[str, Tensor] = {}
        if weights.mlm or weights.hinton:
            values = self._vocabulary(network, seen, taught, labels_BL, mask_BL.bool())
        if taught is None:
            return values
        project = cast(Projector, self.projectors[name])
        if weights.hid:
            values["hid"] = matching.hid(seen, taught, project, layers, mask_BL, spec.hid)
        if weights.att:
            values["att"] = matching.att(seen, taught, layers, mask_BL, spec.att)
        if weights.emb:
            values["emb"] = matching.emb(seen, taught, project, mask_BL)
        if weights.relations:
            heads = spec.relation_heads or int(_network(cast(Frozen, self.teacher)).config.num_attention_heads)
            values["relations"] = matching.relations(seen, taught, layers, mask_BL, spec.relations, heads)
        return values

    def _vocabulary(
        self, network: PreTrainedModel, seen: Inside, taught: Inside | None, labels_BL: Tensor, real_BL: Tensor
    ) -> dict[str, Tensor]:
        """`mlm` and `hinton`, at the positions that count for one of them."""
        weights, masked_BL = self.spec.weights, labels_BL != IGNORED
        soft_BL = masked_BL if self.spec.positions == "masked" else real_BL
        counts_BL = masked_BL | soft_BL if weights.hinton else masked_BL
        teacher = None
        if weights.hinton:
            assert taught is not None and self.teacher is not None, "soft targets come from a teacher"
            teacher = self.pieces.said(_network(self.teacher), taught.last_BLD[counts_BL], self.spec.lost_mass)
        found = mlm_and_hinton(
            head_transform(network, seen.last_BLD[counts_BL]),
            scoring(network),
            labels_BL[counts_BL] if weights.mlm else None,
            teacher,
            soft_BL[counts_BL],
            temperature=self.spec.temperature,
            scaling=self.spec.scaling,
            sequences=len(labels_BL),
            weights=(weights.mlm, weights.hinton),
        )
        return {name: value for name, value in found._asdict().items() if getattr(weights, name)}


def prepare(spec: MonolingualSpec, models: Models, seed: int) -> Prepared:
    """One group a language, and the students, made of what the run starts from; that also teaches, if no other does."""
    start, tokenizer = models.student.network, models.student.tokenizer
    taught_by = models.teacher or models.student
    layers = resolve(spec.map, spec.depth, len(blocks(taught_by.network)))
    build = Build(
        depth=spec.depth,
        layers=resolve(spec.init_map, spec.depth, len(blocks(start))) if spec.init == "teacher" else {},
        width=spec.width,
        heads=spec.heads,
        init=spec.init,
        head_init=spec.init_head,
        share=spec.share,
        tie_head=spec.tie_head,
    )
    networks = build_students(start, [student.name for student in spec.students], build, seed)
    bank = Bank(networks, {student.name: student.languages for student in spec.students})
    teacher = Frozen(Transparent(taught_by.network)) if spec.has_teacher else None
    pieces = piece_map(tokenizer, taught_by.tokenizer)
    groups, streams = _text(spec, tokenizer, seed)
    return Prepared(
        Monolingual(bank, teacher, spec, layers, pieces, seed),
        groups,
        masking(tokenizer, spec.mask_rate),
        streams=streams,
        students={name: Loaded(network, tokenizer) for name, network in networks.items()},
    )


def _text(spec: MonolingualSpec, tokenizer: PreTrainedTokenizerBase, seed: int) -> tuple[list[Group], list[TextGroup]]:
    """The text of each language: in memory, or as streams."""
    read = [(source, code) for source, codes in spec.reads for code in codes]
    if spec.buffer is None:
        return [text_group(source, code, tokenizer, spec.max_length) for source, code in read], []
    streams = {code: TextStream(source=source, buffer=spec.buffer, packed=spec.packed) for source, code in read}
    return [], [streamed_group(stream, code, tokenizer, spec.max_length, seed) for code, stream in streams.items()]


def _called(term: str, name: str, students: Mapping[str, object]) -> str:
    """The name of a student's term: the paper's own, with the student's where several learn from one batch."""
    return term if len(students) == 1 else f"{term}/{name}"


def _network(teacher: Frozen) -> PreTrainedModel:
    return cast(Transparent, teacher.network).network
