"""The precision of fp32 matrix products on the CPU: a faster kernel is used only where it is as accurate.

On some CPUs `torch.set_float32_matmul_precision("medium")` picks another library's fp32 product, which is twice as fast
with the same error; on others the same switch computes in bf16. So speed and accuracy are both measured at start-up.
"""

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch

from polydistill.specs import Spec
from polydistill.training.checkpoints import written_whole

Matmul = Literal["highest", "medium"]
_GAIN = 1.15
_ERROR = 2e-6


class Numerics(Spec):
    """What a run's numbers depend on besides its settings: kept in its folder, so that resuming changes no bit."""

    matmul: Matmul
    threads: int
    speedup: float
    """How many times faster "medium" was than "highest"."""
    error: float
    """Relative error of "medium" against float64."""
    processes: int = 1

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


def probe() -> Numerics:
    """Measure both kernels on a product of a small encoder's shape; a fraction of a second."""
    before = torch.get_float32_matmul_precision()
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(512, 512, generator=generator) for _ in range(2))
    exact = a.double() @ b.double()
    seconds: dict[str, list[float]] = {"highest": [], "medium": []}
    error = 0.0
    for turn in range(12):  # interleaved, so that a busy machine slows both alike
        for kernel, times in seconds.items():
            torch.set_float32_matmul_precision(kernel)
            began = time.perf_counter()
            product = a @ b
            times.append(time.perf_counter() - began)
            if kernel == "medium" and turn == 0:
                error = float((product.double() - exact).norm() / exact.norm())
    torch.set_float32_matmul_precision(before)
    speedup = statistics.median(seconds["highest"][2:]) / statistics.median(seconds["medium"][2:])
    matmul: Matmul = "medium" if speedup > _GAIN and error < _ERROR else "highest"
    return Numerics(matmul=matmul, threads=torch.get_num_threads(), speedup=round(speedup, 2), error=error)


def settled(folder: Path, processes: int = 1) -> Numerics:
    """The numerics a run began with, or, at its beginning, those that the probe finds."""
    file = folder / "numerics.json"
    if file.exists():
        begun = Numerics.model_validate(json.loads(file.read_text()))
        if begun.processes != processes:
            raise ValueError(
                f"The run in {folder} was begun by {begun.processes} processes and cannot go on in {processes}: its "
                f"batches would change. Start it with {begun.processes} again, or remove the folder to begin anew."
            )
        return begun
    numerics = probe().model_copy(update={"processes": processes})
    with written_whole(file) as unfinished:
        unfinished.write_text(numerics.model_dump_json(indent=2))
    return numerics
