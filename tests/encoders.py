"""Tiny classifiers of every family whose parts are known, with every head of a task, and a batch for them."""

from typing import Any

import torch
from torch import Tensor
from transformers import (
    AutoModelForMultipleChoice,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    BertConfig,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    PreTrainedModel,
    RobertaConfig,
    XLMRobertaConfig,
)

PIECES, WIDTH, BLOCKS, CLASSES = 40, 16, 2, 3
FAMILIES = {
    "bert": BertConfig,
    "roberta": RobertaConfig,
    "xlm-roberta": XLMRobertaConfig,
    "distilbert": DistilBertConfig,
    "modernbert": ModernBertConfig,
}
HEADS = {
    "classes": AutoModelForSequenceClassification,
    "tokens": AutoModelForTokenClassification,
    "choice": AutoModelForMultipleChoice,
}


def encoder(family: str, head: str = "classes", seed: int = 0, **other: Any) -> PreTrainedModel:
    """A classifier in float64, without dropout, asleep; `other` are settings of its configuration."""
    sizes: dict[str, Any] = {"vocab_size": PIECES, "num_labels": CLASSES, "max_position_embeddings": 40}
    sizes |= {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    if family == "distilbert":
        sizes |= {"dim": WIDTH, "n_layers": BLOCKS, "n_heads": 2, "hidden_dim": 32}
        sizes |= {"dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0}
    else:
        sizes |= {"hidden_size": WIDTH, "num_hidden_layers": BLOCKS, "num_attention_heads": 2, "intermediate_size": 32}
        sizes |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    if family == "modernbert":
        sizes |= {"cls_token_id": 0, "sep_token_id": 2}
    config = FAMILIES[family](**{**sizes, "initializer_range": 0.3, **other})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: PreTrainedModel = HEADS[head].from_config(config).double().eval()
        for name, value in network.named_parameters():  # biases and norms of random size, as learned ones have
            if value.ndim == 1:
                torch.nn.init.normal_(value, mean=0.0 if name.endswith("bias") else 1.0, std=0.2)
    return network


def stranger() -> PreTrainedModel:
    """A classifier of a family whose parts are not known."""
    sizes = {"hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    return HEADS["classes"].from_config(ElectraConfig(vocab_size=PIECES, embedding_size=WIDTH, **sizes))


def batch(head: str = "classes") -> dict[str, Tensor]:
    """Three rows of up to six pieces; with `head="choice"` two rows of three choices."""
    rows = 6 if head == "choice" else 3
    ids = torch.randint(3, PIECES, (rows, 6), generator=torch.Generator().manual_seed(3))
    mask = torch.arange(6)[None] < torch.tensor([6, 4, 5, 6, 3, 6])[:rows, None]
    inputs = {"input_ids": ids.where(mask, 1), "attention_mask": mask.long()}
    return {name: value.view(2, 3, 6) for name, value in inputs.items()} if head == "choice" else inputs


def loss(network: PreTrainedModel, head: str = "classes") -> Tensor:
    """A loss that every part of the network has a gradient of."""
    return network(**batch(head)).logits.square().mean()
