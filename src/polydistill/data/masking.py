"""Masked language modelling inputs: which tokens are hidden, and how."""

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from polydistill.data.batches import Batch, Transform

IGNORED = -100


def masking(tokenizer: PreTrainedTokenizerBase, rate: float, pair_rate: float | None = None) -> Transform:
    """A transform that hides tokens of the batch's `text`: `rate` of single texts, `pair_rate` of translation pairs.

    Where there is a `pair_rate`, the batch says of each text whether it is a pair (`paired`).

    Of the chosen tokens 80 % become the mask token, 10 % a random token and 10 % stay (BERT, Devlin et al. 2019).
    Special tokens and pads are never chosen; every text has at least one chosen token. Adds `labels`, which hold the
    hidden token's id, and `IGNORED` elsewhere.
    """
    special = np.array(sorted(set(tokenizer.all_special_ids)))
    ordinary = np.setdiff1d(np.arange(len(tokenizer)), special)

    def mask(batch: Batch, rng: np.random.Generator) -> Batch:
        ids = batch["text"]["input_ids"].numpy().copy()
        open_to_choice = ~np.isin(ids, special)
        draw = np.where(open_to_choice, rng.random(ids.shape), 1.0)
        chosen = draw < (rate if pair_rate is None else np.where(batch["paired"].numpy(), pair_rate, rate)[:, None])
        chosen[np.arange(len(ids)), draw.argmin(axis=1)] = True
        chosen &= open_to_choice
        labels = np.where(chosen, ids, IGNORED)
        how = rng.random(ids.shape)
        ids[chosen & (how < 0.8)] = tokenizer.mask_token_id
        random = chosen & (how >= 0.8) & (how < 0.9)
        ids[random] = rng.choice(ordinary, size=int(random.sum()))
        return {
            **batch,
            "text": {**batch["text"], "input_ids": torch.from_numpy(ids)},
            "labels": torch.from_numpy(labels),
        }

    return mask
