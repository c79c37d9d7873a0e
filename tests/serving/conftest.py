"""A tiny tuned model as PyTorch and as the ONNX folder of its export."""

from pathlib import Path

import pytest

from polydistill import export
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.models.loaded import Loaded
from tiny import tiny_network, tiny_tokenizer, with_labels


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier with the labels of NLI, random weights."""
    folder = tmp_path_factory.mktemp("serving") / "model"
    network = tiny_network().float()
    with_labels(network, PAIR_OF_SENTENCES.labels)
    network.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def exported(model: Path) -> Path:
    """The same, exported."""
    folder = model.with_name("onnx")
    export(Loaded(tiny_network().float().eval(), tiny_tokenizer()), folder, "onnx", task="nli")
    return folder
