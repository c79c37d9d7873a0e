"""Every weight is where the configuration says, or the error names those that are not."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForMultipleChoice,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    ElectraConfig,
)

from polydistill.errors import DataError
from polydistill.models.mblm import branched
from polydistill.models.mblm_config import Branches
from polydistill.starts.strict import open_config, open_network, weights_file
from tiny import tiny_network

FAMILIES = ("bert", "roberta", "xlm-roberta", "distilbert", "xlm", "modernbert", "electra")
QUERY = "bert.encoder.layer.0.attention.self.query.weight"
AUTO = {
    "classes": AutoModelForSequenceClassification,
    "mlm": AutoModelForMaskedLM,
    "tags": AutoModelForTokenClassification,
    "choices": AutoModelForMultipleChoice,
}


def network(family: str, head: str = "classes"):
    if family != "electra":
        return tiny_network(family, head, dtype=torch.float32)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    return AUTO[head].from_config(ElectraConfig(vocab_size=300, embedding_size=16, num_labels=3, **sizes))


def saved(folder: Path, family: str = "bert", head: str = "classes", change=None, **config: object) -> Path:
    """A tiny model in a folder, its weights changed and its configuration altered."""
    network(family, head).save_pretrained(folder)
    if change is not None:
        weights = change(load_file(folder / "model.safetensors"))
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    if config:
        file = folder / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | config))
    return folder


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("head", ["classes", "mlm"])
def test_a_whole_model_opens_as_it_was_saved(tmp_path, family, head):
    folder = saved(tmp_path, family, head)
    opened = open_network(folder, None, AUTO[head])
    assert opened.new == ()
    stored = load_file(folder / "model.safetensors")
    state = opened.network.state_dict()
    assert all(torch.equal(state[name], value) for name, value in stored.items())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("head", ["classes", "mlm"])
def test_an_encoder_opens_without_the_head_beside_it(tmp_path, family, head):
    assert set(open_network(saved(tmp_path, family, head), None, AutoModel).new) <= {"pooler"}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_head_is_said_and_only_where_it_is_meant(tmp_path, family):
    folder = saved(tmp_path, family, "mlm")
    new = open_network(folder, None, AUTO["tags"], new_head=True).new
    assert new and set(new) <= {"classifier", "head"}
    with pytest.raises(DataError, match=r"missing \("):
        open_network(folder, None, AUTO["tags"])


def test_a_new_head_may_bring_a_new_pooler(tmp_path):
    opened = open_network(saved(tmp_path, "bert", "mlm"), None, AUTO["classes"], new_head=True)
    assert opened.new == ("pooler", "classifier")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_prefix_on_all_weights_is_refused(tmp_path, family):
    folder = saved(tmp_path, family, change=lambda weights: {f"student.{k}": v for k, v in weights.items()})
    for auto in (AutoModel, AUTO["classes"]):
        with pytest.raises(DataError, match=r"weights missing \(.* unexpected \(student\."):
            open_network(folder, None, auto, new_head=True)


@pytest.mark.parametrize("family", FAMILIES)
def test_one_dropped_weight_is_named(tmp_path, family):
    def drop(weights):
        name = sorted(name for name in weights if name.endswith("weight") and ".0." in name)[0]
        dropped.append(name)
        return {key: value for key, value in weights.items() if key != name}

    dropped: list[str] = []
    folder = saved(tmp_path, family, change=drop)
    for auto in (AutoModel, AUTO["classes"]):
        with pytest.raises(DataError, match=r"1 weight missing") as error:
            open_network(folder, None, auto, new_head=True)
        assert dropped[0].partition(".")[2] in str(error.value)


@pytest.mark.parametrize("layers, kind", [(3, "missing"), (1, "unexpected")])
@pytest.mark.parametrize("auto", [AutoModel, AUTO["classes"]])
def test_another_depth_is_refused(tmp_path, layers, kind, auto):
    folder = saved(tmp_path, num_hidden_layers=layers)
    with pytest.raises(DataError, match=rf"16 weights {kind} \(.*and 13 more\)"):
        open_network(folder, None, auto, new_head=True)


def test_a_depth_that_would_fill_the_memory_is_refused_at_once(tmp_path):
    with pytest.raises(DataError, match=r"1000000000 layers by config.json, but 41 tensors"):
        open_network(saved(tmp_path, num_hidden_layers=10**9), None, AUTO["classes"])


@pytest.mark.parametrize("new_head", [False, True])
def test_another_shape_is_refused(tmp_path, new_head):
    folder = saved(tmp_path, change=lambda w: w | {"bert.embeddings.word_embeddings.weight": torch.zeros(299, 16)})
    with pytest.raises(DataError, match=r"word_embeddings.weight"):
        open_network(folder, None, AUTO["classes"], new_head=new_head)


def test_a_weight_of_no_known_part_is_refused_and_old_buffers_are_not(tmp_path):
    extra = {"bert.embeddings.position_ids": torch.arange(66)[None], "notes": torch.zeros(1)}
    folder = saved(tmp_path, change=lambda weights: weights | extra)
    with pytest.raises(DataError, match=r"found 1 weight unexpected \(notes\);"):
        open_network(folder, None, AUTO["classes"])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")], ids=str)
@pytest.mark.parametrize("auto", [AutoModel, AUTO["classes"]])
def test_a_weight_that_is_no_number_is_refused(tmp_path, value, auto):
    def damaged(weights):
        weights[QUERY][1, 2] = value
        return weights

    folder = saved(tmp_path, change=damaged)
    with pytest.raises(
        DataError, match=r"model.safetensors: found 1 weight not finite \(.*query.weight\).* has diverged"
    ):
        open_network(folder, None, auto)


def test_weights_of_whole_numbers_are_refused_in_a_file_and_in_several(tmp_path):
    folder = saved(tmp_path, change=lambda weights: {**weights, QUERY: weights[QUERY].to(torch.int8)})
    expected = r"found 1 weight of whole numbers \(bert.*query.weight\); expected weights with fractions"
    with pytest.raises(DataError, match=expected):
        open_network(folder, None, AUTO["classes"])
    names = list(load_file(folder / "model.safetensors"))
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    index = {"metadata": {}, "weight_map": dict.fromkeys(names, "model-00001-of-00001.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(DataError, match=expected):
        open_network(folder, None, AUTO["classes"])


def test_an_mblm_opens_with_and_without_its_classifier(tmp_path):
    mblm = branched(tiny_network(dtype=torch.float32), Branches(languages=("en", "fr"), blocks=1))
    mblm.save_pretrained(tmp_path)
    assert open_network(tmp_path, None, AUTO["classes"]).new == open_network(tmp_path, None, AutoModel).new == ()
    weights = load_file(tmp_path / "model.safetensors")
    del weights["network.classifier.dense.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match=r"network\.classifier\.dense\.weight"):
        open_network(tmp_path, None, AUTO["classes"])


def test_a_pickle_of_weights_is_refused(tmp_path):
    folder = saved(tmp_path)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    assert weights_file(folder).name == "model.safetensors"
    (folder / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"pytorch_model.bin: found weights as a pickle.*save_pretrained"):
        open_network(folder, None, AUTO["classes"])


@pytest.mark.parametrize("content", [b"", b"junk", b"\x00" * 64, None], ids=["empty", "junk", "zeros", "cut off"])
def test_damaged_weights_are_one_line(tmp_path, content):
    folder = saved(tmp_path)
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100] if content is None else content)
    with pytest.raises(DataError, match=r"model.safetensors: found SafetensorError: .*again") as error:
        open_network(folder, None, AUTO["classes"])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", "{", '{"model_type": "bert", "hidden_size": "many"}', "[" * 100_000],
)
def test_a_damaged_configuration_is_one_line(tmp_path, content):
    (folder := saved(tmp_path)).joinpath("config.json").write_text(content)
    with pytest.raises(DataError, match=r"config.json: found \w+: ") as error:
        open_config(folder)
    assert "\n" not in str(error.value)


def test_a_family_that_the_library_does_not_know_is_named(tmp_path):
    folder = saved(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "supernova"}))
    with pytest.raises(DataError, match=r"found a model of the type 'supernova'; expected a family .* pip install -U"):
        open_config(folder)


def test_code_of_a_repository_is_refused_whatever_is_typed(tmp_path, monkeypatch):
    folder = saved(tmp_path, model_type="theirs", auto_map={"AutoConfig": "theirs.Theirs"})
    (folder / "theirs.py").write_text("raise SystemExit('their code has run')")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(DataError, match=r"config\.json"):
        open_config(folder)
