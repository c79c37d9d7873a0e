"""A model as ONNX: run by the plain runtime it says what the model says, for texts and batches of any size."""

import json
import sys

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer
from typer.testing import CliRunner

import polydistill
from plain import run_plain
from polydistill.cli import app
from polydistill.data.rows import PAIR_OF_SENTENCES
from polydistill.exports import onnx as exporting
from polydistill.exports.onnx import export_onnx
from polydistill.methods.method import Loaded
from polydistill.students.mblm import branched
from polydistill.students.mblm_config import Branches
from tiny import tiny_network, tiny_tokenizer

LANGUAGES = ("en", "fr")
RUN = """
import json, sys
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1] + "/model.onnx")
inputs = {name: np.array(value) for name, value in json.loads(sys.argv[2]).items()}
print(json.dumps(session.run(None, inputs)[0].tolist()), "torch" in sys.modules)
"""


def learned_mblm(**options):
    network = branched(tiny_network().float(), Branches(languages=LANGUAGES, blocks=1, **options)).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in network.parameters():
            value.add_(0.1 * torch.randn(value.shape, generator=generator))
    return network


def texts(pairs):
    return tiny_tokenizer()(*map(list, zip(*pairs, strict=True)), padding=True, return_tensors="pt")


@pytest.fixture
def saved(tmp_path):
    network = learned_mblm()
    network.config.id2label = dict(enumerate(PAIR_OF_SENTENCES.labels))
    network.config.label2id = {label: index for index, label in enumerate(PAIR_OF_SENTENCES.labels)}
    network.save_pretrained(tmp_path / "model")
    tiny_tokenizer().save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_an_mblm_runs_without_us_and_without_torch(saved, tmp_path):
    folder = tmp_path / "onnx"
    shown = CliRunner().invoke(app, ["export", str(saved), "--onnx", str(folder)])
    assert shown.exit_code == 0, shown.output
    assert "onnx/model.onnx: logits as the model's own within" in shown.stdout
    network = learned_mblm()
    for pairs in ([("A dog runs.", "It runs.")], [("A cat.", "The old woman sees a man.")] * 3 + [("a", "b")]):
        inputs = texts(pairs)
        said = run_plain(RUN, str(folder), json.dumps({name: value.tolist() for name, value in inputs.items()}))
        logits, with_torch = said.rsplit(maxsplit=1)
        assert with_torch == "False"
        wanted = network(**inputs).logits.detach().numpy()
        np.testing.assert_allclose(np.array(json.loads(logits)), wanted, atol=1e-4)
    assert json.loads((folder / "labels.json").read_text()) == list(PAIR_OF_SENTENCES.labels)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer("A dog.")["input_ids"] == tiny_tokenizer()("A dog.")["input_ids"]


def test_a_model_that_is_told_the_language_is_exported_for_one(tmp_path):
    network, inputs = learned_mblm(supervised_route="own"), texts([("A dog runs.", "It runs.")])
    done = export_onnx(Loaded(network, tiny_tokenizer()), tmp_path / "fr", language="fr")
    shown = run_plain(RUN, str(done.folder), json.dumps({name: value.tolist() for name, value in inputs.items()}))
    found = np.array(json.loads(shown.rsplit(maxsplit=1)[0]))
    np.testing.assert_allclose(found, network(**inputs, language="fr").logits.detach().numpy(), atol=1e-4)
    assert np.abs(found - network(**inputs).logits.detach().numpy()).max() > 1e-3


class Other:
    """A runtime that says something else."""

    def __init__(self, file, providers):
        assert file.is_file()

    def run(self, names, inputs):
        return [np.zeros((len(inputs["input_ids"]), 3), dtype=np.float32)]


def test_a_file_that_says_something_else_is_refused(tmp_path, monkeypatch, saved):
    monkeypatch.setattr("onnxruntime.InferenceSession", Other)
    monkeypatch.setattr(exporting, "_write", lambda model, inputs, file: file.touch())
    with pytest.raises(
        ValueError, match=r"says other logits than the model itself: they differ by up to .*, more than"
    ):
        polydistill.export(saved, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_in_use_is_left_alone(tmp_path, saved):
    with pytest.raises(ValueError, match="is there and not empty"):
        polydistill.export(saved, saved)


def test_without_the_extra(tmp_path, monkeypatch, saved):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(
        ValueError, match=r"needs onnxscript, which is not installed: pip install 'polydistill\[onnx\]'"
    ):
        polydistill.export(saved, tmp_path / "out")


def test_what_is_tried_has_pads_and_none():
    for rows, tokens in exporting._TRIED:
        inputs = exporting._inputs(Loaded(tiny_network(), tiny_tokenizer()), (rows, tokens), ())
        assert inputs["input_ids"].shape == inputs["attention_mask"].shape == (rows, tokens)
        assert inputs["attention_mask"].sum(1).min() >= 1
        assert (inputs["input_ids"][inputs["attention_mask"] == 0] == tiny_tokenizer().pad_token_id).all()
