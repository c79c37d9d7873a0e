"""Masked language modelling inputs: which tokens are hidden, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polydistill.data.batches.encoding import Ints
from polydistill.data.translations.words import NO_WORD

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from polydistill.data.batches.batches import Batch, Transform

IGNORED = -100


def masking(tokenizer: PreTrainedTokenizerBase, rate: float, pair_rate: float | None = None) -> Transform:
    """A transform that hides tokens of the batch's `text`: `rate` of single texts, `pair_rate` of translation pairs.

    Where there is a `pair_rate`, the batch says of each text whether it is a pair (`paired`).

    Of the chosen tokens 80 % become the mask token, 10 % a random token and 10 % stay (BERT, Devlin et al. 2019).
    Special tokens and pads are never chosen; every text has at least one chosen token. Adds `labels`, which hold the
    hidden token's id, and `IGNORED` elsewhere.
    """
    import torch

    special, hide = _special(tokenizer), _hiding(tokenizer)

    def mask(batch: Batch, rng: np.random.Generator) -> Batch:
        ids = batch["text"]["input_ids"].numpy()
        open_to_choice = ~np.isin(ids, special)
        draw = np.where(open_to_choice, rng.random(ids.shape), 1.0)
        chosen = draw < (rate if pair_rate is None else np.where(batch["paired"].numpy(), pair_rate, rate)[:, None])
        chosen[np.arange(len(ids)), draw.argmin(axis=1)] = True
        chosen &= open_to_choice
        labels = np.where(chosen, ids, IGNORED)
        hidden = {**batch["text"], "input_ids": torch.from_numpy(hide(ids, chosen, rng))}
        return {**batch, "text": hidden, "labels": torch.from_numpy(labels)}

    return mask


def word_masking(tokenizer: PreTrainedTokenizerBase, rate: float) -> Transform:
    """A transform that hides whole words of the batch's `text`: `rate` of those of each text, and at least one.

    Of the tokens of the chosen words as many are masked, drawn and left as in `masking`. The batch says of each token
    which word it belongs to (`words`, -1: none). Adds `masked_words` [texts, words].
    """
    import torch

    hide = _hiding(tokenizer)

    def mask(batch: Batch, rng: np.random.Generator) -> Batch:
        words, ids = batch["words"].numpy(), batch["text"]["input_ids"].numpy()
        count = words.max(axis=1, initial=NO_WORD) + 1
        draw = rng.random((len(words), max(1, int(count.max()))))
        draw[np.arange(draw.shape[1]) >= count[:, None]] = 1.0
        chosen = draw < rate
        chosen[np.arange(len(draw)), draw.argmin(axis=1)] = True
        chosen &= draw < 1.0
        tokens = np.take_along_axis(chosen, words.clip(min=0), axis=1) & (words != NO_WORD)
        hidden = {**batch["text"], "input_ids": torch.from_numpy(hide(ids, tokens, rng))}
        return {**batch, "text": hidden, "masked_words": torch.from_numpy(chosen[:, : count.max()])}

    return mask


def _special(tokenizer: PreTrainedTokenizerBase) -> Ints:
    return np.array(sorted(set(tokenizer.all_special_ids)))


def _hiding(tokenizer: PreTrainedTokenizerBase) -> Callable[[Ints, NDArray[np.bool_], np.random.Generator], Ints]:
    """Of the chosen tokens 80 % become the mask token, 10 % a random token and 10 % stay."""
    ordinary = np.setdiff1d(np.arange(len(tokenizer)), _special(tokenizer))

    def hide(ids: Ints, chosen: NDArray[np.bool_], rng: np.random.Generator) -> Ints:
        how = rng.random(ids.shape)
        random = chosen & (how >= 0.8) & (how < 0.9)
        hidden = np.where(chosen & (how < 0.8), tokenizer.mask_token_id, ids)
        hidden[random] = rng.choice(ordinary, size=int(random.sum()))
        return hidden

    return hide
