"""Benchmarks are no part of the package, and are not run here; what they and the pages import from it is there."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SCRIPTS = sorted((ROOT / "benchmarks").rglob("*.py"))


def imported(code: str) -> list[tuple[str, str]]:
    """(module, name) of every `from polydistill... import name`."""
    found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom) and not node.level]
    return [
        (str(node.module), one.name)
        for node in found
        if str(node.module).partition(".")[0] == "polydistill"
        for one in node.names
    ]


def is_there(module: str, name: str) -> bool:
    """Whether a module has a name, or is a package with such a module."""
    if hasattr(import_module(module), name):
        return True
    try:
        import_module(f"{module}.{name}")
    except ModuleNotFoundError:
        return False
    return True


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_benchmark_imports_what_is_there(path):
    missing = [one for one in imported(path.read_text(encoding="utf-8")) if not is_there(*one)]
    assert not missing


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_imports_what_is_there(path):
    blocks = re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
    code = [re.sub(r"^(>>>|\.\.\.) ", "", line) for block in blocks for line in block.splitlines()]
    missing = [
        one
        for line in code
        if re.match("from polydistill.* import [^(]+$", line)
        for one in imported(line)
        if not is_there(*one)
    ]
    assert not missing


def test_a_name_that_is_gone_is_found():
    code = "from polydistill.methods.xd import XD, gone"
    assert [one for one in imported(code) if not is_there(*one)] == [("polydistill.methods.xd", "gone")]
