"""The machine: its processor and cores, the memory of this process, and where things are kept for all runs."""

import os
import platform
import resource
import sys
from pathlib import Path

_CACHE = "POLYDISTILL_CACHE"
_STATUS = Path("/proc/self/status")


def cache_folder() -> Path:
    """Where things are kept that any run may use and that can be made again: `POLYDISTILL_CACHE`, or the user's own."""
    named = os.environ.get(_CACHE)
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "polydistill"
    return Path(named).expanduser() if named else usual


def processor() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """The threads that PyTorch works with; where it is not loaded, those that the environment or the cores allow."""
    if torch := sys.modules.get("torch"):
        return int(torch.get_num_threads())
    wanted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(wanted) if wanted.isdecimal() and int(wanted) else cores()


def resident() -> int:
    """Bytes of memory that this process holds now."""
    import psutil  # type: ignore[import-untyped]

    return int(psutil.Process().memory_info().rss)


def peak_resident() -> int:
    """The most bytes that this process ever held. Linux's own mark, for the usual one counts the parent's, too."""
    marks = _STATUS.read_text(encoding="utf-8").splitlines() if _STATUS.exists() else []
    for line in marks:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
