"""What nobody calls is deleted; what is called by others than Python code of ours is named in pyproject.toml."""

import subprocess
import sys
from pathlib import Path


def test_nothing_is_without_a_caller():
    here = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-m", "vulture"], cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
