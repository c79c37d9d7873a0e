"""How many threads a run computes with, and by which kernel: what is measured to be faster, and no less accurate.

A small encoder on a busy machine is several times slower with all threads than with one, a large one on an idle machine
faster. `torch.set_float32_matmul_precision("medium")` picks another library's fp32 product: on some CPUs it is faster
with the same error, on others it computes in bf16, and small shapes it can slow down. Products of bf16 numbers are
twice as fast where a processor has them, and 20 times as slow where it has not. So all are measured before the first
run of an encoder's width, on a block of that width, and remembered for this machine: a run's last bits depend on them,
and a busy moment must not decide whether the same command gives the same bits again.
"""

import hashlib
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from polydistill.machine import cache_folder, cores, processor
from polydistill.specs import Spec
from polydistill.starts.strict import readable
from polydistill.whole import write_text

NUMERICS_FILE = "numerics.json"
Matmul = Literal["highest", "medium"]
Precision = Literal["fp32", "bf16"]
_GAIN = 1.15  # ours: less is not worth a choice that noise might have made
_GAIN_OF_THREADS = 1.5  # ours: threads that gain less lose it again as soon as another program wants a core
_LENGTHS, _TURNS, _SECONDS = (12, 28), 5, 1.0
_ERROR = 2e-6


class Numerics(Spec):
    """What a run's numbers depend on besides its settings: kept in its folder, so that resuming changes no bit."""

    matmul: Matmul
    threads: int
    speedup: float
    """How many times faster "medium" was than "highest"."""
    error: float
    """Relative error of "medium" against float64."""
    bf16: float | None = None
    """How many times faster products are in bf16 than in fp32; none: of a run that was begun before this was asked."""
    processes: int = 1

    def slow(self, precision: Precision, device: torch.device) -> str | None:
        """What to say where the other precision would be much faster on this processor."""
        if precision == "fp32" or device.type != "cpu" or self.bf16 is None or self.bf16 * _GAIN > 1:
            return None
        return f"bf16 is {1 / self.bf16:.0f} times as slow as fp32 on this processor. Take --precision fp32."

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within, this process computes so."""
        before = torch.get_float32_matmul_precision(), torch.get_num_threads()
        torch.set_float32_matmul_precision(self.matmul)
        torch.set_num_threads(self.threads)
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before[0])
            torch.set_num_threads(before[1])


def probe(width: int = 768) -> Numerics:
    """Measure on a step of one encoder block of this width, on texts of several lengths; seconds at most."""
    before = torch.get_float32_matmul_precision(), torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        step = _block_step(width)
        a, b = torch.randn(256, width), torch.randn(width, width)
    try:
        several = _speedup(step, _threads(1), _threads(before[1]), time.perf_counter) if before[1] > 1 else 1.0
        threads = before[1] if several > _GAIN_OF_THREADS else 1
        torch.set_num_threads(threads)
        now = time.process_time if threads == 1 else time.perf_counter  # one thread's is not lengthened by neighbours
        speedup = _speedup(step, _kernel("highest"), _kernel("medium"), now)
        _kernel("medium")()
        error = relative_error(a, b)
        _kernel("highest")()
        bf16 = _speedup_of_bf16(a, b, now)
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.set_num_threads(before[1])
    matmul: Matmul = "medium" if speedup > _GAIN and error < _ERROR else "highest"
    return Numerics(matmul=matmul, threads=threads, speedup=round(speedup, 2), error=error, bf16=round(bf16, 2))


def relative_error(a: Tensor, b: Tensor) -> float:
    """The error of the product of two matrices, against float64."""
    exact = a.double() @ b.double()
    return float(((a @ b).double() - exact).norm() / exact.norm())


def _speedup_of_bf16(a: Tensor, b: Tensor, now: Callable[[], float]) -> float:
    """How many times faster the product of two matrices is in bf16. A whole block would take half a minute on some."""
    sides = [a, b]

    def take(dtype: torch.dtype) -> Callable[[], None]:
        given = [a.to(dtype), b.to(dtype)]
        return lambda: sides.__setitem__(slice(None), given)

    return _speedup(lambda: sides[0] @ sides[1], take(torch.float32), take(torch.bfloat16), now)


def _block_step(width: int) -> Callable[[], None]:
    """Forward and backward through one block. A bare product misleads: kernels also pay by shape and by call."""
    block = nn.TransformerEncoderLayer(width, 1, 4 * width, dropout=0.0, activation="gelu", batch_first=True)
    texts = [torch.randn(16, length, width) for length in _LENGTHS]

    def step() -> None:
        for text in texts:
            block(text).square().mean().backward()

    return step


def _threads(count: int) -> Callable[[], None]:
    return lambda: torch.set_num_threads(count)


def _kernel(name: Matmul) -> Callable[[], None]:
    return lambda: torch.set_float32_matmul_precision(name)


def _speedup(
    step: Callable[[], object], slow: Callable[[], None], fast: Callable[[], None], now: Callable[[], float]
) -> float:
    """How many times faster a step is after `fast` than after `slow`, by the clock `now`: medians of turns."""
    seconds: tuple[list[float], list[float]] = ([], [])
    ends = time.perf_counter() + _SECONDS
    for _ in range(_TURNS + 1):  # interleaved, so that a busy machine slows both alike
        for choose, times in zip((slow, fast), seconds, strict=True):
            choose()
            began = now()
            step()
            times.append(now() - began)
        if time.perf_counter() > ends and len(seconds[0]) > 1:
            break
    return statistics.median(seconds[0][1:]) / statistics.median(seconds[1][1:])  # without the first: it warms up


def faster_precision(width: int) -> Precision:
    """bf16 on an accelerator, and on a processor whose products are faster in it; else fp32."""
    if torch.accelerator.is_available():
        return "bf16"
    return "bf16" if (remembered(width).bf16 or 1.0) > _GAIN else "fp32"


def settled(folder: Path, width: int, processes: int = 1) -> Numerics:
    """The numerics a run began with, or, at its beginning, those that the probe finds."""
    file = folder / NUMERICS_FILE
    if file.exists():
        with readable(file, "threads and precision of a run", "Remove it: they are measured again."):
            begun = Numerics.model_validate_json(file.read_bytes())
        if begun.processes != processes:
            raise ValueError(
                f"The run in {folder} was begun by {begun.processes} processes and cannot go on in {processes}: its "
                f"batches would change. Start it with {begun.processes} again, or remove the folder to begin anew."
            )
        return begun
    numerics = remembered(width).model_copy(update={"processes": processes})
    write_text(file, numerics.model_dump_json(indent=2))
    return numerics


def remembered(width: int) -> Numerics:
    """What the probe found for this width on this machine, with as many threads; where it was not asked yet, now."""
    threads = torch.get_num_threads()
    about = f"{processor()}, {cores()} cores, {threads} threads, torch {torch.__version__}, {width} wide, and bf16"
    file = cache_folder() / "numerics" / f"{hashlib.sha256(about.encode()).hexdigest()[:16]}.json"
    try:
        return Numerics.model_validate_json(file.read_bytes())
    except (OSError, ValueError):
        found = probe(width)
    with suppress(OSError):  # a folder of others, a full disk: then it is asked again
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, found.model_dump_json(indent=2))
    return found
