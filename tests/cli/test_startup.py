"""Commands that need no model start without the libraries that models need."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import polydistill
from loaded import HEAVY, loaded_by

LATE = {
    "matplotlib",
    "sklearn",
    "seqeval",
    "onnx",
    "onnxruntime",
    "faiss",
    "sentence_transformers",
    "tensorboard",
    "wandb",
    "peft",
}


@pytest.mark.parametrize(
    ("command", "shows"),
    [
        ("--help", "quickstart"),
        ("predict --help", "--premise"),
        ("list languages", "Swahili"),
        ("list tasks", "entailment"),
        ("list methods", "bert-kld"),
        ("list runs", "No runs in"),
        ("world --rows 3", "contradiction"),
    ],
)
def test_no_heavy_library_is_loaded(command, shows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed, loaded = loaded_by(*command.split())
    assert shows in printed
    assert not loaded


def test_importing_polydistill_loads_nothing():
    program = "import sys, json, polydistill; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"numpy", "pydantic", "typer", *HEAVY}.intersection(json.loads(done.stdout))


def test_what_only_scores_pictures_and_extras_need_is_imported_where_it_is_used():
    early = []
    for file in sorted(Path(polydistill.__file__).parent.rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            early += [f"{file.name}: {name}" for name in names if name.partition(".")[0] in LATE]
    assert not early


@pytest.mark.slow
def test_a_model_that_no_run_left_is_read_without_loading_any_method():
    program = (
        "import sys, json, polydistill.jobs.asked, polydistill.starts.loading, polydistill.serving.reader; "
        "print(json.dumps([name for name in sys.modules if name.startswith('polydistill.')]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[1] for name in json.loads(done.stdout)}
    assert "starts" in loaded
    assert not loaded & {"methods", "training", "papers", "reports"}
