"""A strategy from beginning to end, around whatever trains."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from transformers import PreTrainedModel

from polydistill.models.adapters import attach
from polydistill.models.grow import add_blocks
from polydistill.models.layers import blocks
from polydistill.transfer.carry import add, check_fit, copy, sharing, values
from polydistill.transfer.select import head_names, select
from polydistill.transfer.strategies import Strategy


@contextmanager
def transferring(
    strategy: Strategy, source: PreTrainedModel | None, target: PreTrainedModel | None, seed: int = 0
) -> Iterator[tuple[PreTrainedModel, ...]]:
    """Within, the networks given are to learn; after it the student that is judged (`strategy.judged`) has the result.

    Adapters and added blocks are put in at the beginning, with equal weights in both students; they stay. A strategy
    that needs only one student (`strategy.needs`) does not look at the other.
    """
    students = {"source": source, "target": target}
    networks = {role: _given(students[role], role) for role in strategy.needs}
    for network in dict.fromkeys(networks.values()):  # once, also where both are one bilingual student
        equip(network, strategy, seed)
    learning = tuple(
        dict.fromkeys(network for role, network in networks.items() if strategy.learns_on in (role, "both"))
    )
    names, *_ = [select(network, strategy) for network in learning]
    if strategy.carries == "nothing":
        yield learning
        return
    ours, other = networks["source"], networks["target"]
    check_depth(ours, other, names)  # before the hours of training
    check_fit(ours, other, names)
    if strategy.carries == "share":
        with sharing(ours, other, names):
            yield learning
        return
    head = head_names(ours)
    changed = [name for name in names if name not in head] if strategy.carries == "add" else []
    original = values(ours, changed)
    yield learning
    add(ours, other, original)
    copy(ours, other, [name for name in names if name not in original])  # of the head the target has no original


def equip(network: PreTrainedModel, strategy: Strategy, seed: int) -> None:
    """Put in what the strategy adds to a network: blocks on top, or adapters; equal seeds, equal weights."""
    add_blocks(network, strategy.added_blocks, seed)
    if strategy.trains == "adapters":
        attach(network, strategy.bottleneck, seed=seed)


def check_depth(source: PreTrainedModel, target: PreTrainedModel, names: Collection[str]) -> None:
    """Refuse a change of blocks between students of unequal depth: the deeper one would take it in part."""
    ours, other = len(blocks(source)), len(blocks(target))
    in_blocks = {id(value) for block in blocks(source) for value in block.parameters()}
    if ours != other and any(id(source.get_parameter(name)) in in_blocks for name in names):
        raise ValueError(
            f"The source student has {ours} blocks and the target student {other}, and under this strategy blocks "
            "travel from one to the other. Take students of one depth, or a strategy that leaves blocks alone."
        )


def _given(network: PreTrainedModel | None, role: str) -> PreTrainedModel:
    if network is None:
        raise ValueError(f"This strategy needs a {role} student. Give one, or choose a strategy that needs none.")
    return network
