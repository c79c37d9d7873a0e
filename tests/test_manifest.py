"""A folder of ours lists its files: verify reads all of them, loading refuses what does not fit, others ignore it."""

import json
import shutil

import pytest
from transformers import AutoModelForSequenceClassification
from typer.testing import CliRunner

import polydistill
from polydistill.cli import app
from polydistill.errors import DataError
from polydistill.exports.card import tell_speed
from polydistill.manifest import FILES, Origin, changes, list_files, load_manifest, refuse_changed
from polydistill.models.loaded import Loaded
from polydistill.results import RESULTS_FILE, RUN_FILE
from polydistill.starts.folders import model_content
from polydistill.starts.loading import load_classifier
from polydistill.training.made import derived
from tiny import tiny_network, tiny_tokenizer

LABELS = {"id2label": {0: "entailment", 1: "neutral", 2: "contradiction"}}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model's folder with the list of its files."""
    folder = tmp_path_factory.mktemp("model") / "model"
    network = tiny_network().float()
    network.config.id2label = LABELS["id2label"]
    network.config.label2id = {name: at for at, name in LABELS["id2label"].items()}
    network.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / "README.md").write_text("Here. Speed: not recorded.\n")
    list_files(folder, derived(Loaded(network, tiny_tokenizer()), ""))
    return folder


@pytest.fixture
def copy(model, tmp_path):
    return shutil.copytree(model, tmp_path / "copy")


def flip(file):
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.write_bytes(content)


def test_a_list_says_what_and_by_what(copy):
    manifest = load_manifest(copy)
    assert {"config.json", "model.safetensors", "tokenizer.json", "1_Pooling/config.json"} < manifest.files.keys()
    assert manifest.files["1_Pooling/config.json"].bytes == 2
    assert len(manifest.model_fingerprint) == 16 and {"polydistill", "torch"} < manifest.versions.keys()
    assert list(changes(copy)) == []


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "1_Pooling/config.json", "model.safetensors"], ids=str
)
def test_a_changed_folder_is_refused_when_it_is_loaded(copy, name):
    flip(copy / name)
    with pytest.raises(DataError, match=rf"{name}: found another content; .*remove {FILES} there"):
        load_classifier(copy)
    (copy / FILES).unlink()
    refuse_changed(copy)


def test_missing_and_cut_off_files_are_refused(copy):
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"model\.safetensors: found \d+ bytes; expected \d+ as it was written"):
        load_classifier(copy)
    weights.unlink()
    with pytest.raises(DataError, match=r"model\.safetensors: found no file"):
        load_classifier(copy)


def test_loading_reads_no_large_file_and_verify_does(copy, monkeypatch):
    monkeypatch.setattr("polydistill.manifest.SMALL", 10_000)
    flip(copy / "model.safetensors")
    refuse_changed(copy)
    (problem,) = changes(copy)
    assert problem.file == copy / "model.safetensors"


def test_a_card_may_be_edited_and_a_file_added_but_verify_says_so(copy):
    (copy / "README.md").write_text("Mine.")
    (copy / "adapter.safetensors").write_text("")
    refuse_changed(copy)
    assert [problem.file.name for problem in changes(copy)] == ["README.md", "adapter.safetensors"]


def test_a_measured_speed_is_listed(copy):
    tell_speed(copy, "fast")
    assert "fast" in (copy / "README.md").read_text()
    assert list(changes(copy)) == []


def test_plain_transformers_loads_the_folder_and_the_list_is_no_part_of_the_model(copy):
    network = AutoModelForSequenceClassification.from_pretrained(copy, trust_remote_code=False)
    assert network.config.id2label == LABELS["id2label"]
    with_list = model_content(copy)
    (copy / FILES).unlink()
    assert model_content(copy) == with_list


@pytest.mark.parametrize("content", ["", "[]", '{"files": {"a": 1}}', '{"files": {"a": {"bytes": "x"}}}'], ids=str)
def test_a_damaged_list_is_named(copy, content):
    (copy / FILES).write_text(content)
    with pytest.raises(DataError, match=rf"{FILES}: found .*; expected the list of a folder's files"):
        load_classifier(copy)


def test_a_runs_list_has_its_result_and_those_of_its_models(model, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(model, folder / "model")
    (folder / RUN_FILE).write_text("{}")
    (folder / "lock").write_text("")
    list_files(folder, Origin(run_id="r"), (RUN_FILE,), ("model",), {RESULTS_FILE: "scores"})
    (folder / RESULTS_FILE).write_text("scores")
    assert {"lock", FILES}.isdisjoint(load_manifest(folder).files)
    assert list(changes(folder)) == []
    flip(folder / "model" / "model.safetensors")
    (folder / RESULTS_FILE).write_text("better")
    assert [problem.file.name for problem in changes(folder)] == ["model.safetensors", RESULTS_FILE]


def test_verify_says_whole_or_names_the_file(copy):
    def typed(*words):
        return CliRunner().invoke(app, ["verify", *map(str, words)])

    whole = typed(copy, "--json", copy.parent / "found.json")
    assert whole.exit_code == 0, whole.output
    assert f"{copy}: whole and unchanged (" in whole.stdout
    assert json.loads((copy.parent / "found.json").read_text())[0]["problems"] == []
    flip(copy / "model.safetensors")
    changed = typed(copy.parent)  # the folders in it
    assert changed.exit_code == 1
    assert f"{copy}: 1 of its files changed" in changed.stdout
    assert "model.safetensors: found another content" in changed.stderr
    nothing = typed(copy / "1_Pooling")
    assert nothing.exit_code == 2 and f"holds no {FILES}" in nothing.stderr
    assert polydistill.verify(copy)[0].problems
