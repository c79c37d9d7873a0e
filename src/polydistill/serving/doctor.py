"""What this machine offers, and what to do about what is missing."""

import importlib.metadata
import importlib.util
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from polydistill.defaults import REPORTERS

PACKAGES = ("torch", "transformers", "accelerate", "datasets", "tokenizers", "safetensors", "pydantic", "numpy")
GIB = 2**30
LITTLE_MEMORY, LITTLE_DISK = 4, 2  # ours, GiB: what the quickstart needs with room to spare; what its runs leave


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what was found, and what to do if that is not good."""

    what: str
    found: str
    todo: str = ""


def findings() -> Iterator[Finding]:
    """Everything, in order; only the question whether the hub answers leaves this machine."""
    from polydistill import __version__

    yield Finding("polydistill", __version__)
    yield Finding("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for name in PACKAGES:
        yield Finding(name, importlib.metadata.version(name))
    yield from map(_reporter, REPORTERS)
    yield _threads()
    yield from _products()
    yield _devices()
    yield _memory()
    yield _disk()
    yield _network()


def _reporter(name: str) -> Finding:
    if importlib.util.find_spec(name) is None:
        return Finding(name, "not installed", f"For --report-to {name}: pip install 'polydistill[{name}]'")
    return Finding(name, importlib.metadata.version(name))


def _threads() -> Finding:
    import torch

    from polydistill.machine import cores

    used, there = torch.get_num_threads(), cores()
    todo = f"More threads than cores slow it down: set OMP_NUM_THREADS={there}." if used > there else ""
    return Finding("threads", f"{used}, on {there} cores", todo)


def _products() -> Iterator[Finding]:
    import torch

    from polydistill.training.numerics import probe

    found = probe()
    yield Finding(
        "fp32 products",
        f"{found.matmul!r} precision ('medium' is {found.speedup:.2f} times as fast, error {found.error:.0e})",
    )
    todo = found.slow("bf16", torch.device("cpu")) or ""
    yield Finding("bf16 products", f"{found.bf16:.2f} times as fast as fp32", todo)


def _devices() -> Finding:
    import torch

    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(at) for at in range(torch.cuda.device_count())]
        return Finding("devices", ", ".join(names))
    if torch.backends.mps.is_available():
        return Finding("devices", "Apple GPU")
    way_out = (
        "The mini-world needs no GPU. For base-size models use a machine with one."
        if not _has_driver()
        else ("There is an NVIDIA driver, but this PyTorch cannot use it: install a CUDA build of PyTorch.")
    )
    return Finding("devices", "CPU only", way_out)


def _has_driver() -> bool:
    return shutil.which("nvidia-smi") is not None


def _memory() -> Finding:
    import psutil  # type: ignore[import-untyped]  # comes with accelerate

    free = psutil.virtual_memory().available / GIB
    total = psutil.virtual_memory().total / GIB
    todo = "Close other programs, or use smaller batches with accumulation." if free < LITTLE_MEMORY else ""
    return Finding("memory", f"{free:.1f} of {total:.1f} GiB free", todo)


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / GIB
    return Finding("disk here", f"{free:.1f} GiB free", "Make room: runs keep models." if free < LITTLE_DISK else "")


def _network() -> Finding:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return Finding("hub", "offline (HF_HUB_OFFLINE is set)", "Unset it to fetch models and data; all else works.")
    if reachable(constants.ENDPOINT):
        return Finding("hub", "reachable")
    return Finding(
        "hub",
        "not reachable",
        "The quickstart and tables at world scale work offline. For models and data: give folders and files, "
        "or go online once.",
    )


def reachable(address: str, seconds: float = 3.0) -> bool:
    """Whether a server answers at all."""
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=seconds):
            return True
    except urllib.error.HTTPError:
        return True  # it answered, if only to refuse
    except OSError:
        return False
