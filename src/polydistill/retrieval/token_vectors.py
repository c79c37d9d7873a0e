"""Sentences as vectors: what chosen layers of an encoder say of every token, or of the sentence as a whole.

B = sentences of a batch, L = their padded length, K = layers, N = sentences, T = tokens of all sentences without any
padding, D = width. Layer 0 is the embedding output, layer i the output of block i.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polydistill.data.batches.batches import length_batches
from polydistill.data.batches.encoding import Encoded, Ints
from polydistill.data.batches.padding import read_together
from polydistill.models.mblm import MBLMModel
from polydistill.models.polyglot import told
from polydistill.models.sentence import SentenceHead
from polydistill.progress import followed

Combine = Literal["tokens", "mean", "concatenate"]
"""How layers are joined: each layer's vector of a token as a token of its own, their mean, or one after the other."""
SpecialTokens = Literal["matched", "counted", "dropped"]
"""Tokens such as <s>: of no weight but there to be matched, like any other token, or left out."""
Say = Callable[[Sequence[Tensor], Mapping[str, Tensor]], list[Tensor]]


@dataclass(frozen=True)
class TextEncoder:
    """An encoder that reads texts of one language; its vectors stay on its device."""

    network: PreTrainedModel
    language: str | None = None
    batch_size: int | None = None
    """Texts read together; None: as many as are usual on the network's device."""

    @property
    def blocks(self) -> int:
        """Number of blocks, which is that of the last layer."""
        return int(self.network.config.num_hidden_layers)

    def hidden(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """The vectors [B, L, D] of every layer, 0 to the last, in single precision or better."""
        given = {**inputs, **told(self.network, inputs["input_ids"], self.language)}
        if isinstance(self.network, MBLMModel):
            states = self.network.hidden(**given)
        else:
            states = self.network.base_model(**given, output_hidden_states=True).hidden_states
        return tuple(state.to(torch.promote_types(state.dtype, torch.float32)) for state in states)


@dataclass(frozen=True)
class Sentences:
    """Token vectors of length one, and what each token weighs. Sentence i has the tokens offsets[i] to offsets[i + 1].

    With K > 1 every token has K vectors, each of which stands for itself.
    """

    vectors_KTD: Tensor
    weights_T: Tensor
    offsets: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1


def special_ids(tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """The tokens that a tokenizer puts around every text; <unk> and the like stand for what is written."""
    ids = (tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id)
    return tuple(dict.fromkeys(int(token) for token in ids if token is not None))


def idf_table(text: Encoded, vocabulary: int) -> NDArray[np.float32]:
    """log((N + 1) / (n + 1)) by token, n of the N texts holding it (BERTScore, Zhang et al. 2020, Sec. 3)."""
    found = np.zeros(vocabulary, dtype=np.int64)
    for ids in text.take(np.arange(len(text))):
        found[np.unique(ids["input_ids"])] += 1
    return np.log((len(text) + 1) / (found + 1)).astype(np.float32)


def token_weights(
    text: Encoded, specials: Sequence[int], special_tokens: SpecialTokens, idf: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """What every token weighs: 1 or its idf; special tokens nothing, unless they are counted."""
    ids = text.columns["input_ids"]
    weights = np.ones(len(ids), dtype=np.float32) if idf is None else idf[ids]
    return weights if special_tokens == "counted" else np.where(np.isin(ids, specials), np.float32(0), weights)


def token_vectors(
    encoder: TextEncoder, text: Encoded, views: Sequence[tuple[int, ...]], combine: Combine
) -> list[Tensor]:
    """For each view (a set of layers) the vectors [K, T, D] of all tokens, in the order of the texts."""

    def say(hidden: Sequence[Tensor], inputs: Mapping[str, Tensor]) -> list[Tensor]:
        inside_BL = inputs["attention_mask"].bool()
        return [_joined([hidden[layer][inside_BL] for layer in view], combine) for view in views]

    spans = [np.arange(start, end) for start, end in itertools.pairwise(text.offsets)]
    return _gathered(
        encoder, text, say, lambda rows: np.concatenate([spans[row] for row in rows]), int(text.offsets[-1])
    )


def sentences(
    vectors_KTD: Tensor,
    text: Encoded,
    weights: NDArray[np.float32],
    specials: Sequence[int],
    special_tokens: SpecialTokens,
) -> Sentences:
    """Token vectors made ready for comparison; special tokens that are dropped are gone."""
    offsets, weights_T = text.offsets, torch.from_numpy(weights).to(vectors_KTD.device)
    if special_tokens != "dropped":
        return Sentences(vectors_KTD, weights_T, offsets)
    keep = ~np.isin(text.columns["input_ids"], specials)
    kept = torch.from_numpy(np.flatnonzero(keep)).to(vectors_KTD.device)
    before = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    return Sentences(vectors_KTD[:, kept], weights_T[kept], before[offsets])


def sentence_vectors(
    encoder: TextEncoder,
    text: Encoded,
    views: Sequence[tuple[int, ...]],
    combine: Combine,
    specials: Sequence[int] = (),
    first: bool = False,
    length_one: bool = True,
) -> list[Tensor]:
    """For each view one vector a sentence [N, D]: the mean of its tokens, or its first token, brought to length one.

    Tokens among `specials` are no part of the mean. Without `length_one` vectors are as long as the model made them.
    """

    def say(hidden: Sequence[Tensor], inputs: Mapping[str, Tensor]) -> list[Tensor]:
        special_BL = torch.isin(inputs["input_ids"], inputs["input_ids"].new_tensor(specials))
        weights_BL = (inputs["attention_mask"].bool() & ~special_BL).to(hidden[0].dtype)
        pooled = {
            layer: hidden[layer][:, 0] if first else weighted_mean(hidden[layer], weights_BL)
            for layer in itertools.chain.from_iterable(views)
        }
        joined = [_pooled([pooled[layer] for layer in view], combine)[None] for view in views]
        return [F.normalize(one_1BD, dim=-1) for one_1BD in joined] if length_one else joined

    return [vectors_1ND[0] for vectors_1ND in _gathered(encoder, text, say, lambda rows: rows, len(text))]


def own_vectors(encoder: TextEncoder, text: Encoded, head: SentenceHead, length_one: bool = True) -> Tensor:
    """The vectors [N, D] of texts as a folder says that they are made, at length one or as they are."""

    def say(hidden: Sequence[Tensor], inputs: Mapping[str, Tensor]) -> list[Tensor]:
        said_1BD = head(hidden[-1], inputs["attention_mask"])[None]
        return [F.normalize(said_1BD, dim=-1) if length_one else said_1BD]

    return _gathered(encoder, text, say, lambda rows: rows, len(text))[0][0]


@torch.no_grad()
def _gathered(
    encoder: TextEncoder, text: Encoded, say: Say, places: Callable[[Ints], Ints], total: int
) -> list[Tensor]:
    """By view, what is said of all texts [K, total, D]; `places` says where the vectors of some rows belong."""
    found: list[Tensor] = []
    together = encoder.batch_size or read_together(encoder.network.device)
    batches = length_batches(text, together, encoder.network.device)
    for rows, inputs in followed(batches, "Vectors", len(text), unit="text", many=lambda batch: len(batch[0])):
        said = say(encoder.hidden(inputs), inputs)
        found = found or [one.new_empty(one.shape[0], total, one.shape[2]) for one in said]
        where = torch.from_numpy(places(rows)).to(said[0].device)
        for everything, some in zip(found, said, strict=True):
            everything[:, where] = some
    return found


def weighted_mean(hidden_BLD: Tensor, weights_BL: Tensor) -> Tensor:
    """The mean of the tokens that count; zero if none does."""
    total_B1 = weights_BL.sum(-1, keepdim=True)
    return torch.einsum("bld,bl->bd", hidden_BLD, weights_BL) / torch.where(total_B1 == 0, 1, total_B1)


def _joined(layers_TD: Sequence[Tensor], combine: Combine) -> Tensor:
    """Vectors of length one [K, T, D] from those of some layers; K is 1 unless each stands for itself."""
    if combine == "concatenate":
        joined = torch.cat(list(layers_TD), dim=-1)[None]
    else:
        joined = torch.stack(list(layers_TD))
        joined = joined if combine == "tokens" else joined.mean(0, keepdim=True)
    return F.normalize(joined, dim=-1)


def _pooled(layers_BD: Sequence[Tensor], combine: Combine) -> Tensor:
    """One vector a sentence, from those of some layers: [B, D]."""
    layers = list(layers_BD)
    return torch.cat(layers, dim=-1) if combine == "concatenate" else torch.stack(layers).mean(0)
