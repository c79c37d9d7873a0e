"""A network with fewer pieces: embeddings, decoder and its bias are cut alike, and what was tied stays tied."""

import copy
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from polydistill.models.layers import counts_from_pad
from polydistill.models.mblm_config import MBLMConfig


def needed(network: PreTrainedModel) -> set[int]:
    """The ids that a network itself names; of RoBERTa's family all up to the pad, for positions count from there."""
    ids = {at for config in _configs(network) for name, at in _named_ids(config).items() if at < _rows(network)}
    return ids.union(*(range(config.pad_token_id + 1) for config in _configs(network) if counts_from_pad(config)))


def trimmed(network: PreTrainedModel, kept: Sequence[int]) -> PreTrainedModel:
    """The same network for these pieces alone, numbered by their places in `kept`; all other weights are shared."""
    if max(kept) >= _rows(network):
        raise ValueError(
            f"The network has {_rows(network):,} rows of embeddings, but the tokenizer has a piece with the number "
            f"{max(kept):,}. They do not belong together."
        )
    rows, place = torch.tensor(kept, device=network.device), {old: at for at, old in enumerate(kept)}
    new: dict[int, Any] = {id(value): value for value in (*network.parameters(), *network.buffers())}
    new |= {id(value): nn.Parameter(value.detach()[rows], value.requires_grad) for value in _of_pieces(network)}
    small = copy.deepcopy(network, new)  # what stands in `new` is taken and not copied
    cut = {id(value) for value in _of_pieces(small)}
    for module in small.modules():  # a decoder's bias is also its head's, its weight may be the embeddings'
        if any(id(value) in cut for value in module.parameters(recurse=False)):
            _resize(module, place)
    for config in _configs(small):
        _renumber(config, place)
    return small


def _of_pieces(network: PreTrainedModel) -> list[nn.Parameter]:
    """The parameters with a row a piece: embeddings, decoder, its bias, and what may be tied to one of them.

    Where the decoder is not tied, its head still has a bias of its own that nothing reads.
    """
    outer: Any = network
    ends = [end for end in (outer.get_input_embeddings(), outer.get_output_embeddings()) if end is not None]
    named = dict(network.named_parameters(remove_duplicate=False))
    tied = [name for pair in (outer._tied_weights_keys or {}).items() for name in pair if name in named]
    return [*(value for end in ends for value in end.parameters(recurse=False)), *(named[name] for name in tied)]


def _rows(network: PreTrainedModel) -> int:
    return len(cast(nn.Embedding, network.get_input_embeddings()).weight)


def _resize(module: nn.Module, new: dict[int, int]) -> None:
    """Let a module say how large it now is."""
    if isinstance(module, nn.Embedding):
        module.num_embeddings = len(new)
        module.padding_idx = None if module.padding_idx is None else new[module.padding_idx]
    elif isinstance(module, nn.Linear):
        module.out_features = len(new)


def _configs(network: PreTrainedModel) -> list[PretrainedConfig]:
    """The configurations of a network and of those that it is made of, each once."""
    found = [network.config, *(getattr(module, "config", None) for module in network.modules())]
    return list({id(config): config for config in found if isinstance(config, PretrainedConfig)}.values())


def _named_ids(config: PretrainedConfig) -> dict[str, int]:
    """The pieces that a configuration names, such as `pad_token_id`."""
    values = config.to_dict().items()
    return {name: at for name, at in values if name.endswith("_token_id") and isinstance(at, int) and at >= 0}


def _renumber(config: PretrainedConfig, new: dict[int, int]) -> None:
    """Write the new ids into a configuration; one that is of no piece is left out."""
    for name, at in _named_ids(config).items():
        setattr(config, name, new.get(at))
    if hasattr(config, "vocab_size"):
        config.vocab_size = len(new)
    if isinstance(config, MBLMConfig):
        inner = config.encoder
        _renumber(inner, new)
        config.base = inner.to_dict()
