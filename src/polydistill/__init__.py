"""polydistill: cross-lingual knowledge distillation.

The public names are those that `polydistill.api` imports. Each is loaded when it is first asked for, so that the import
itself costs nothing.
"""

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polydistill.auto_classes import announce

if TYPE_CHECKING:
    from polydistill.api import *

__version__ = "0.2.0"


@cache
def public_names() -> dict[str, tuple[str, str]]:
    """The public names, each with its module and its name there: read off `api`, which is not loaded for that."""
    tree = ast.parse(Path(__file__).with_name("api.py").read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return {name.asname or name.name: (str(node.module), name.name) for node in imports for name in node.names}


announce()


def __getattr__(name: str) -> Any:
    """Load the exported names on demand."""
    if name == "__all__":
        return sorted(public_names())
    if name in public_names():
        module, there = public_names()[name]
        return getattr(import_module(module), there)
    raise AttributeError(f"module 'polydistill' has no attribute {name!r}; it has {', '.join(public_names())}")


def __dir__() -> list[str]:
    """The exported names, for completion."""
    return sorted({*globals(), *public_names()})
