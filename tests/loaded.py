"""Which libraries a command loads, in a process of its own."""

import json
import subprocess
import sys

HEAVY = ("torch", "transformers", "datasets", "pyarrow", "pandas", "sklearn", "scipy", "matplotlib")

_PROGRAM = """
import json, sys
sys.argv = ["polydistill", *sys.argv[1:]]
from polydistill.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def loaded_by(*arguments: str) -> tuple[str, set[str]]:
    """What a command prints, and those of `HEAVY` that are loaded when it ends."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM, *arguments], capture_output=True, text=True, check=True)
    return done.stdout, set(json.loads(done.stderr.splitlines()[-1])).intersection(HEAVY)
