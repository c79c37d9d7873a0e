"""Rules of the house that no reader should have to check: imports run one way, files are short, nothing unsafe."""

import ast
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

import polydistill

ROOT = Path(polydistill.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# A folder may import itself and what stands above it.
ORDER = (
    *("auto_classes", "errors", "machine", "progress", "whole", "bounds", "specs", "defaults", "languages"),
    *(
        "outputs",
        "results",
        "manifest",
        "objectives",
        "world",
        "data",
        "models",
        "transfer",
        "tasks",
        "starts",
        "retrieval",
        "methods",
    ),
    *("training", "inspection", "exports", "serving", "reports", "jobs", "papers", "api", "cli", "__main__"),
)
# ... but for these, which are kept apart though one stands above the other.
APART = {("data", "objectives"), ("world", "objectives")}
LONGEST = 300


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that a file imports, by their full names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def part_of(module: str) -> str:
    """The folder, or the single file, of ours that a module belongs to: `data` of `polydistill.data.rows.shapes`."""
    return module.split(".")[1]


def breaches(part: str, tree: ast.AST) -> list[str]:
    """What a file of this folder may not import, and does."""
    ours = {part_of(module) for module in imported(tree) if module.startswith("polydistill.")} - {"__version__"}
    unplaced = ours - set(ORDER)
    assert not unplaced, f"say in ORDER where these stand: {unplaced}"
    return [other for other in sorted(ours) if ORDER.index(other) > ORDER.index(part) or (part, other) in APART]


def unsafe(tree: ast.AST) -> list[str]:
    """Calls that print, or run text or data as code."""
    found = [
        f"import {name}" for name in imported(tree) if name.split(".")[0] in ("pickle", "dill", "marshal", "shelve")
    ]
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id in ("print", "eval", "exec", "compile", "__import__"):
            found.append(f"{call.func.id}( in line {call.lineno}")
        loads = isinstance(call.func, ast.Attribute) and call.func.attr in ("from_pretrained", "from_config")
        if loads and "trust_remote_code" not in [keyword.arg for keyword in call.keywords]:
            found.append(f"no trust_remote_code=False in line {call.lineno}")
        for keyword in call.keywords:
            allowed = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg == "trust_remote_code" and not allowed:
                found.append(f"trust_remote_code in line {call.lineno}")
            if keyword.arg in ("weights_only", "use_safetensors") and allowed:
                found.append(f"{keyword.arg}=False in line {call.lineno}")
    return found


@functools.cache
def parse(file: Path) -> ast.AST:
    return ast.parse(file.read_text(encoding="utf-8"))


def room_of(file: Path) -> str:
    """The folder below the root, or the single file, that a file is."""
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


def by_file(rule: Callable[[Path], object], files: Iterable[Path] = FILES) -> dict[str, object]:
    """What a rule finds, of the files in which it finds something."""
    return {str(file.relative_to(ROOT)): found for file in files if (found := rule(file))}


def test_imports_run_one_way():
    assert {room_of(file) for file in FILES} <= {*ORDER, "__init__"}, "say in ORDER where these stand"
    assert by_file(lambda file: room_of(file) != "__init__" and breaches(room_of(file), parse(file))) == {}


def test_the_root_shows_the_public_face_and_nothing_else():
    ours = (module for module in imported(parse(ROOT / "__init__.py")) if module.startswith("polydistill"))
    assert {part_of(module) for module in ours} <= {"api", "auto_classes"}


def test_no_method_imports_a_method():
    def others(file: Path) -> list[str]:
        modules = {m.rpartition(".")[0] for m in imported(parse(file)) if m.startswith("polydistill.methods")}
        own = f"polydistill.methods.{file.parent.name}."  # a method that is a folder
        return [module for module in modules - FACE if not module.startswith(own)]

    assert by_file(others, (ROOT / "methods").rglob("*.py")) == {}


SHARED = (
    *("method", "spec", "source", "teacher", "table", "known"),
    *("plain_text", "soft_answers", "aligned_tags", "together"),
)
FACE = {f"polydistill.methods.{name}" for name in SHARED}


def methods_named(tree: ast.AST) -> set[str]:
    """The modules of single methods that a file imports, or names as text to be imported."""
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    named = {text.partition(":")[0] for text in texts if re.match(r"polydistill\.methods\.\w", text)}
    modules = {module.rpartition(".")[0] for module in imported(tree)} | named
    return {module for module in modules if module.startswith("polydistill.methods.")} - FACE


def test_only_jobs_and_papers_name_a_method():
    """Others ask the method's spec; `methods/spec.py` says what it answers."""
    others = [file for file in FILES if room_of(file) not in ("methods", "jobs", "papers")]
    assert by_file(lambda file: methods_named(parse(file)), others) == {}


def test_only_the_table_and_a_methods_own_folder_name_a_method_in_methods():
    assert by_file(lambda file: methods_named(parse(file)), (ROOT / "methods").glob("*.py")).keys() == {
        "methods/table.py"
    }


def test_nobody_asks_what_a_method_is():
    """Ask the method's spec instead; `methods/spec.py` says what it answers."""
    others = [file for file in FILES if room_of(file) != "methods"]
    asks = re.compile(r"isinstance\(.*method.*")
    assert by_file(lambda file: asks.findall(file.read_text(encoding="utf-8")), others) == {}


@pytest.mark.parametrize(
    ("folder", "forbidden"), [("objectives", ("transformers", "datasets")), ("models", ("datasets",))]
)
def test_objectives_know_no_model_and_models_no_data(folder, forbidden):
    def found(file: Path) -> list[str]:
        return [module for module in imported(parse(file)) if module.split(".")[0] in forbidden]

    assert by_file(found, (ROOT / folder).glob("*.py")) == {}


def test_files_are_short():
    lines = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert by_file(lambda file: lines[file] > LONGEST and lines[file]) == {}


def test_nothing_prints_or_runs_data_as_code():
    assert by_file(lambda file: unsafe(parse(file))) == {}


def test_the_rules_see_what_they_forbid():
    assert methods_named(ast.parse("from polydistill.methods.xd import XD\nx = 'polydistill.methods.mmkd:MMKD'")) == {
        "polydistill.methods.xd",
        "polydistill.methods.mmkd",
    }
    upward = ast.parse("from polydistill.training.run import Run\nfrom polydistill.errors import unknown")
    assert breaches("data", upward) == ["training"]
    assert breaches("jobs", upward) == []
    assert breaches("data", ast.parse("def f():\n    import polydistill.cli")) == ["cli"]
    for text in (
        "print(1)",
        "eval('1')",
        "import pickle",
        "from pickle import loads",
        "f(trust_remote_code=x)",
        "Auto.from_pretrained(x)",
    ):
        assert unsafe(ast.parse(text)), text
    assert not unsafe(ast.parse("console.print(1)\nf(trust_remote_code=False)\nre.compile('a')\nmodel.eval()"))
