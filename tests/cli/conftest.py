"""A tiny tuned model and a few rows, as a person might have them, and a way to type commands."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from polydistill.cli import app
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.data.rows.sources import WorldSource
from tiny import tiny_network, tiny_tokenizer, with_labels

LABELS = PAIR_OF_SENTENCES.labels


@pytest.fixture(scope="session")
def own_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier with the labels of NLI, random weights."""
    folder = tmp_path_factory.mktemp("own") / "model"
    network = tiny_network().float()
    with_labels(network, LABELS)
    network.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with rows.jsonl (en and tr, labelled) and text.en, text.tr (parallel)."""
    monkeypatch.chdir(tmp_path)
    rows = load_rows(WorldSource(rows=12), PAIR_OF_SENTENCES, ("en", "tr")).rows
    with Path("rows.jsonl").open("w") as file:
        for code, table in rows.items():
            for row in table:
                file.write(json.dumps({**row, "label": LABELS[row["label"]], "language": code}) + "\n")
    for code, table in rows.items():
        Path(f"text.{code}").write_text("\n".join(table["premise"]) + "\n")
    return tmp_path


@pytest.fixture
def polydistill() -> Callable[..., Result]:
    """Types a command: `polydistill("world --rows 3")`."""

    def typed(command: str, text: str | None = None) -> Result:
        return CliRunner(env={"COLUMNS": "120"}).invoke(app, shlex.split(command), input=text)

    return typed
