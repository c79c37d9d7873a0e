"""LoRA: a large student learns through small matrices beside its layers, which become part of them in the end.

    h = W x + (alpha / rank) B A x              (LoRA, Hu et al. 2022, eq. 3)

W stays as it is; B begins at zero, so the student begins as what it is. Only A, B and the parts of the student that
were drawn at random (a new head) learn. What a method has beside its student (projectors) learns as always. Where a
layer is frozen already, no matrices are put: it stays frozen.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from polydistill.errors import need, unknown
from polydistill.models.layers import FAMILIES, blocks
from polydistill.models.loaded import Loaded
from polydistill.models.lora_config import Lora
from polydistill.models.mblm_config import MBLM

_INSTEAD = "Leave LoRA (lora_rank) out: the student then learns whole."


def adaptable(network: PreTrainedModel, how: Lora) -> list[nn.Linear]:
    """The layers that get matrices: those that are wanted, without what is frozen."""
    kind = network.config.model_type
    if kind == MBLM:
        raise ValueError(f"The branches of an MBLM are copies that learn to differ as a whole. {_INSTEAD}")
    pooler = getattr(network.base_model, "pooler", None)
    apart = {id(part) for part in ([] if pooler is None else pooler.modules())}
    linear = {
        name: part
        for name, part in network.base_model.named_modules()
        if isinstance(part, nn.Linear) and id(part) not in apart
    }
    if not linear:
        raise ValueError(
            f"A {kind!r} model has no linear layers in its encoder, so LoRA has nothing to adapt. {_INSTEAD}"
        )
    learning = [part for part in _wanted(network, how, linear) if part.weight.requires_grad]
    if not learning:
        raise ValueError(f"All layers that LoRA would adapt are frozen. Freeze fewer blocks. {_INSTEAD}")
    return learning


def _wanted(network: PreTrainedModel, how: Lora, linear: dict[str, nn.Linear]) -> list[nn.Linear]:
    ends = {name.rpartition(".")[2] for name in linear}
    if how.layers == "all":
        return list(linear.values())
    if how.layers == "query-value":
        if (kind := network.config.model_type) not in FAMILIES:
            raise ValueError(
                f"Which layers of a {kind!r} model make queries and values is not known here. Say layers='all', or "
                f"name them by the ends of their names, such as {', '.join(sorted(ends)[:3])}."
            )
        family = FAMILIES[kind]
        made = dict.fromkeys((family.projections[0], family.projections[-1]))  # ModernBERT has one layer for all
        return [getattr(family.attention(block), name) for block in blocks(network) for name in made]
    for end in how.layers:
        if not any(f".{name}".endswith(f".{end}") for name in linear):
            raise unknown("layer for LoRA", end, sorted(ends))
    return [part for name, part in linear.items() if f".{name}".endswith(tuple(f".{end}" for end in how.layers))]


@contextmanager
def learning_by_lora(how: Lora, method: nn.Module, students: Sequence[Loaded], seed: int) -> Iterator[None]:
    """Within, only matrices drawn from `seed` and what is new of the students learn; after it both are merged.

    Within, too, the method's state holds what learns and not what is frozen: a checkpoint is as small as that.
    """
    need("peft", "lora", "LoRA")
    from peft import LoraConfig
    from peft.tuners.lora import LoraModel

    networks = nn.ModuleList(one.network for one in students)
    layers = {id(layer) for one in students for layer in adaptable(one.network, how)}
    names = [name for name, part in networks.named_modules() if id(part) in layers]  # what is shared has one name
    before = [(value, value.requires_grad) for value in networks.parameters()]
    new = {id(value) for one in students for value in _new(one) if value.requires_grad}
    alpha: Any = how.scale  # any number; the library calls it an int
    config = LoraConfig(r=how.rank, lora_alpha=alpha, lora_dropout=how.dropout, target_modules=names, bias="none")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tuner = LoraModel(networks, config, "default")
    for value, _ in before:
        value.requires_grad_(id(value) in new)
    frozen = {id(value) for value, _ in before if id(value) not in new}
    hooks = _only_what_learns(
        method, {n for n, value in method.named_parameters(remove_duplicate=False) if id(value) in frozen}
    )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
        tuner.merge_and_unload()
        for value, did in before:
            value.requires_grad_(did)


def _new(student: Loaded) -> list[nn.Parameter]:
    """The parameters of the parts that were drawn at random: of the network, or of the encoder inside it (a pooler)."""
    prefix = f"{student.network.base_model_prefix}."
    parts = tuple(f"{part}." for part in student.new)
    return [value for name, value in student.network.named_parameters() if name.removeprefix(prefix).startswith(parts)]


def _only_what_learns(method: nn.Module, frozen: set[str]) -> list[Any]:
    """Hooks by which a method neither saves what is frozen nor misses it when it is loaded."""

    def leave_out(module: nn.Module, state: dict[str, Any], prefix: str, metadata: Any) -> None:
        del module, metadata
        for name in frozen:
            del state[prefix + name]

    def not_missed(module: nn.Module, keys: Any) -> None:
        del module
        keys.missing_keys[:] = [name for name in keys.missing_keys if name not in frozen]

    return [
        method.register_state_dict_post_hook(leave_out),  # type: ignore[no-untyped-call]
        method.register_load_state_dict_post_hook(not_missed),  # type: ignore[no-untyped-call]
    ]
