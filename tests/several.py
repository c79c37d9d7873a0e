"""Starts processes that work together, as `torchrun` does."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def torchrun(*command: object, processes: int = 2, fails: bool = False) -> str:
    """Start processes of a script of these tests, or of a module (`-m`, NAME); what they said on stderr."""
    starts = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    return started([*starts, *map(str, command)], fails)


def started(command: list[str], fails: bool = False) -> str:
    """What a command of several processes said on stderr."""
    paths = [HERE, HERE / "training", HERE / "methods", *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, map(str, paths))),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1200, check=False)
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr
