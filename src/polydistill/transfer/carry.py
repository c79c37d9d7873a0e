"""Bringing what one student has learned into another: copied, added as a change, or shared while both learn.

Students may share parts (the embeddings, some blocks). A parameter that both have is in its place already.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def values(network: nn.Module, names: Iterable[str]) -> dict[str, Tensor]:
    """What these parameters are now."""
    return {name: network.get_parameter(name).detach().clone() for name in names}


def check_fit(source: nn.Module, target: nn.Module, names: Iterable[str]) -> None:
    """Refuse parameters that the target student does not have, or has in another shape."""
    theirs = dict(target.named_parameters(remove_duplicate=False))
    for name in names:
        if name not in theirs:
            raise ValueError(
                f"The target student has no parameter {name}. Take students of one family and depth with heads for one "
                "task, or a strategy that leaves it alone."
            )
        ours, other = tuple(source.get_parameter(name).shape), tuple(theirs[name].shape)
        if ours != other:
            raise ValueError(
                f"The parameter {name} cannot go from the source to the target student: it is {_shape(ours)} there and "
                f"{_shape(other)} here. Take students of one width and one task, or a strategy that leaves it alone."
            )


@torch.no_grad()
def copy(source: nn.Module, target: nn.Module, names: Iterable[str]) -> None:
    """Target = source, for these parameters."""
    for _, ours, other in _pairs(source, target, names):
        other.copy_(ours)


@torch.no_grad()
def add(source: nn.Module, target: nn.Module, original: Mapping[str, Tensor]) -> None:
    """Target = target + (source - original), for the parameters of `original`: what the source was (`values`).

    The thesis adds the change of every step at that step (Sec. 3.3.5); the sum of them all is this change.
    """
    for name, ours, other in _pairs(source, target, original):
        other.add_((ours - original[name].to(ours.device)).to(other.device, other.dtype))


@contextmanager
def sharing(source: nn.Module, target: nn.Module, names: Iterable[str]) -> Iterator[None]:
    """Within, these parameters of the source are also the target's; after it each has its own, equal in value."""
    private = [name for name, _, _ in _pairs(source, target, names)]
    for name in private:
        _put(target, name, source.get_parameter(name))
    try:
        yield
    finally:
        for name in private:
            shared = target.get_parameter(name)
            _put(target, name, nn.Parameter(shared.detach().clone(), requires_grad=shared.requires_grad))


def _pairs(source: nn.Module, target: nn.Module, names: Iterable[str]) -> list[tuple[str, nn.Parameter, nn.Parameter]]:
    """Each parameter in both networks, but for those that they share; refused before any of them moves."""
    listed = list(names)
    check_fit(source, target, listed)
    pairs = [(name, source.get_parameter(name), target.get_parameter(name)) for name in listed]
    return [(name, ours, other) for name, ours, other in pairs if ours is not other]


def _put(network: nn.Module, name: str, value: nn.Parameter) -> None:
    where, _, last = name.rpartition(".")
    setattr(network.get_submodule(where), last, value)


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
