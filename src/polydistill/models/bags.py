"""How a student without attention begins: with what a model says of each piece alone.

Vectors are cut to the directions in which they differ most (PCA), and weighed by how rare a piece is in the text: a /
(a + p) for a piece of probability p (SIF, Arora et al. 2017). What means nothing (the unknown piece, pads) is zero.
V = pieces, B = pieces that are read together, L = their length, D = width, W = the model's width.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, cast

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from polydistill.models.loaded import Loaded
from polydistill.models.sentence import Reading, SentenceHead
from polydistill.models.static import StaticModel, static_head
from polydistill.models.static_config import LONGEST, Bagging, StaticConfig
from polydistill.models.trimming.choosing import choose, count_pieces
from polydistill.models.trimming.vocabulary import Vocabulary, vocabulary_of
from polydistill.progress import followed

_SIF = 1e-3  # "a = 10^-3" (Arora et al. 2017, Sec. 4.1)
_SIZE = 0.1  # ours: the root mean square of the numbers, so that one learning rate suits all teachers
_AT_ONCE = 512  # ours: pieces that are read together
_NAMED = ("pad_token", "unk_token", "cls_token", "sep_token", "bos_token", "eos_token", "mask_token")


def bag_of(model: Loaded, texts: Iterable[str], scripts: Sequence[str], how: Bagging) -> Loaded:
    """The student for the pieces that occur in these texts (the most frequent of them), and single characters."""
    vocabulary = vocabulary_of(model.tokenizer)
    counts = count_pieces(model.tokenizer, texts, max(vocabulary.pieces) + 1)
    kept = choose(vocabulary, counts, scripts, "frequency", how.pieces)
    said_VW = _said_of_pieces(model, kept)
    centred_VW = said_VW - said_VW.mean(0)
    directions_WD = torch.linalg.eigh(centred_VW.T @ centred_VW)[1].flip(1)[:, : how.width]  # the largest first
    share_V = torch.from_numpy(counts[kept] / max(1, counts.sum()))
    start_VD = (centred_VW @ directions_WD) * (_SIF / (_SIF + share_V)).unsqueeze(1)
    tokenizer = _plain(vocabulary, kept, model)
    start_VD[tokenizer.all_special_ids] = 0
    start_VD *= _SIZE / start_VD.square().mean().sqrt()
    width = start_VD.shape[1]
    config = StaticConfig(
        vocab_size=len(kept),
        hidden_size=width,
        hidden_dim=width,
        pad_token_id=tokenizer.pad_token_id,
        unk_token_id=tokenizer.unk_token_id,
    )
    network = StaticModel(config)
    with torch.no_grad():
        network.embeddings.weight.copy_(start_VD)
    return Loaded(network, tokenizer, static_head())


@torch.no_grad()
def _said_of_pieces(model: Loaded, kept: Sequence[int]) -> Tensor:
    """What the model says of each piece, between what begins and ends every text [V, W]."""
    tokenizer, network = model.tokenizer, model.network
    ends = (tokenizer.sep_token_id, tokenizer.eos_token_id)
    around = tokenizer("")["input_ids"]
    before, after = ([at for at in around if (at in ends) == last] for last in (False, True))
    head = model.sentence or SentenceHead(Reading())
    awake, found = network.training, []
    network.train(False)
    some = (kept[start : start + _AT_ONCE] for start in range(0, len(kept), _AT_ONCE))
    for pieces in followed(some, "Pieces are read", len(kept), unit="piece", many=len):
        rows = [[*before, at, *after] for at in pieces]
        ids_BL = torch.tensor(rows, device=network.device)
        mask_BL = torch.ones_like(ids_BL)
        hidden_BLW = cast(Any, network.base_model)(input_ids=ids_BL, attention_mask=mask_BL).last_hidden_state
        found.append(head.to(network.device)(hidden_BLW, mask_BL).double().cpu())
    network.train(awake)
    return torch.cat(found)


def _plain(vocabulary: Vocabulary, kept: Sequence[int], model: Loaded) -> PreTrainedTokenizerFast:
    """The model's tokenizer with these pieces alone, which puts nothing around a text."""
    content = {**vocabulary.trimmed(kept), "post_processor": None, "truncation": None, "padding": None}
    names = {name: getattr(model.tokenizer, name) for name in _NAMED}
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=Tokenizer.from_str(json.dumps(content, ensure_ascii=False)),
        model_max_length=LONGEST,
        model_input_names=["input_ids", "attention_mask"],
        **{name: piece for name, piece in names.items() if piece is not None},
    )
