"""An encoder cut down to some of its blocks: a small student that was taught nothing."""

from collections.abc import Mapping

from transformers import PreTrainedModel

from polydistill.models.adapters import adapted
from polydistill.models.bank import Build, copy_weights, student_config
from polydistill.models.layers import blocks, family_of


def cut(network: PreTrainedModel, layers: Mapping[int, int]) -> PreTrainedModel:
    """The same network with block g(m) of the old one as its block m; head and embeddings are as they were."""
    if adapted(network):
        raise ValueError("The network has adapters, each made for its own block. Take them out first (`detach`).")
    missing = sorted(set(range(1, max(layers) + 1)) - layers.keys())
    if missing:
        raise ValueError(
            f"The layer map says nothing of block {', '.join(map(str, missing))}: a cut encoder takes all blocks from "
            "the old one. Use uniform, top or bottom, or an explicit map of all blocks."
        )
    small: PreTrainedModel = type(network)(student_config(network, Build(depth=len(layers), layers=layers)))
    inside = f"{_name_of_blocks(network)}."
    rest = {name: value for name, value in network.state_dict().items() if not name.startswith(inside)}
    small.load_state_dict(rest, strict=False)
    for m, n in layers.items():
        copy_weights(blocks(network)[n - 1], blocks(small)[m - 1])
    small.to(network.dtype)  # type: ignore[arg-type]
    small.train(network.training)
    return small


def _name_of_blocks(network: PreTrainedModel) -> str:
    """What the network calls the list of its blocks."""
    listed = family_of(network).blocks(network.base_model)
    names = [str(name) for name, part in network.named_modules() if part is listed]
    return names[0]
