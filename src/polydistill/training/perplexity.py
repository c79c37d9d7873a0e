"""How surprised masked language models are by held-out text: exp of the mean of -log p over hidden words.

Which words are hidden is drawn once, from a fixed seed, so that two models, or one model at two steps, are asked the
same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polydistill.data.batches.batches import Batch, Group, collate
from polydistill.data.batches.encoding import encode_texts
from polydistill.data.batches.masking import IGNORED, masking
from polydistill.data.rows.load import load_text
from polydistill.models.layers import head_transform, scoring
from polydistill.objectives.vocabulary import mlm_and_hinton
from polydistill.training.settings import Judging

Readers = Callable[[str], Mapping[str, PreTrainedModel]]
"""The models that read a language, by name."""
_BATCH = 64  # ours; changes nothing but speed


@dataclass(frozen=True)
class HeldOut:
    """Text with hidden words, by language."""

    batches: Mapping[str, Sequence[Batch]]

    def surprise(self, readers: Readers) -> dict[str, float]:
        """The mean of -log p of the hidden words, by language (and model, where several read one language)."""
        found = {}
        for language, batches in self.batches.items():
            models = readers(language)
            for name, network in models.items():
                found[language if len(models) == 1 else f"{language}/{name}"] = _mean(network, batches)
        return found


def held_out(judging: Judging, tokenizer: PreTrainedTokenizerBase, mask_rate: float) -> HeldOut:
    """Read, encode and hide the text of each language."""
    hide = masking(tokenizer, mask_rate)
    batches: dict[str, list[Batch]] = {}
    for language, rows in load_text(judging.data, judging.languages).rows.items():
        lines = [line for line in rows["text"][:] if line.strip()]
        group = Group(language, {"text": encode_texts(tokenizer, lines, None, judging.max_length)})
        order = np.argsort(group.lengths, kind="stable")
        parts = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
        batches[language] = [
            hide(collate([(group, part)]), np.random.default_rng(number)) for number, part in enumerate(parts)
        ]
    return HeldOut(batches)


@torch.no_grad()
def _mean(network: PreTrainedModel, batches: Sequence[Batch]) -> float:
    was_training, total, count = network.training, 0.0, 0
    torch.nn.Module.train(network, False)
    for batch in batches:
        text: dict[str, Tensor] = {name: value.to(network.device) for name, value in batch["text"].items()}
        labels_BL = batch["labels"].to(network.device)
        masked_BL = labels_BL != IGNORED
        hidden_ND = head_transform(network, network.base_model(**text).last_hidden_state[masked_BL])
        number = int(masked_BL.sum())
        total += number * float(mlm_and_hinton(hidden_ND, scoring(network), labels_BL[masked_BL]).mlm)
        count += number
    torch.nn.Module.train(network, was_training)
    return total / max(1, count)
