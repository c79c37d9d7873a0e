"""Cross-lingual retrieval: does a sentence find its translation among those of all others?

Accuracy is the share of queries whose nearest candidate is their translation, MRR the mean of 1 / rank of it
(Tatoeba: Artetxe & Schwenk 2019; by BERTScore: thesis on monolingual students, Sec. 4.1).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from polydistill.bounds import NoneOrHeld
from polydistill.data.batches.encoding import Encoded, Ints
from polydistill.models.sentence import SentenceHead
from polydistill.results import LanguageCode, Score, score_of
from polydistill.retrieval.bertscore import bertscore
from polydistill.retrieval.neighbours import Search, found_ranks, nearest, ranks, similarities
from polydistill.retrieval.token_vectors import (
    Combine,
    Sentences,
    SpecialTokens,
    TextEncoder,
    idf_table,
    own_vectors,
    sentence_vectors,
    sentences,
    special_ids,
    token_vectors,
    token_weights,
)
from polydistill.specs import Spec

Layers = Literal["all", "last", "own"] | tuple[int, ...]  # own: vectors as the folder says, of the last layer
DEPTH = 10  # ours: how far down the neighbours that faiss finds the translation is looked for
_ONLY_BERTSCORE, _ONLY_COSINE = ("idf", "part"), ("pooling", "search")


class Similarity(Spec):
    """How sentences are compared. What is not said is filled in, so that every result carries all of it.

    `special_tokens` (<s> and the like): `matched` = of no weight, but other tokens may match them (the `bert-score`
    package, and the default of BERTScore), `counted` like any other (the default of cosine), or `dropped`.
    `combine`: several layers as tokens of their own (the thesis: "all token representation of each layer"), as their
    mean, or concatenated. `idf` (BERTScore): of the queries for both sides (`queries`: the package's meaning), or of
    each side's own sentences (`own`). `margin`: ratio to the mean similarity with so many neighbours on both sides.
    """

    similarity: Literal["cosine", "bertscore"] = "cosine"
    layers: Layers = "all"
    combine: Combine
    special_tokens: SpecialTokens
    pooling: Literal["mean", "first"] = "mean"
    idf: Literal["none", "queries", "own"] = "none"
    part: Literal["f1", "precision", "recall"] = "f1"
    margin: NoneOrHeld = 0
    search: Search = "exact"

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        by_tokens = data.get("similarity") == "bertscore"
        usual = {
            "combine": "tokens" if by_tokens else "mean",
            "special_tokens": "matched" if by_tokens else "counted",
        }
        return usual | {name: value for name, value in data.items() if value is not None}

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        fields = type(self).model_fields
        foreign = _ONLY_COSINE if self.similarity == "bertscore" else _ONLY_BERTSCORE
        for name in foreign:
            if getattr(self, name) != fields[name].default:
                raise ValueError(f"{name}={getattr(self, name)} is no option of {self.similarity}; leave it out.")
        if self.similarity == "cosine" and self.combine == "tokens":
            raise ValueError("combine=tokens is of BERTScore; a sentence's one vector takes mean or concatenate.")
        if self.search != "exact" and self.margin:
            raise ValueError(f"margin={self.margin} needs search=exact, not {self.search}.")
        usual = {"similarity": "cosine", "combine": "mean", "special_tokens": "counted", "pooling": "mean"}
        other = [f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        if self.layers == "own" and other:
            raise ValueError(f"layers=own takes vectors as their folder says: leave {', '.join(other)} out.")
        if self.pooling == "first" and self.special_tokens == "dropped":
            raise ValueError("pooling=first takes the first token, a special one: special_tokens=dropped forbids it.")
        return self

    @property
    def said(self) -> str:
        """All that matters of it but the layers, such as "cosine, combine=mean, special_tokens=counted, ..."."""
        foreign = _ONLY_COSINE if self.similarity == "bertscore" else _ONLY_BERTSCORE
        if self.layers == "own":
            return f"cosine of vectors as the models' folders say, margin={self.margin}, search={self.search}"
        rest = self.model_dump(exclude={"similarity", "layers", *foreign})
        return ", ".join([self.similarity, *(f"{name}={value}" for name, value in rest.items())])


class Retrieval(Spec):
    """One result: `direction` says whether `language` looks for `other` ("to") or the reverse ("from")."""

    language: LanguageCode
    other: LanguageCode
    direction: Literal["to", "from"]
    how: Similarity
    layers: tuple[int, ...]
    """The layers of the model that reads `language`, 0 = embeddings; `other_layers`: those of the other's."""
    other_layers: tuple[int, ...]
    accuracy: float
    mrr: float
    candidates: int
    hits: str
    """One character a query in the order of the rows: "1" where the nearest candidate is its translation."""
    model: str = ""
    other_model: str = ""
    model_fingerprints: tuple[str, ...] = ()
    """Hashes of the two encoders' weights, without heads."""
    data: str = ""
    data_fingerprint: str = ""
    split: str = "test"

    @property
    def way(self) -> str:
        """Such as "tr to en"."""
        queries, candidates = (self.language, self.other)[:: 1 if self.direction == "to" else -1]
        return f"{queries} to {candidates}"

    @property
    def metric(self) -> str:
        """The name of the accuracy among a run's scores, such as "retrieval cosine to en"."""
        return f"retrieval {self.how.similarity} {self.direction} {self.other}"

    @property
    def scores(self) -> tuple[Score, Score]:
        """Accuracy, with what was right by row, and MRR, as a run stores them."""
        correct = np.frombuffer(self.hits.encode(), dtype=np.uint8) == ord("1")
        found = score_of(self.language, correct, self.split, self.data_fingerprint)
        mean = {"metric": f"{self.metric} mrr", "value": self.mrr, "hits": None}
        return found.model_copy(update={"metric": self.metric}), found.model_copy(update=mean)

    @property
    def layer_scores(self) -> tuple[Score, Score]:
        """The same, where only one layer was looked at: its number is part of their names."""
        accuracy, mean = (
            one.model_copy(update={"metric": at_layer(one.metric, self.layers[0])}) for one in self.scores
        )
        return accuracy, mean


def at_layer(metric: str, layer: int) -> str:
    """The name of a score of one layer, such as "retrieval cosine to en, layer 3"."""
    return f"{metric}, layer {layer}"


@dataclass(frozen=True)
class Side:
    """Sentences of one language and the model that reads them."""

    encoder: TextEncoder
    tokenizer: PreTrainedTokenizerBase
    text: Encoded
    own: SentenceHead | None = None
    """What makes its vectors, where they are compared as its folder says."""


View = tuple[tuple[int, ...], tuple[int, ...]]
"""The layers of one side's model and those of the other's."""


def views(layers: Layers, blocks: tuple[int, int], by_layer: bool) -> list[View]:
    """The layers of both models that are compared: all together, or one after the other where wanted so."""
    chosen = [resolved(layers, count) for count in blocks]
    if not by_layer:
        return [(chosen[0], chosen[1])]
    if chosen[0] != chosen[1]:
        raise ValueError(
            f"Layer by layer needs models of equal depth; these have {blocks[0]} and {blocks[1]} blocks. Name the "
            "layers that both have, such as layers=1,2,3."
        )
    return [((layer,), (layer,)) for layer in chosen[0]]


def paired_ranks(first: Side, second: Side, how: Similarity, wanted: Sequence[View]) -> list[tuple[Ints, Ints]]:
    """For each view: the rank of each sentence's translation, from first to second and back. 0 = not found."""
    if len(first.text) != len(second.text) or len(first.text) == 0:
        raise ValueError(
            f"{len(first.text)} and {len(second.text)} sentences; expected pairs, line i of each saying the same."
        )
    compare = _by_bertscore if how.similarity == "bertscore" else _by_cosine
    return list(compare(first, second, how, wanted))


def accuracy_and_mrr(found: Ints) -> tuple[float, float]:
    """The share of ranks that are 1, and the mean of 1 / rank (0 where the translation was not found)."""
    reciprocal = np.divide(1.0, found, out=np.zeros(len(found)), where=found > 0)
    return float(np.mean(found == 1)), float(reciprocal.mean())


def resolved(layers: Layers, blocks: int) -> tuple[int, ...]:
    """The numbers of the layers of a model with so many blocks."""
    if layers == "all":
        return tuple(range(1, blocks + 1)) or (0,)  # a student without attention has its embeddings alone
    if layers == "last" or layers == "own":  # noqa: PLR1714, which would hide from the types what is left
        return (blocks,)
    wrong = [layer for layer in layers if not 0 <= layer <= blocks]
    if wrong or not layers or len(set(layers)) < len(layers):
        said = ",".join(map(str, layers)) or "none"
        raise ValueError(
            f"layers={said}: expected all, last, or different layers from 0 (the embeddings) to {blocks} (the last "
            "block)."
        )
    return tuple(layers)


def _by_cosine(first: Side, second: Side, how: Similarity, wanted: Sequence[View]) -> Iterator[tuple[Ints, Ints]]:
    left, right = (_vectors(side, [view[place] for view in wanted], how) for place, side in enumerate((first, second)))
    for one_ND, other_ND in zip(left, right, strict=True):
        _same_width(one_ND, other_ND)
        yield _cosine_ranks(one_ND, other_ND, how), _cosine_ranks(other_ND, one_ND, how)


def _vectors(side: Side, chosen: Sequence[tuple[int, ...]], how: Similarity) -> list[Tensor]:
    if side.own is not None:
        return [own_vectors(side.encoder, side.text, side.own)]
    dropped = () if how.special_tokens == "counted" else special_ids(side.tokenizer)
    return sentence_vectors(side.encoder, side.text, chosen, how.combine, dropped, how.pooling == "first")


def _cosine_ranks(queries_ND: Tensor, candidates_MD: Tensor, how: Similarity) -> Ints:
    if how.search != "exact":
        depth = min(DEPTH, len(candidates_MD))
        return found_ranks(nearest(queries_ND, candidates_MD, depth, how.search)[1])
    rows = similarities(queries_ND, candidates_MD)
    if not how.margin:
        return ranks(rows)
    near_N, near_M = (
        nearest(one, other, how.margin)[0].mean(1)
        for one, other in ((queries_ND, candidates_MD), (candidates_MD, queries_ND))
    )
    return ranks(_margins(rows, near_N, near_M))


def _by_bertscore(first: Side, second: Side, how: Similarity, wanted: Sequence[View]) -> Iterator[tuple[Ints, Ints]]:
    if how.idf == "queries" and first.tokenizer.get_vocab() != second.tokenizer.get_vocab():
        raise ValueError(
            "idf=queries weighs both sides by the queries' pieces, but the two models have different ones. "
            "Take idf=own, which counts each side by itself."
        )
    left, right = (
        token_vectors(side.encoder, side.text, [view[place] for view in wanted], how.combine)
        for place, side in enumerate((first, second))
    )
    for one_KTD, other_KTD in zip(left, right, strict=True):
        _same_width(one_KTD, other_KTD)
        scores = bertscore(_ready(first, one_KTD, how, first), _ready(second, other_KTD, how, first))
        back = scores.swapped()
        if how.idf == "queries":  # the other side's sentences are the queries now, and they decide the weights
            back = bertscore(_ready(second, other_KTD, how, second), _ready(first, one_KTD, how, second))
        there, again = (_matrix_ranks(getattr(one, how.part), how.margin) for one in (scores, back))
        yield there, again


def _ready(side: Side, vectors_KTD: Tensor, how: Similarity, queries: Side) -> Sentences:
    """One side's token vectors with their weights."""
    counted = {"none": None, "own": side, "queries": queries}[how.idf]
    idf = None if counted is None else idf_table(counted.text, len(counted.tokenizer))
    specials = special_ids(side.tokenizer)
    weights = token_weights(side.text, specials, how.special_tokens, idf)
    return sentences(vectors_KTD, side.text, weights, specials, how.special_tokens)


def _matrix_ranks(similar_NM: Tensor, margin: int) -> Ints:
    if not margin:
        return ranks([similar_NM])
    count = min(margin, similar_NM.shape[1])
    return ranks(_margins([similar_NM], *(similar_NM.topk(count, axis)[0].mean(axis) for axis in (1, 0))))


def _margins(rows: Iterable[Tensor], near_N: Tensor, near_M: Tensor) -> Iterator[Tensor]:
    """Similarities as ratios to the mean over both sides' nearest neighbours (Artetxe & Schwenk 2019, eq. 2)."""
    start = 0
    for rows_BM in rows:
        yield 2 * rows_BM / (near_N[start : start + len(rows_BM), None] + near_M[None, :])
        start += len(rows_BM)


def _same_width(one: Tensor, other: Tensor) -> None:
    if one.shape[-1] != other.shape[-1]:
        raise ValueError(
            f"The two models' vectors have {one.shape[-1]} and {other.shape[-1]} numbers, so they cannot be compared. "
            "Take models of one width, with as many layers each where they are concatenated."
        )
