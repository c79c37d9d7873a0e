"""Reading in bf16: where it is faster on this machine, and says the same of the first rows as fp32 does.

On processors without products in bf16 it is slower, and some models lose more by it than others. So both are tried.
"""

import logging
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

from polydistill.tasks.task import Answer

if TYPE_CHECKING:
    import torch

Precision = Literal["fp32", "bf16"]
TRIED, _TURNS = 128, 3  # ours: rows, and how often both read them
_GAIN, _EQUAL = 1.1, 0.98  # ours
_HOPELESS, _WARM = 3, 1.0  # ours: so many times as slow, and in seconds, that one turn says enough
_NEAR = 0.01  # ours: bf16 has two to three digits
_LOG = logging.getLogger("polydistill")


def tried(
    precision: Precision, read: Callable[[], list[Answer]], rows: int, device: "torch.device | None"
) -> Callable[[], AbstractContextManager[Any]]:
    """What to read within, where some numbers are asked for: `read` gives the answers to the first so many `rows`."""
    if precision == "fp32":
        return nullcontext
    if device is None:
        raise ValueError(
            "--precision bf16 is for models that PyTorch reads; this one computes in the numbers that it was exported "
            "with. Leave it out."
        )
    if rows < TRIED:
        _LOG.warning("Precision: fp32, for fewer than %s rows are read; trying bf16 takes longer.", TRIED)
        return nullcontext
    import torch

    def in_bf16() -> AbstractContextManager[Any]:
        return torch.autocast(device.type, dtype=torch.bfloat16)

    speedup, equal = _compared(read, in_bf16, device.type == "cpu" and torch.get_num_threads() == 1)
    said = f"{speedup:.2f} times as fast as fp32 here, {equal:.1%} of {rows} answers equal"
    if speedup < _GAIN or equal < _EQUAL:
        _LOG.warning("Precision: fp32, for bf16 is %s.", said)
        return nullcontext
    _LOG.warning("Precision: bf16 (%s).", said)
    return in_bf16


def _compared(
    read: Callable[[], list[Answer]], in_bf16: Callable[[], AbstractContextManager[Any]], alone: bool
) -> tuple[float, float]:
    """How many times as fast bf16 is, by interleaved turns, and the share of answers that it leaves as they are."""
    now = time.process_time if alone else time.perf_counter  # neighbours do not lengthen what one thread computes
    seconds: tuple[list[float], list[float]] = ([], [])
    answers: list[list[Answer]] = [[], []]
    for _ in range(_TURNS + 1):
        for which, within in enumerate((nullcontext, in_bf16)):
            with within():
                began = now()
                answers[which] = read()
                seconds[which].append(now() - began)
        if seconds[1][-1] > max(_WARM, _HOPELESS * seconds[0][-1]):
            break
    fp32, bf16 = (statistics.median(times[1:] or times) for times in seconds)  # without the first: it warms up
    return fp32 / bf16, share_equal(*answers)


def share_equal(some: Sequence[Answer], others: Sequence[Answer]) -> float:
    """The share of answers that say the same; numbers where they are near."""
    return sum(map(_same, some, others)) / len(some)


def _same(one: Answer, other: Answer) -> bool:
    if isinstance(one.said, float) and isinstance(other.said, float):
        return abs(one.said - other.said) <= _NEAR * max(1.0, abs(one.said))
    return bool(one.said == other.said)
