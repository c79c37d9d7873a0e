"""Adapters: a small bottleneck after the feed-forward part of every block, as Pfeiffer et al. (2021) place it.

    a = up(nonlinearity(down(norm(f + r))))        out = norm(a + f + r)

with f what the feed-forward part says, r what is added to it, and norm the block's own last norm (thesis, Fig. 2.15).
ModernBERT has its norms in front: there a = up(nonlinearity(down(f + r))) and out = a + f + r. The up-projection begins
at zero, so a network with fresh adapters computes what it computed without them.

Plain `transformers` cannot hold adapters: `save_pretrained` writes the network without them, `save_adapters` writes
them beside it. B = rows, L = places, D = width.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.hooks import RemovableHandle
from transformers import PreTrainedModel

from polydistill.errors import DataError
from polydistill.models.layers import blocks
from polydistill.specs import Spec

FILE = "adapters.safetensors"
Nonlinearity = Literal["relu", "gelu"]
_NONLINEARITIES: dict[Nonlinearity, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}
_REDUCTION = 16  # AdapterHub's published Pfeiffer adapters: "reduction_factor": 16, "non_linearity": "relu"
_FEWEST = 4  # ours: of one or two rectified units all may be dead, and then nothing is learned
_SPREAD = 0.02  # BERT's, which AdapterHub takes too
_PLACE = "adapter"  # the name that a block gives its adapter
_SHAPE = "polydistill.adapters"

_LAST_NORM: dict[str, str | None] = {
    "bert": "output.LayerNorm",
    "roberta": "output.LayerNorm",
    "xlm-roberta": "output.LayerNorm",
    "distilbert": "output_layer_norm",
    "modernbert": None,  # its norms are in front
}


class AdapterShape(Spec):
    """The size of a network's adapters."""

    blocks: int
    width: int
    bottleneck: int
    nonlinearity: Nonlinearity = "relu"


class Adapter(nn.Module):
    """Down, nonlinearity, up."""

    handle: RemovableHandle
    """Takes the adapter out of its block's computation."""

    def __init__(self, shape: AdapterShape) -> None:
        super().__init__()
        self.down = nn.Linear(shape.width, shape.bottleneck)
        self.up = nn.Linear(shape.bottleneck, shape.width)
        self.bottleneck, self.nonlinearity = shape.bottleneck, shape.nonlinearity
        nn.init.normal_(self.down.weight, std=_SPREAD)
        for zero in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(zero)

    def forward(self, hidden_BLD: Tensor) -> Tensor:
        """What is added to the feed-forward part's output."""
        return cast(Tensor, self.up(_NONLINEARITIES[self.nonlinearity](self.down(hidden_BLD))))

    # Both are bound methods, so that a deep copy of a network has hooks that use the copy's own adapters.
    def before_norm(self, norm: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """A hook on a block's last norm: what the norm reads, with the adapter's share."""
        sum_BLD, *rest = given
        return (sum_BLD + self(norm.forward(sum_BLD)), *rest)

    def after_block(self, block: nn.Module, given: tuple[Tensor, ...], hidden_BLD: Tensor) -> Tensor:
        """A hook on a block without a last norm."""
        del block, given
        return hidden_BLD + cast(Tensor, self(hidden_BLD))


def attach(
    network: PreTrainedModel, bottleneck: int | None = None, nonlinearity: Nonlinearity = "relu", seed: int = 0
) -> None:
    """Give every block an adapter drawn from `seed`; without `bottleneck` it is a sixteenth of the network's width.

    A block that has one keeps it: where two students share a block, they share its adapter.
    """
    there, width = blocks(network), int(network.config.hidden_size)
    usual = max(_FEWEST, width // _REDUCTION)
    size = usual if bottleneck is None else bottleneck
    if size < 1:
        raise ValueError(f"An adapter cannot have a bottleneck of {size}: choose 1 or more (usual: {usual}).")
    shape = AdapterShape(blocks=len(there), width=width, bottleneck=size, nonlinearity=nonlinearity)
    for has in adapters(network):
        if (has.bottleneck, has.nonlinearity) != (size, nonlinearity):
            raise ValueError(
                f"The network has adapters with a bottleneck of {has.bottleneck} ({has.nonlinearity}) already, not of "
                f"{size} ({nonlinearity}). Take them out first (`detach`)."
            )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = [Adapter(shape) for _ in there]  # all of them, so that block i begins alike whoever has one already
    for block, adapter in zip(there, fresh, strict=True):
        if not hasattr(block, _PLACE):
            _insert(network.config.model_type, block, adapter)
    unsaved = {name for name, _ in network.named_parameters() if f".{_PLACE}." in name}
    network._keys_to_ignore_on_save = {*(network._keys_to_ignore_on_save or ()), *unsaved}


def _insert(family: str, block: nn.Module, adapter: Adapter) -> None:
    like = next(block.parameters())
    adapter.to(device=like.device, dtype=like.dtype).train(block.training)
    setattr(block, _PLACE, adapter)
    norm = _LAST_NORM[family]
    if norm is not None:
        adapter.handle = block.get_submodule(norm).register_forward_pre_hook(adapter.before_norm)
    else:  # first, so that other hooks (the library's own record hidden states) see what the next block will read
        adapter.handle = block.register_forward_hook(adapter.after_block, prepend=True)


def adapters(network: PreTrainedModel) -> list[Adapter]:
    """The adapter of every block, lowest first; none at all where the network has none."""
    found = [getattr(block, _PLACE, None) for block in blocks(network)]
    return [adapter for adapter in found if isinstance(adapter, Adapter)]


def adapted(network: nn.Module) -> bool:
    """Whether a network, of whatever family, has adapters."""
    return any(isinstance(part, Adapter) for part in network.modules())


def detach(network: PreTrainedModel) -> None:
    """Take the adapters out; the network computes again what it does without them."""
    for block in blocks(network):
        adapter = getattr(block, _PLACE, None)
        if isinstance(adapter, Adapter):
            adapter.handle.remove()
            delattr(block, _PLACE)
    kept = {name for name in network._keys_to_ignore_on_save or () if f".{_PLACE}." not in name}
    network._keys_to_ignore_on_save = kept


def save_adapters(network: PreTrainedModel, folder: Path) -> Path:
    """Write the adapters into a model's folder, numbered by block from 1; gives the file."""
    found = adapters(network)
    if not found:
        raise ValueError("The network has no adapters to save. Put them in first (`attach`).")
    weights = {
        f"{number}.{name}": value.detach().contiguous()
        for number, adapter in enumerate(found, start=1)
        for name, value in adapter.state_dict().items()
    }
    one = found[0]
    shape = AdapterShape(
        blocks=len(found), width=one.down.in_features, bottleneck=one.bottleneck, nonlinearity=one.nonlinearity
    )
    save_file(weights, folder / FILE, metadata={"format": "pt", _SHAPE: shape.model_dump_json()})
    return folder / FILE


def read_shape(folder: Path) -> AdapterShape:
    """The shape of the adapters saved in a folder."""
    return _read(folder)[0]


def load_adapters(network: PreTrainedModel, folder: Path) -> None:
    """Put adapters saved in a folder into a network of the same width and depth."""
    shape, weights = _read(folder)
    depth, width = len(blocks(network)), int(network.config.hidden_size)
    if (shape.blocks, shape.width) != (depth, width):
        raise ValueError(
            f"The adapters in {folder / FILE} are for {shape.blocks} blocks of width {shape.width}; this network has "
            f"{depth} of width {width}. Load them into a network like the one they were made for."
        )
    if adapters(network):
        raise ValueError("The network has adapters already. Take them out first (`detach`).")
    attach(network, shape.bottleneck, shape.nonlinearity)
    for number, adapter in enumerate(adapters(network), start=1):
        adapter.load_state_dict({name: weights[f"{number}.{name}"] for name in adapter.state_dict()})


def _read(folder: Path) -> tuple[AdapterShape, dict[str, Tensor]]:
    file = folder / FILE
    if not file.is_file():
        raise DataError(file, None, "no such file", "adapters", "`save_adapters` writes them beside a saved network.")
    try:
        with safe_open(file, framework="pt") as opened:
            said = (opened.metadata() or {}).get(_SHAPE)
            weights = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (not a mapping)
    except SafetensorError as error:
        raise DataError(file, None, str(error), "a safetensors file", "Save the adapters again.") from error
    if said is None:
        raise DataError(file, None, "weights without a shape", "adapters", "Save them with `save_adapters`.")
    return AdapterShape.model_validate_json(said), weights
