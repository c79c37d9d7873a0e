"""Stops a training whose numbers are no longer numbers, before anything of it is kept.

In fp32 and bf16 nothing skips such a step, so the weights are lost with it: the first one ends the run.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from polydistill.starts.numbers import not_finite
from polydistill.training.checkpoints import checkpoints

GRADIENT = "gradient norm"
_NEVER = 2**62


class DivergedError(ValueError):
    """A loss or a gradient was not a finite number."""


class Watch:
    """Remembers at which step each number was first not finite, on its device: looking waits, seeing does not."""

    def __init__(self) -> None:
        self._first: dict[str, Tensor] = {}

    def see(self, name: str, value: Tensor | float, step: int) -> None:
        """Look at a value of this step."""
        number = torch.as_tensor(value).detach()
        first = self._first.get(name)
        if first is None:
            first = torch.full((), _NEVER, dtype=torch.int64, device=number.device)
        self._first[name] = torch.where(torch.isfinite(number).all(), first, first.clamp(max=step))

    def found(self) -> tuple[int, tuple[str, ...]] | None:
        """The first step at which something was not finite, and what; the gradient only where no term was."""
        steps = {name: int(first) for name, first in self._first.items()}
        step = min(steps.values(), default=_NEVER)
        if step == _NEVER:
            return None
        names = [name for name, first in steps.items() if first == step]
        terms = [name for name in names if name != GRADIENT]
        return step, tuple(terms or names)


def refuse_divergence(watch: Watch, rate: float, steps: int, folder: Path) -> None:
    """Raise where something was not finite, before anything of it is kept in the folder of checkpoints."""
    if (found := watch.found()) is None:
        return
    step, names = found
    newest = next(iter(checkpoints(folder)), None)
    kept = f"The newest checkpoint, {newest.name}, is from before that" if newest else "There is no checkpoint yet"
    raise DivergedError(
        f"The training has diverged: {', '.join(names)} is not a finite number at step {step} of {steps} (peak "
        f"learning rate {rate:g}). {kept}; no result was written. Lower the learning rate, give it a warm-up, or limit "
        "the gradient (training.clip)."
    )


def refuse_lost_weights(network: nn.Module, name: str) -> None:
    """Raise where a weight is not a finite number: such a model is never written."""
    if lost := not_finite(network.named_parameters()):
        raise DivergedError(
            f"{name}: {len(lost)} of its weights are not finite numbers ({', '.join(lost[:3])}). The training has "
            "diverged; nothing was written. Lower the learning rate, or give it a warm-up."
        )
