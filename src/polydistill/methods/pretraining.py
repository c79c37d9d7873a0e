"""Masked language modelling on text in several languages and on translation pairs: where a polyglot comes from.

    mlm = mean over hidden tokens of -log p(token | the text, or the text and its translation)

A text is one sentence, or a sentence and its translation as one input whose positions start again at the second (TLM,
Lample & Conneau 2019), so that the model can look a hidden word up in the other language. Used to make the mini-world's
polyglot, which stands for the downloaded XLM / XLM-R of the papers.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, cast

import numpy as np
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polydistill.bounds import Length, Share, ShareNotNone
from polydistill.data.batches.batches import Batch, Group
from polydistill.data.batches.encoding import Encoded, encode_texts, from_lists
from polydistill.data.batches.masking import IGNORED, masking
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import Source
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.spec import Head, MethodSpec, SelectedBy
from polydistill.models.layers import first_position, masked_lm_head
from polydistill.objectives.classes import cross_entropy
from polydistill.outputs import Loss, Term
from polydistill.results import LanguageCode


class PretrainSpec(MethodSpec):
    """Pre-train a masked language model on aligned text."""

    kind: Literal["pretrain"] = "pretrain"
    head: ClassVar[Head] = "words"
    new_head: ClassVar[bool] = True
    selected_by: ClassVar[tuple[SelectedBy, ...]] = ("perplexity",)
    languages: tuple[LanguageCode, ...]
    data: Source
    pairs: Share = 0.6
    """Share of the inputs that are translation pairs."""
    mask_rate: ShareNotNone = 0.3
    pair_mask_rate: ShareNotNone = 0.4
    max_length: Length = 64

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        return ((self.data, self.languages),)

    @property
    def hides(self) -> float:
        """As many as in training, where no translation stands beside them."""
        return self.mask_rate

    @property
    def fresh_from(self) -> tuple[Source, tuple[str, ...]]:
        """The text that a fresh encoder's tokenizer is learned on: all of it."""
        return self.data, self.languages

    def prepare(self, models: Models, seed: int) -> Prepared:
        """One group that mixes all languages, single sentences and pairs."""
        corpus = load_text(self.data, self.languages)
        if self.pairs > 0 and not corpus.aligned:
            raise ValueError(
                "Translation pairs need text that is aligned across the languages; set `pairs` to 0 or align it."
            )
        network, tokenizer = models.student.network, models.student.tokenizer
        texts = [rows["text"][:] for rows in corpus.rows.values()]
        sentences = [encode_texts(tokenizer, some, None, self.max_length) for some in texts]
        mixed, paired = _mix(sentences, self, np.random.default_rng([seed, 3]), tokenizer, first_position(network))
        hiding = masking(tokenizer, self.mask_rate, self.pair_mask_rate)
        return Prepared(MaskedLanguageModelling(network), [Group(None, {"text": mixed}, {"paired": paired})], hiding)


class MaskedLanguageModelling(Method):
    """Predict hidden tokens; only they pass through the vocabulary head."""

    def __init__(self, student: PreTrainedModel) -> None:
        super().__init__()
        self.student = student
        self._head = (masked_lm_head(student),)  # in a tuple: it is part of the student already

    def forward(self, text: Mapping[str, Tensor], labels: Tensor, **_: Any) -> Loss:
        """One term, `mlm`, over the hidden tokens."""
        hidden_BLD = cast(PreTrainedModel, self.student).base_model(**text).last_hidden_state
        masked_BL = labels != IGNORED
        logits_NV = self._head[0](hidden_BLD[masked_BL])
        return Loss({"mlm": Term(cross_entropy(logits_NV, labels[masked_BL]))})

    def counts(self, batch: Batch) -> dict[str, int]:
        """Hidden tokens."""
        return {"mlm": int((batch["labels"] != IGNORED).sum())}


def _mix(
    sentences: list[Encoded],
    spec: PretrainSpec,
    rng: np.random.Generator,
    tokenizer: PreTrainedTokenizerBase,
    start: int,
) -> tuple[Encoded, np.ndarray[Any, Any]]:
    """Every sentence of every language once, alone or (with probability `pairs`) followed by its translation."""
    ids: list[list[int]] = []
    positions: list[list[int]] = []
    paired: list[bool] = []
    all_ids = [[text["input_ids"].tolist() for text in encoded.take(np.arange(len(encoded)))] for encoded in sentences]
    for language, texts in enumerate(all_ids):
        others = [index for index in range(len(all_ids)) if index != language]
        for row, first in enumerate(texts):
            pair = bool(others) and rng.random() < spec.pairs
            second = all_ids[others[rng.integers(len(others))]][row][1:] if pair else []
            ids.append([*first, *second])
            positions.append([*range(start, start + len(first)), *range(start, start + len(second))])
            paired.append(pair)
    pad = {"input_ids": int(tokenizer.pad_token_id), "position_ids": max(0, start - 1)}
    return from_lists({"input_ids": ids, "position_ids": positions}, pad), np.array(paired)
