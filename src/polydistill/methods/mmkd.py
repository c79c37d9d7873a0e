"""MMKD: a multilingual encoder learns from an English one at four levels, on translations (Li et al. 2022, Sec. 3).

    loss = tlm + xwcl + senta + alpha struca                                                               (eq. 6)

tlm      the student predicts hidden tokens of a sentence and its translation, read as one input (Sec. 3.1)
xwcl     its vector of a hidden English word picks the teacher's among those of the sentence's words (eq. 1)
senta    its first token of the translation, projected and predicted, meets the teacher's of the sentence (eq. 2)
struca   the sentences of a batch relate to one another as they do for the teacher (eq. 3 to 5)

Nobody reads an input twice in a step:

    who       reads                                       for
    student   sentence + translation, tokens hidden       tlm
    student   sentence + translation, words hidden        xwcl
    student   translation                                 senta, struca
    teacher   sentence                                    xwcl, senta, struca

B = rows, L = tokens, W = words, D = width.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal, Self, cast

import torch
from pydantic import model_validator
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polydistill.bounds import Length, ShareNotNone, Temperature, Weight, Width
from polydistill.data.batches.batches import Batch, Group, Transform
from polydistill.data.batches.encoding import Encoded, Ragged, encode_texts, encode_with_places
from polydistill.data.batches.masking import IGNORED, masking, word_masking
from polydistill.data.translations.translations import Pairs, Translations, load_pairs
from polydistill.data.translations.words import first_tokens, shared_words
from polydistill.errors import unknown
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.spec import Given, Head, MethodSpec, Teaching
from polydistill.methods.together import together
from polydistill.models.frozen import Frozen
from polydistill.models.heads import bridge, normalised_perceptron, perceptron
from polydistill.models.layers import family_of, head_transform, scoring
from polydistill.models.polyglot import check_reads_alike
from polydistill.objectives.contrast import Per, Picks, word_contrast
from polydistill.objectives.sentences import Features, Rows, sentence_alignment, spread, structure_alignment
from polydistill.objectives.vocabulary import mlm_and_hinton
from polydistill.outputs import Loss, Term
from polydistill.specs import Spec

_OF_SENTENCES = ("senta", "struca")
_PAIR, _WORDS = "pair", "words"  # in a batch only until the transform has hidden tokens and words of them


class Levels(Spec):
    """What each term counts. A term of weight 0 is not computed, and what only it reads is not read."""

    tlm: Weight = 1.0
    xwcl: Weight = 1.0
    senta: Weight = 1.0
    struca: Weight = 10.0  # alpha: the authors' code; the paper says it "is used to balance the weights"

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if not any(value for _, value in self):
            raise ValueError("All weights are 0: nothing would be learned. Give at least one term a weight.")
        return self


class MMKDSpec(Translations, MethodSpec):
    """Align a multilingual encoder with an English one."""

    kind: Literal["mmkd"] = "mmkd"
    teaching: ClassVar[Teaching] = "one"
    teacher_has_head: ClassVar[bool] = False
    scored: ClassVar[bool] = False
    moves_all_embeddings: ClassVar[bool] = True
    weights: Levels = Levels()
    tlm_positions: Literal["masked", "all"] = "masked"
    """Where tokens are predicted: where they are hidden, or everywhere, pads too (the authors' code)."""
    xwcl_picks: Picks = "teacher"
    xwcl_per: Per = "sentence"
    xwcl_temperature: Temperature = 1.0  # ours; the paper says nothing
    senta_features: Features = "sum"  # eq. 2, as BYOL's, which calls this sum a mean squared error too
    struca_rows: Rows = "mean"
    struca_temperature: Temperature = 0.1  # ours; the paper says nothing
    teacher_projectors: Literal["frozen_random", "trained"] = "frozen_random"
    """`trained` ones can collapse: the log then shows how far the projections of a batch spread."""
    heads: Literal["plain", "batch-norm"] = "plain"
    """Projectors and predictors with biases, or without and normalised over the batch (the authors' code)."""
    source_pairs: bool = False
    """Whether sentences of the source language are also pairs with themselves, as one language more (their code)."""
    head_hidden: Width = 768  # "2-layer MLP with 768 hidden dimensions and 128 output dimensions" (Sec. 4.1)
    head_width: Width = 128
    mask_rate: ShareNotNone = 0.15  # "randomly mask 15% tokens", "15% words" (Sec. 3.1, 3.2)
    max_length: Length = 128  # "128 tokens as the maximum length of each sequence" (Sec. 4.1), of two texts too

    @property
    def has_teacher(self) -> bool:
        """Whether any term that counts needs a teacher: all but `tlm` do."""
        return any(getattr(self.weights, term) for term in ("xwcl", *_OF_SENTENCES))

    @property
    def head(self) -> Head:
        """The words that were hidden, where TLM counts."""
        return "words" if self.weights.tlm else "vectors"

    @property
    def head_is_for(self) -> tuple[str, str]:
        """TLM predicts words."""
        return (
            "which TLM needs (method.weights.tlm)",
            ", leave TLM out (align --without tlm), or learn sentence vectors alone (align --method sentence)",
        )

    @property
    def teacher_is(self) -> str:
        """What the teacher must be."""
        return f"an encoder of {self.source_language!r}"

    @property
    def taught_in(self) -> str:
        """The language that the teacher reads."""
        return self.source_language

    def describe(self, given: Given, depth_of: Callable[[Any], int]) -> str:
        """What each term counts, and how it is taken."""
        del given, depth_of
        how = {
            "tlm": f"at {self.tlm_positions} positions",
            "xwcl": f"among the {self.xwcl_picks}'s words, per {self.xwcl_per}, temperature {self.xwcl_temperature:g}",
            "senta": f"{self.senta_features} of features",
            "struca": f"{self.struca_rows} of rows, temperature {self.struca_temperature:g}",
        }
        terms = [f"{weight:g} {name} ({how[name]})" for name, weight in self.weights if weight]
        return f"{' + '.join(terms)}; heads: {self.heads}; the teacher's projectors: {self.teacher_projectors}"

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group a language: its pairs, as the student and the teacher read them, and the words they share."""
        assert models.teacher is not None, "MMKD has a teacher"
        network, tokenizer = models.student.network, models.student.tokenizer
        assert models.teacher.network is not network, "a teacher is frozen, so it is a network of its own"
        for one in (models.student, models.teacher):
            check_reads_alike(one.network)
        if self.weights.tlm:
            family_of(network)  # says which families have a head that is known here
        teacher = Frozen(models.teacher.network.base_model) if self.has_teacher else None
        loaded = load_pairs(self, "MMKD", tokenizer, seed)
        pairs = {**loaded.pairs, **({self.source_language: _same(loaded.pairs.values())} if self.source_pairs else {})}
        groups = [_group(self, models, code, some) for code, some in pairs.items()]
        method = MMKD(network, teacher, self, seed)
        return Prepared(method, groups, _hiding(self, tokenizer), notes=loaded.notes)

    def without(self, *terms: str) -> Self:
        """The same with these terms removed (table 5)."""
        for term in terms:
            if term not in Levels.model_fields:
                raise unknown("term of MMKD", term, Levels.model_fields)
        return self.model_copy(update={"weights": Levels(**{**self.weights.model_dump(), **dict.fromkeys(terms, 0.0)})})


class MMKD(Method):
    """Bring translations, word by word and sentence by sentence, to where the teacher has the original."""

    student: PreTrainedModel

    def __init__(self, student: PreTrainedModel, teacher: Frozen | None, spec: MMKDSpec, seed: int = 0) -> None:
        super().__init__()
        self.student, self.teacher, self.spec = student, teacher, spec
        self.projectors = nn.ModuleDict()
        if teacher is not None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                self._add_projectors(int(cast(PreTrainedModel, teacher.network).config.hidden_size))

    def _add_projectors(self, wide: int) -> None:
        """The student has a projector and a predictor for each of senta and struca, the teacher a projector."""
        spec, width, dtype = self.spec, int(self.student.config.hidden_size), self.student.dtype
        if spec.weights.xwcl:
            self.projectors["xwcl"] = bridge(width, wide, dtype)
        for term in self._sentence_terms:
            own = self._head(width, dtype)
            predictor = self._head(spec.head_width, dtype, projects=False)
            theirs = self._head(wide, dtype)
            theirs.requires_grad_(spec.teacher_projectors == "trained")
            self.projectors[f"{term}_student"] = nn.Sequential(own, predictor)
            self.projectors[f"{term}_teacher"] = theirs

    def _head(self, width: int, dtype: torch.dtype, projects: bool = True) -> nn.Sequential:
        """A projector, or the predictor on top of one, which the authors' code does not close by a normalisation."""
        sizes = width, self.spec.head_hidden, self.spec.head_width, dtype
        return perceptron(*sizes) if self.spec.heads == "plain" else normalised_perceptron(*sizes, closed=projects)

    def forward(self, **batch: Any) -> Loss:
        """The terms that have a weight, and how far the projections of the batch spread."""
        taught_BLD: Any = None if self.teacher is None else self.teacher(**batch["source"]).last_hidden_state
        values: dict[str, Tensor] = {}
        if self.spec.weights.tlm:
            values["tlm"] = self._tlm(batch["tlm"], batch["labels"])
        if self.spec.weights.xwcl:
            values["xwcl"] = self._xwcl(taught_BLD, batch)
        measured: dict[str, Tensor] = {}
        if self._sentence_terms:
            firsts = together(self._read(batch["target"])[:, 0]), together(taught_BLD[:, 0])
            for term in self._sentence_terms:
                values[term] = self._of_sentences(term, *firsts, measured)
        return Loss({name: Term(value, getattr(self.spec.weights, name)) for name, value in values.items()}, measured)

    def counts(self, batch: Batch) -> dict[str, int]:
        """Hidden tokens (tlm), sentences or hidden words (xwcl), pairs (senta, struca)."""
        spec, counts = self.spec, {}
        if spec.weights.tlm:
            counts["tlm"] = int((batch["labels"] != IGNORED).sum())
        if spec.weights.xwcl:
            words_BW, masked_BW = batch["word_tokens"] >= 0, batch["masked_words"]
            counted = {"sentence": words_BW.any(-1), "mean": masked_BW.any(-1), "word": masked_BW}
            counts["xwcl"] = int(counted[spec.xwcl_per].sum())
        return counts | {term: len(batch["target"]["input_ids"]) for term in self._sentence_terms}

    @property
    def _sentence_terms(self) -> tuple[str, ...]:
        return tuple(term for term in _OF_SENTENCES if getattr(self.spec.weights, term))

    def _read(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return cast(Tensor, self.student.base_model(**inputs).last_hidden_state)

    def _tlm(self, inputs: Mapping[str, Tensor], labels_BL: Tensor) -> Tensor:
        counts_BL = labels_BL != IGNORED
        vectors_ND = head_transform(self.student, self._read(inputs)[counts_BL])
        weights = (self.spec.weights.tlm, 0.0)
        return mlm_and_hinton(vectors_ND, scoring(self.student), labels_BL[counts_BL], weights=weights).mlm

    def _xwcl(self, taught_BLD: Tensor, batch: Batch) -> Tensor:
        words_BW = batch["word_tokens"] >= 0
        return word_contrast(
            self.projectors["xwcl"](_at(self._read(batch["xwcl"]), batch["word_tokens"])),
            _at(taught_BLD, batch["taught_word_tokens"]),
            batch["masked_words"],
            words_BW,
            self.spec.xwcl_temperature,
            self.spec.xwcl_picks,
            self.spec.xwcl_per,
        )

    def _of_sentences(self, term: str, student_BD: Tensor, teacher_BD: Tensor, measured: dict[str, Tensor]) -> Tensor:
        """`senta` or `struca`, of what their own heads make of the first tokens."""
        student_BD, teacher_BD = (
            self.projectors[f"{term}_{who}"](one) for who, one in (("student", student_BD), ("teacher", teacher_BD))
        )
        measured[f"{term}_spread"], measured[f"{term}_teacher_spread"] = spread(student_BD), spread(teacher_BD)
        if term == "senta":
            return sentence_alignment(student_BD, teacher_BD, self.spec.senta_features)
        return structure_alignment(student_BD, teacher_BD, self.spec.struca_temperature, self.spec.struca_rows)


def _at(hidden_BLD: Tensor, places_BW: Tensor) -> Tensor:
    """The vectors at these places; at those below 0, which hold no word, some vector."""
    index_BWD = places_BW.clamp(min=0).unsqueeze(-1).expand(-1, -1, hidden_BLD.shape[-1])
    return hidden_BLD.gather(1, index_BWD)


def _same(pairs: Iterable[Pairs]) -> Pairs:
    """Every sentence of the source, once, and itself as its translation."""
    sources = tuple(dict.fromkeys(text for one in pairs for text in one.source))
    return Pairs(sources, sources)


def _group(spec: MMKDSpec, models: Models, code: str, pairs: Pairs) -> Group:
    """What any of the terms needs, and no more."""
    assert models.teacher is not None
    weights, tokenizer = spec.weights, models.student.tokenizer
    texts: dict[str, Encoded] = {}
    values: dict[str, Ragged] = {}
    if weights.tlm or weights.xwcl:
        texts[_PAIR], places = encode_with_places(tokenizer, pairs.source, pairs.target, spec.max_length)
    if weights.xwcl or weights.senta or weights.struca:
        texts["source"], taught = encode_with_places(models.teacher.tokenizer, pairs.source, None, spec.max_length)
    if weights.xwcl:
        values[_WORDS], theirs = shared_words(pairs.source, places, taught)
        values["word_tokens"], values["taught_word_tokens"] = first_tokens(values[_WORDS]), first_tokens(theirs)
    if weights.senta or weights.struca:
        texts["target"] = encode_texts(tokenizer, pairs.target, None, spec.max_length)
    return Group(code, texts, values)


def _hiding(spec: MMKDSpec, tokenizer: PreTrainedTokenizerBase) -> Transform:
    """Makes of each pair the input of `tlm` and that of `xwcl`, each with its own tokens hidden."""
    tokens, words = masking(tokenizer, spec.mask_rate), word_masking(tokenizer, spec.mask_rate)

    def hide(batch: Batch, rng: Any) -> Batch:
        hidden = {name: value for name, value in batch.items() if name not in (_PAIR, _WORDS)}
        if spec.weights.tlm:
            seen = tokens({**batch, "text": batch[_PAIR]}, rng)
            hidden["tlm"] = seen["text"]
            hidden["labels"] = seen["labels"] if spec.tlm_positions == "masked" else batch[_PAIR]["input_ids"]
        if spec.weights.xwcl:
            seen = words({**batch, "text": batch[_PAIR]}, rng)
            hidden["xwcl"], hidden["masked_words"] = seen["text"], seen["masked_words"]
        return hidden

    return hide
