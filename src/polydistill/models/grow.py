"""More encoder blocks, with random weights, on top of those that a network has."""

import copy
from typing import cast

import torch
from torch import nn
from transformers import AutoModel, PretrainedConfig, PreTrainedModel
from transformers.utils.output_capturing import maybe_install_capturing_hooks

from polydistill.models.layers import blocks

_LOOKS_FAR = 3  # ModernBERT: "every third layer" attends globally; its configuration keeps only what follows from it


def add_blocks(network: PreTrainedModel, count: int, seed: int) -> None:
    """Put `count` blocks drawn from `seed` on top; saved and loaded again, the network has them.

    The network gets a configuration of its own, for others may have been built from the one it had.
    """
    if count < 0:
        raise ValueError(f"Cannot add {count} blocks; say how many, or 0 for none.")
    if not count:
        return
    there, base = blocks(network), cast(PreTrainedModel, network.base_model)
    config = copy.deepcopy(network.config)
    _deepen(config, len(there) + count)
    encoder = _fresh_encoder(base, config, seed)
    fresh, like = blocks(encoder)[-count:], next(there[-1].parameters())
    for block in fresh:
        block.to(device=like.device, dtype=like.dtype).train(network.training)
    _holder(base, there).extend(fresh)
    replaced = {id(network.config), id(base.config), id(encoder.config)}
    for module in network.modules():  # blocks look up their kind of attention in it
        if id(getattr(module, "config", None)) in replaced:
            module.config = config  # type: ignore[assignment]


def _deepen(config: PretrainedConfig, depth: int) -> None:
    """Raise the number of blocks, and say how far the new ones look where a family says it block by block."""
    kinds = getattr(config, "layer_types", None)
    if kinds is not None:
        more = ["sliding_attention" if at % _LOOKS_FAR else "full_attention" for at in range(len(kinds), depth)]
        config.layer_types = [*kinds, *more]
    config.num_hidden_layers = depth


def _fresh_encoder(base: PreTrainedModel, config: PretrainedConfig, seed: int) -> PreTrainedModel:
    """An encoder as deep as `config` says, so that the library itself draws the weights of its blocks."""
    small = copy.deepcopy(config)
    small.vocab_size = 1 + (config.pad_token_id or 0)  # its embeddings are thrown away
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh: PreTrainedModel = AutoModel.from_config(  # type: ignore[no-untyped-call]
            small,
            attn_implementation=base.config._attn_implementation,
            dtype=torch.float32,
            trust_remote_code=False,
        )
    if getattr(base, "_output_capturing_hooks_installed", False):
        # The network's blocks report their outputs already, and the library would not look for new ones.
        maybe_install_capturing_hooks(fresh)
    return fresh


def _holder(base: PreTrainedModel, there: list[nn.Module]) -> nn.ModuleList:
    """The list in which the encoder keeps its blocks."""
    return next(found for found in base.modules() if isinstance(found, nn.ModuleList) and list(found) == there)
