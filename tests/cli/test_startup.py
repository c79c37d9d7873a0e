"""Commands that need no model start without the libraries that models need."""

import json
import subprocess
import sys

import pytest

from loaded import HEAVY, loaded_by


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
