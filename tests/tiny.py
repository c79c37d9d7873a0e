"""Tiny models of several families, built from their configurations with random weights, and a tokenizer for them."""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForMultipleChoice,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    BertConfig,
    DistilBertConfig,
    ModernBertConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    XLMConfig,
    XLMRobertaConfig,
)
from transformers.utils import ModelOutput

from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.models.fresh import learn_tokenizer

LANGUAGES = ("en", "fr", "tr")
HEADS = {
    "classes": AutoModelForSequenceClassification,
    "mlm": AutoModelForMaskedLM,
    "tags": AutoModelForTokenClassification,
    "choices": AutoModelForMultipleChoice,
    "stars": AutoModelForSequenceClassification,
    "paraphrase": AutoModelForSequenceClassification,
    "answers": AutoModelForQuestionAnswering,
}
TAGS, STARS = 7, 5
OUTPUTS = {"tags": TAGS, "stars": STARS, "paraphrase": 2, "answers": 2}
WIDTH, BLOCKS, CLASSES, MAX_LENGTH = 16, 2, 3, 64


@cache
def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Learned on mini-world sentences of six languages; <pad> is 1, as in every configuration below."""
    corpus = load_text(WorldSource(rows=60), ("en", "fr", "es", "de", "tr", "sw"))
    return learn_tokenizer([text for rows in corpus.rows.values() for text in rows["text"]], 300, MAX_LENGTH)


def with_labels(network: PreTrainedModel, labels: Sequence[str]) -> PreTrainedModel:
    """The same classifier, whose outputs have names."""
    network.config.id2label = dict(enumerate(labels))
    network.config.label2id = {label: index for index, label in enumerate(labels)}
    return network


def tiny_network(
    family: str = "xlm-roberta",
    head: str = "classes",
    seed: int = 0,
    dropout: float = 0.0,
    dtype: torch.dtype = torch.float64,
    blocks: int = BLOCKS,
) -> PreTrainedModel:
    """A classifier (`head="classes"`) or a model with another of the `HEADS`, awake. Equal seeds, equal weights."""
    config = _config(family, dropout, blocks)
    config.num_labels = OUTPUTS.get(head, CLASSES)
    auto = HEADS[head]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return auto.from_config(config).to(dtype).train()


def outputs(network: PreTrainedModel, inputs: Mapping[str, Tensor], language: str | None) -> dict[str, np.ndarray]:
    """What a network says of a batch, asked for plainly and without ours: its logits and the first token's vector.

    There is no such vector of rows that are several texts.
    """
    known = getattr(network.config, "lang2id", None)
    langs = {"langs": torch.full_like(inputs["input_ids"], known[language])} if known else {}
    was_training = network.training
    network.eval()
    with torch.no_grad():
        whole = network(**inputs, **langs)
        said = {"logits": _logits(whole, inputs["attention_mask"]).double().numpy()}
        if inputs["input_ids"].ndim == 2:
            said["first"] = network.base_model(**inputs, **langs).last_hidden_state[:, 0].double().numpy()
    network.train(was_training)
    return said


def _logits(whole: ModelOutput, attention_mask_BL: Tensor) -> Tensor:
    """The logits of a head; of one that answers questions start and end, with next to nothing in the padding."""
    if "logits" in whole:
        return whole.logits
    ends = [
        logits.where(attention_mask_BL.bool(), torch.finfo(logits.dtype).min)
        for logits in (whole.start_logits, whole.end_logits)
    ]
    return torch.stack(ends, dim=-1)


def _config(family: str, dropout: float, blocks: int) -> PretrainedConfig:
    common = {"vocab_size": len(tiny_tokenizer()), "pad_token_id": 1, "num_labels": CLASSES}
    layers = {
        "hidden_size": WIDTH,
        "num_hidden_layers": blocks,
        "num_attention_heads": 2,
        "intermediate_size": 4 * WIDTH,
        "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": dropout,
        "initializer_range": 0.3,  # larger than usual, so that losses and gradients are far from zero
        "max_position_embeddings": MAX_LENGTH + 2,
    }
    if family == "xlm-roberta":
        return XLMRobertaConfig(**common, **layers, bos_token_id=0, eos_token_id=2)
    if family == "bert":
        return BertConfig(**common, **layers)
    if family == "roberta":
        return RobertaConfig(**common, **layers, bos_token_id=0, eos_token_id=2)
    if family == "distilbert":
        return DistilBertConfig(
            **common,
            dim=WIDTH,
            n_layers=blocks,
            n_heads=2,
            hidden_dim=4 * WIDTH,
            dropout=dropout,
            attention_dropout=dropout,
            initializer_range=0.3,
            max_position_embeddings=MAX_LENGTH + 2,
        )
    if family == "modernbert":
        special = {"bos_token_id": 0, "eos_token_id": 2, "cls_token_id": 0, "sep_token_id": 2}
        drops = dict.fromkeys(("attention_dropout", "embedding_dropout", "mlp_dropout"), dropout)
        ours = {name: value for name, value in layers.items() if not name.endswith("dropout_prob")}
        return ModernBertConfig(**common, **ours, **special, **drops, local_attention=8)
    return XLMConfig(
        **common,
        emb_dim=WIDTH,
        n_layers=blocks,
        n_heads=2,
        dropout=dropout,
        attention_dropout=dropout,
        max_position_embeddings=MAX_LENGTH + 2,
        summary_first_dropout=dropout,
        init_std=0.3,
        embed_init_std=0.3,
        pad_index=1,
        n_langs=len(LANGUAGES),
        use_lang_emb=True,
        lang2id={code: number for number, code in enumerate(LANGUAGES)},
        id2lang=dict(enumerate(LANGUAGES)),
    )
