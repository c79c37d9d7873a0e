"""The processes of a run: one, or those that `torchrun` or `accelerate launch` started together."""

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list


def on_cpu() -> bool:
    """Whether this machine computes on its CPU. Untold, `accelerate` lets every process on a CPU train for itself."""
    return not torch.accelerator.is_available()


def processes() -> PartialState:
    """Which process this is, of how many."""
    return PartialState(cpu=on_cpu())


def agreed(seen: bool) -> bool:
    """What the main process saw, for all processes of a distributed run: seeing different things they would part."""
    processes()
    return bool(broadcast_object_list([seen])[0])
