"""Tags carried to translations: a word learns what the teacher says of the word that it is aligned with.

    aligned = mean over target words of -sum over tags of q log softmax(student(word)),  q = softmax(teacher(partner))

Two words are partners where each is the other's nearest by the cosine of their vectors in one layer of the encoder
(Jalili Sabet et al. 2020, SimAlign's Argmax). The vector of a word is the mean over its tokens, less the mean over all
words of its language. Of a word without a partner the teacher's own answer is learned: what the student says when it
starts.

S, W = words of a sentence and of its translation, C = tags, D = width.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from torch.nn import functional as F

from polydistill.data.batches.encoding import Ints
from polydistill.data.batches.windows import Windows, encode_words
from polydistill.methods.plain_text import Reader
from polydistill.methods.soft_answers import Taken, labelled, tagged
from polydistill.retrieval.token_vectors import TextEncoder, special_ids, token_vectors

_AT_ONCE = 512  # ours: sentences whose vectors are held together


def carried(source: Reader, target: Reader, rows: tuple[Dataset, Dataset], how: Taken, layer: int | None) -> Dataset:
    """The target rows with a share of each tag for every word; `how` is for words without a partner."""
    originals, translations = rows
    of_source, of_target = tagged(source, originals, Taken()), tagged(target, translations, how)
    words = [dataset[name][:] for dataset in rows for name in source.task.shape.texts]
    partners = _partners(source, target, words[0], words[1], layer)
    labels = []
    for said, own, places_W in zip(of_source, of_target, partners, strict=True):
        labels.append([said[place] if place >= 0 else mine for place, mine in zip(places_W.tolist(), own, strict=True)])
    kept = [row for row, label in enumerate(labels) if np.any(label)]
    return labelled(translations.select(kept), [labels[row] for row in kept])


def _partners(
    source: Reader, target: Reader, sentences: list[list[str]], others: list[list[str]], layer: int | None
) -> Iterator[Ints]:
    """Of each word of each translation, its partner's place in the sentence; -1 where it has none."""
    for start in range(0, len(sentences), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        of_source, of_target = (
            word_vectors(reader, words[some], layer) for reader, words in ((source, sentences), (target, others))
        )
        for one_SD, other_WD in zip(of_source, of_target, strict=True):
            yield mutual_best(one_SD, other_WD)


def mutual_best(source_SD: Tensor, target_WD: Tensor) -> Ints:
    """Of each target word the source word that is its nearest and whose nearest it is; -1 where there is none."""
    cosines_SW = source_SD @ target_WD.T
    nearest_W, back_S = cosines_SW.argmax(0), cosines_SW.argmax(1)
    known_S, known_W = source_SD.any(-1), target_WD.any(-1)
    mutual_W = (
        (back_S[nearest_W] == torch.arange(len(target_WD), device=nearest_W.device)) & known_W & known_S[nearest_W]
    )
    return torch.where(mutual_W, nearest_W, -1).cpu().numpy()


def word_vectors(reader: Reader, sentences: list[list[str]], layer: int | None) -> list[Tensor]:
    """A vector of length one for every word, by sentence; 0 for a word that the model does not get to see."""
    loaded = reader.loaded
    text = encode_words(loaded.tokenizer, sentences, reader.max_length)
    network: Any = loaded.network
    encoder = TextEncoder(network.eval(), reader.language)
    depth = encoder.blocks
    chosen = round(2 * depth / 3) if layer is None else layer  # "layer 8" of 12 (SimAlign, Sec. 3.1)
    if not 0 <= chosen <= depth:
        raise ValueError(f"align_layer is {chosen}; {type(loaded.network).__name__} has the layers 0 to {depth}.")
    (vectors_1TD,) = token_vectors(encoder, text, [(chosen,)], "tokens")
    word_T = words_of_tokens(text, special_ids(loaded.tokenizer))
    inside = np.flatnonzero(word_T >= 0)
    index_T = torch.from_numpy(word_T[inside]).to(vectors_1TD.device)
    sums_WD = vectors_1TD.new_zeros(int(text.words.sum()), vectors_1TD.shape[-1])
    sums_WD.index_add_(0, index_T, vectors_1TD[0, torch.from_numpy(inside).to(vectors_1TD.device)])
    counts_W1 = torch.bincount(index_T, minlength=len(sums_WD))[:, None]
    seen_W1 = counts_W1 > 0
    means_WD = sums_WD / counts_W1.clamp(min=1)
    centred_WD = (means_WD - means_WD.sum(0) / seen_W1.sum().clamp(min=1)) * seen_W1
    return list(torch.split(F.normalize(centred_WD, dim=-1), text.words.tolist()))


def words_of_tokens(text: Windows, specials: tuple[int, ...]) -> Ints:
    """The word that each token belongs to, counted through all sentences; -1 for special tokens."""
    places = np.arange(len(text.columns["input_ids"]))
    begun = np.searchsorted(text.token_N, places, side="right") - 1
    window = np.searchsorted(text.offsets, places, side="right") - 1
    begun = np.where(begun >= 0, begun, 0)
    inside = (text.token_N[begun] <= places) & (text.token_N[begun] >= text.offsets[window])
    inside &= ~np.isin(text.columns["input_ids"], specials)
    return np.where(inside, text.word_N[begun], -1).astype(np.int64)
