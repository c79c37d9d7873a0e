"""Which parameters of a network learn under a strategy.

The head is all that stands above the encoder: what the task has put there, and the pooler of BERT's family, which only
the head reads and a distilled student never learned. It always learns.

Biases are the bias vectors of the encoder's blocks, those of its layer norms among them (the weights g of a layer norm
are none). The embeddings' norm has a bias too; it stays as it is, for the thesis numbers its biases by block and
says that this strategy leaves the embedding layer alone (Sec. 2.1.5, 3.3.4, 4.4.1), which students often share.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from torch import nn
from transformers import PreTrainedModel

from polydistill.models.adapters import adapters
from polydistill.models.layers import blocks
from polydistill.transfer.strategies import Strategy, Trains


def head_names(network: PreTrainedModel) -> frozenset[str]:
    """The parameters of the task's head."""
    base = network.base_model
    pooler = getattr(base, "pooler", None)
    found = _all(network) - _within(network, [base]) | _within(network, [] if pooler is None else [pooler])
    if not found:
        raise ValueError(
            f"{type(network).__name__} has no head to learn a task with. Load the student as a classifier, for example "
            "with AutoModelForSequenceClassification."
        )
    return found


def trained_names(network: PreTrainedModel, strategy: Strategy) -> tuple[str, ...]:
    """The parameters that learn, in the network's own order."""
    head = head_names(network)
    chosen = _CHOICES[strategy.trains](network, strategy)
    if not chosen - head and strategy.trains != "head":
        raise ValueError(
            f"This {network.config.model_type!r} network has no {strategy.trains} that could learn. "
            f"{_WAY_OUT.get(strategy.trains, 'Choose another strategy.')}"
        )
    return tuple(name for name, _ in network.named_parameters() if name in chosen | head)


def select(network: PreTrainedModel, strategy: Strategy) -> tuple[str, ...]:
    """Let exactly the parameters of the strategy learn; gives their names."""
    names = trained_names(network, strategy)
    for name, value in network.named_parameters():
        value.requires_grad_(name in names)
    return names


def _all(network: PreTrainedModel) -> frozenset[str]:
    return frozenset(name for name, _ in network.named_parameters())


def _within(network: PreTrainedModel, parts: Iterable[nn.Module]) -> frozenset[str]:
    """The names that the network gives to the parameters of some of its parts."""
    inside = {id(value) for part in parts for value in part.parameters()}
    return frozenset(name for name, value in network.named_parameters() if id(value) in inside)


def _embeddings(network: PreTrainedModel) -> frozenset[str]:
    blocks(network)  # a family whose layout is not known says so
    return _within(network, [cast(nn.Module, network.base_model.embeddings)])


def _biases(network: PreTrainedModel) -> frozenset[str]:
    return frozenset(name for name in _all(network) - _embeddings(network) if name.endswith(".bias"))


_CHOICES: Mapping[Trains, Callable[[PreTrainedModel, Strategy], frozenset[str]]] = {
    "all": lambda network, _: _all(network),
    "head": lambda network, _: head_names(network),
    "added blocks": lambda network, strategy: _within(network, blocks(network)[-strategy.added_blocks :]),
    "adapters": lambda network, _: _within(network, adapters(network)),
    "biases": lambda network, _: _biases(network),
    "all but embeddings": lambda network, _: _all(network) - _embeddings(network),
}
_WAY_OUT: Mapping[Trains, str] = {
    "adapters": "Put them in first (`students.adapters.attach`).",
    "biases": "Its family is built without them: choose another strategy, for example ADAPT.",
}
