"""A Python that has every library but ours: how people load what the toolkit writes."""

import subprocess
import sys

_WITHOUT_US = """
import importlib.abc, sys

class NoToolkit(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "polydistill":
            raise ImportError(name)

sys.meta_path.insert(0, NoToolkit())
"""


def run_plain(script: str, *arguments: str) -> str:
    """What the script prints, where the toolkit cannot be imported."""
    shown = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _WITHOUT_US + script, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    return shown.stdout
