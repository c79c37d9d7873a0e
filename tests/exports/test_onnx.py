"""A model as ONNX: run by the plain runtime it says what the model says, for texts and batches of any size."""

import json
import re
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from saved import HEADS, PLAIN, keep, learned_mblm, saved
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModel, AutoTokenizer
from typer.testing import CliRunner

import polydistill
from plain import run_plain
from polydistill.cli import app
from polydistill.data.batches.encoding import encode_texts
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.exports import onnx as exporting
from polydistill.exports.onnx import MODEL_FILE
from polydistill.models.loaded import Loaded
from polydistill.retrieval.token_vectors import TextEncoder, sentence_vectors
from polydistill.starts.loading import load_encoder
from polydistill.tasks import TASKS
from tiny import MAX_LENGTH, tiny_network, tiny_tokenizer

RUN = """
import json, sys
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1] + "/onnx/model.onnx")
inputs = {name: np.array(value) for name, value in json.loads(sys.argv[2]).items()}
print(json.dumps(session.run(None, inputs)[-1].tolist()), "torch" in sys.modules)
"""


def texts(pairs):
    return tiny_tokenizer()(*map(list, zip(*pairs, strict=True)), padding=True, return_tensors="pt")


@pytest.mark.slow
def test_an_mblm_runs_without_us_and_without_torch_as_it_reads_a_language(tmp_path):
    folder, network = tmp_path / "onnx", learned_mblm(supervised_route="own")
    model = keep(network, tmp_path / "model")
    arguments = ["export", str(model), "--out", str(folder), "--format", "onnx", "--lang", "fr"]
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0, shown.output
    assert "MB, logits as the model's own within" in shown.stdout and "onnxruntime" in shown.stdout
    inputs = texts([("A cat.", "The old woman sees a man.")] * 3 + [("a", "b")])
    said = run_plain(RUN, str(folder), json.dumps({name: value.tolist() for name, value in inputs.items()}))
    logits, with_torch = said.rsplit(maxsplit=1)
    assert with_torch == "False"
    found = np.array(json.loads(logits))
    np.testing.assert_allclose(found, network(**inputs, language="fr").logits.detach().numpy(), atol=1e-4)
    assert np.abs(found - network(**inputs).logits.detach().numpy()).max() > 1e-3
    assert set(re.findall(r"\w+", run_plain(PLAIN, str(folder)))) <= set(PAIR_OF_SENTENCES.labels)
    assert json.loads((folder / "labels.json").read_text()) == list(PAIR_OF_SENTENCES.labels)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer("A dog.")["input_ids"] == tiny_tokenizer()("A dog.")["input_ids"]


@pytest.mark.slow
def test_vectors_of_an_mblm_without_us_and_without_torch(tmp_path):
    model = keep(learned_mblm(), tmp_path / "model")
    (done,) = polydistill.export(model, tmp_path / "out", "onnx", pooling="mean", check="world:?rows=2")
    inputs = tiny_tokenizer()(["A cat.", "The old woman sees a man."], padding=True, return_tensors="pt")
    said = run_plain(RUN, str(done.folder), json.dumps({name: value.tolist() for name, value in inputs.items()}))
    vectors, with_torch = said.rsplit(maxsplit=1)
    hidden_BLD = AutoModel.from_pretrained(model).eval()(**inputs).last_hidden_state.detach().numpy()
    mask_BL1 = inputs["attention_mask"].numpy()[..., None]
    np.testing.assert_allclose(json.loads(vectors), (hidden_BLD * mask_BL1).sum(1) / mask_BL1.sum(1), atol=1e-4)
    assert with_torch == "False"


@pytest.mark.slow
@pytest.mark.parametrize(("task", "int8"), [("choice", False), ("ner", True), ("qa", False)])
def test_tokens_and_choices(tmp_path, task, int8):
    (done,) = polydistill.export(
        saved(tmp_path / "model", task, blocks=1),
        tmp_path / "out",
        "onnx",
        int8=int8,
        agreement=0.9,
        check="world:?rows=4",
    )
    names = ["batch", "choices", "sequence"] if task == "choice" else ["batch", "sequence"]
    assert axes(done.folder)["attention_mask"] == names
    assert done.check.answers > 6 * 4, "of every token, and of every row in six languages"
    assert (done.check.agreement is None) == (not int8)
    record = json.loads((done.folder / "export.json").read_text())
    assert (record["task"], record["wanted"]["int8"]) == (task, int8)
    said = run_plain(PLAIN, str(done.folder)).strip()
    right = {
        "choice": said in ("He slept.", "The floor was wet."),
        "ner": said.count("'") == 2 * 5,
        "qa": said in "Ann lives in Rome. Her brother lives in Oslo.",
    }
    assert said and right[task]


@pytest.mark.slow
def test_vectors_are_those_of_retrieval_from_the_tokenizer_file_alone(tmp_path):
    model = saved(tmp_path / "model", None, blocks=1)
    (done,) = polydistill.export(
        model, tmp_path / "out", "onnx", pooling="mean", normalize=True, int8=True, check="world:?rows=4"
    )
    assert done.check.agreement > 0.98
    written = ["A dog runs.", "The old woman sees a man and a dog. " * 20]
    assert run_plain(PLAIN, str(done.folder)) == "(2, 16)\n"
    read = Tokenizer.from_file(str(done.folder / "tokenizer.json")).encode_batch(written)
    assert {len(text.ids) for text in read} == {MAX_LENGTH}, "padded and cut"
    inputs = {"input_ids": [text.ids for text in read], "attention_mask": [text.attention_mask for text in read]}
    session = onnxruntime.InferenceSession(done.folder / MODEL_FILE)
    hidden, found = session.run(None, {name: np.array(value) for name, value in inputs.items()})
    assert hidden.shape == (2, MAX_LENGTH, 16), "those of the tokens, too, for who pools them"
    loaded = load_encoder(model)
    text = encode_texts(loaded.tokenizer, written, None, MAX_LENGTH)
    (wanted,) = sentence_vectors(TextEncoder(loaded.network.eval()), text, [(1,)], "mean")
    cosines = (found * wanted.numpy()).sum(-1)
    assert (cosines > 0.98).all() and (cosines < 1 - 1e-7).any(), "near, and in int8"


def axes(folder):
    """Of every input and output, the names of its sizes."""
    graph = onnx.load(folder / MODEL_FILE).graph
    return {
        one.name: [size.dim_param or size.dim_value for size in one.type.tensor_type.shape.dim]
        for one in (*graph.input, *graph.output)
    }


@pytest.mark.slow
def test_the_layout_that_others_load(tmp_path):
    both = ["batch", "sequence"]
    (done,) = polydistill.export(saved(tmp_path / "tuned"), tmp_path / "nli", "onnx", check="world:?rows=2")
    assert axes(done.folder) == {"input_ids": both, "attention_mask": both, "logits": ["batch", 3]}
    config = AutoConfig.from_pretrained(done.folder)
    assert list(config.id2label.values()) == list(PAIR_OF_SENTENCES.labels)
    model = saved(tmp_path / "model", None, blocks=1)
    (done,) = polydistill.export(model, tmp_path / "vectors", "onnx", pooling="first", check="world:?rows=2")
    vectors = {"last_hidden_state": [*both, 16], "sentence_embedding": ["batch", 16]}
    assert axes(done.folder) == {"input_ids": both, "attention_mask": both, **vectors}
    modules = json.loads((done.folder / "modules.json").read_text())
    assert [one["type"].rpartition(".")[-1] for one in modules] == ["Transformer", "Pooling"]
    assert json.loads((done.folder / modules[1]["path"] / "config.json").read_text())["pooling_mode_cls_token"]
    with pytest.raises(ValueError, match="is an ONNX model, which can be read and no more"):
        polydistill.export(done.folder, tmp_path / "again", "transformers")


@pytest.mark.slow
def test_int8_says_the_same_of_a_text_alone_and_in_a_batch(tmp_path):
    (done,) = polydistill.export(
        saved(tmp_path / "model"), tmp_path / "out", "onnx", int8=True, agreement=0, check="world:?rows=4"
    )
    score = done.check.score
    assert score.metric == "accuracy" and 0 <= score.exported <= 1 and score.said in done.check.said
    session = onnxruntime.InferenceSession(done.folder / MODEL_FILE)
    inputs = texts([("A cat.", "The old woman sees a man."), ("a", "b"), ("The dog runs.", "A king sleeps in Rome.")])
    given = {name: value.numpy() for name, value in inputs.items()}
    (together,) = session.run(None, given)
    for row in range(3):
        tokens = int(given["attention_mask"][row].sum())
        (alone,) = session.run(None, {name: value[row : row + 1, :tokens] for name, value in given.items()})
        np.testing.assert_allclose(alone[0], together[row], atol=2e-6)


class Other:
    """A runtime that says something else."""

    def __init__(self, file, providers):
        assert file.is_file()

    def run(self, names, inputs):
        return [np.zeros((len(inputs["input_ids"]), 3), dtype=np.float32)]


def test_a_file_that_says_something_else_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    model = saved(tmp_path / "model")
    monkeypatch.setattr("onnxruntime.InferenceSession", Other)
    monkeypatch.setattr(exporting, "_write", lambda model, inputs, file, int8: file.touch())
    with pytest.raises(ValueError, match=r"says other logits than the model itself .*: they differ by up to .*, more"):
        polydistill.export(model, tmp_path / "out", "onnx")
    scores = r"accuracy \d+\.\d, and \d+\.\d before"
    refused = rf"equal answers is 0\.\d+ \({scores}\) on .*take it with --agreement 0\.\d+; or"
    with pytest.raises(ValueError, match=refused):
        polydistill.export(model, tmp_path / "out", "onnx", int8=True)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_in_use_is_left_alone(tmp_path):
    model = saved(tmp_path / "model")
    with pytest.raises(ValueError, match="is there and not empty"):
        polydistill.export(model, model, "onnx")


def test_without_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(
        ValueError, match=r"needs onnxscript, which is not installed: pip install 'polydistill\[onnx\]'"
    ):
        polydistill.export(saved(tmp_path / "model"), tmp_path / "out", "onnx")


def test_a_model_without_a_task_has_vectors_only(tmp_path):
    with pytest.raises(ValueError, match=r"tuned for no task, so it has no answers to export\. Give a pooling"):
        polydistill.export(saved(tmp_path / "model", None), tmp_path / "out", "onnx")


def test_what_is_tried_has_pads_and_none():
    for rows, tokens in exporting._TRIED:
        inputs = exporting._random(Loaded(tiny_network(), tiny_tokenizer()), (rows, tokens), ())
        assert inputs["input_ids"].shape == inputs["attention_mask"].shape == (rows, tokens)
        assert inputs["attention_mask"].sum(1).min() >= 1
        assert (inputs["input_ids"][inputs["attention_mask"] == 0] == tiny_tokenizer().pad_token_id).all()


def test_every_task_has_a_head_here():
    assert set(HEADS) == set(TASKS)
