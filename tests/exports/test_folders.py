"""Folders of transformers and sentence-transformers: loaded without us they say what the model says."""

import json
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from saved import bank, keep, learned_mblm, saved
from transformers import AutoModel, AutoModelForMaskedLM, AutoModelForSequenceClassification, AutoTokenizer
from typer.testing import CliRunner

import polydistill
from plain import run_plain
from polydistill.cli import app
from polydistill.data.batches.encoding import encode_texts
from polydistill.exports.folders import write_transformers
from polydistill.exports.samples import Sample
from polydistill.exports.wanted import Wanted
from polydistill.models.adapters import attach
from polydistill.retrieval.token_vectors import TextEncoder, sentence_vectors
from polydistill.starts.loading import load_classifier, load_encoder
from tiny import MAX_LENGTH

SENTENCES = ["A dog runs.", "Der Hund schläft, und die alte Frau sieht ihn.", "The old woman sees a man. " * 30]
ST = """
import json, sys
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
for folder in sys.argv[2:]:
    model = SentenceTransformer(folder, device="cpu")
    print(json.dumps([model.encode(json.loads(sys.argv[1])).tolist(), model.similarity_fn_name]))
"""
FEW = {"check": "world:?rows=4"}


@pytest.mark.slow
def test_sentence_transformers_gives_the_vectors_of_our_retrieval(tmp_path):
    model, loaded = saved(tmp_path / "model", None), load_encoder(tmp_path / "model")
    ways = {"mean": True, "first": False}
    for pooling, normalize in ways.items():
        options = {"pooling": pooling, "normalize": normalize, **FEW}
        (done,) = polydistill.export(model, tmp_path / pooling, "sentence-transformers", **options)
        assert done.check.by.startswith("sentence-transformers") and done.check.difference < 1e-5
    said = run_plain(ST, json.dumps(SENTENCES), *(str(tmp_path / pooling) for pooling in ways)).splitlines()
    text = encode_texts(loaded.tokenizer, SENTENCES, None, MAX_LENGTH)
    for (pooling, normalize), line in zip(ways.items(), said, strict=True):
        found, similarity = json.loads(line)
        (wanted,) = sentence_vectors(TextEncoder(loaded.network.eval()), text, [(2,)], "mean", first=pooling == "first")
        vectors = torch.tensor(found)
        np.testing.assert_allclose(torch.nn.functional.normalize(vectors, dim=-1), wanted, atol=1e-5)
        assert bool(torch.allclose(vectors.norm(dim=-1), torch.ones(3))) == normalize
        assert similarity == "cosine"


def test_plain_transformers_loads_the_encoder_of_a_sentence_transformers_folder(tmp_path):
    (done,) = polydistill.export(saved(tmp_path / "model", None), tmp_path / "out", "sentence-transformers", **FEW)
    inputs = AutoTokenizer.from_pretrained(done.folder)("A dog.", return_tensors="pt")
    with torch.no_grad():
        said = [AutoModel.from_pretrained(one)(**inputs).last_hidden_state for one in (done.folder, tmp_path / "model")]
    assert torch.equal(*said)


def test_without_the_package_a_folder_is_written_and_read_back_plainly(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    arguments = [
        "export",
        str(saved(tmp_path / "model", None)),
        "--out",
        str(tmp_path / "out"),
        "--check",
        "world:?rows=4",
    ]
    shown = CliRunner().invoke(app, [*arguments, "--format", "sentence-transformers"])
    assert shown.exit_code == 0, shown.output
    assert "as sentence-transformers is not installed" in shown.stdout
    assert json.loads((tmp_path / "out" / "1_Pooling" / "config.json").read_text())["pooling_mode_mean_tokens"]


def test_a_classifier_has_its_labels(tmp_path):
    (done,) = polydistill.export(saved(tmp_path / "model"), tmp_path / "out", **FEW)
    assert (done.check.what, done.check.difference, done.check.answers) == ("logits", 0.0, 24)
    assert done.size == sum(file.stat().st_size for file in done.folder.iterdir())
    network = AutoModelForSequenceClassification.from_pretrained(done.folder)
    assert network.config.label2id == {"entailment": 0, "neutral": 1, "contradiction": 2}
    assert (done.folder / "model.safetensors").is_file()


def test_students_keep_the_head_that_predicts_words(tmp_path):
    done = polydistill.export(bank(tmp_path / "run"), tmp_path / "out", **FEW)
    assert [one.folder for one in done] == [tmp_path / "out" / name for name in ("small-en", "small-tr")]
    assert {one.check.what for one in done} == {"logits"}
    assert AutoModelForMaskedLM.from_pretrained(done[1].folder).config.architectures == ["XLMRobertaForMaskedLM"]


def test_an_mblm_is_read_back_as_one(tmp_path):
    (done,) = polydistill.export(keep(learned_mblm(), tmp_path / "model"), tmp_path / "out", **FEW)
    assert done.check.difference == 0.0


def test_an_mblm_as_sentence_transformers_points_to_onnx(tmp_path):
    model = keep(learned_mblm(), tmp_path / "model")
    with pytest.raises(ValueError, match=r"sentence-transformers could not load it.*--format onnx --pooling mean"):
        polydistill.export(model, tmp_path / "out", "sentence-transformers", **FEW)
    assert not (tmp_path / "out").exists()


def test_weights_that_are_lost_are_noticed(tmp_path, monkeypatch):
    loaded = load_classifier(saved(tmp_path / "model"))
    (tmp_path / "out").mkdir()
    told = loaded.network.save_pretrained

    def without_noise(folder):
        told(folder)
        with torch.no_grad():
            loaded.network.classifier.out_proj.bias += 1

    monkeypatch.setattr(loaded.network, "save_pretrained", without_noise)
    with pytest.raises(
        ValueError, match=r"other logits than the model itself \(transformers .*: they differ by up to 1,"
    ):
        write_transformers(loaded, tmp_path / "out", "nli", Wanted(), Sample())


def test_a_loaded_model_gives_the_vectors_of_its_encoder(tmp_path):
    loaded = load_classifier(saved(tmp_path / "model"))
    polydistill.export(loaded, tmp_path / "out", "sentence-transformers")
    polydistill.export(tmp_path / "model", tmp_path / "stored", "sentence-transformers")
    ours, theirs = (load_file(tmp_path / name / "model.safetensors") for name in ("out", "stored"))
    assert all(value.equal(theirs[name]) for name, value in ours.items())


def test_adapters_are_refused(tmp_path):
    loaded = load_classifier(saved(tmp_path / "model"))
    attach(loaded.network, seed=0)
    with pytest.raises(ValueError, match=r"has adapters, which plain transformers cannot hold\. Export it as onnx"):
        polydistill.export(loaded, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"int8": True}, "int8 is for the format onnx, not for transformers"),
        ({"pooling": "mean"}, "A transformers folder has no pooling"),
        ({"normalize": True}, "give a pooling"),
        ({"lang": "fr"}, "is fixed in ONNX files only"),
        ({"agreement": 2.0}, "agreement is 2; expected 0 to 1"),
        ({"task": "ner"}, "was tuned for the task 'nli', not for 'ner'"),
        ({"check": "file:rows.tsv"}, r"Of which languages are the rows of file:rows.tsv\?"),
    ],
)
def test_options_that_do_not_fit(tmp_path, options, said):
    with pytest.raises(ValueError, match=said):
        polydistill.export(saved(tmp_path / "model"), tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
