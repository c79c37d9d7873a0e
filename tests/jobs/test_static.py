"""Students without attention: how they begin, what they learn, and a folder that others read."""

import json

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.numpy import load_file
from tokenizers import Tokenizer
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.jobs.align import align
from polydistill.jobs.bench import bench
from polydistill.jobs.export import export
from polydistill.jobs.inspect import inspect
from polydistill.jobs.predict import predict
from polydistill.jobs.retrieve import retrieve
from polydistill.jobs.static import static
from polydistill.jobs.trim import trim
from polydistill.jobs.tune import tune
from polydistill.jobs.xd import xd
from polydistill.methods.method import Models
from polydistill.methods.static import StaticSpec
from polydistill.models.bags import bag_of
from polydistill.models.loaded import Loaded
from polydistill.models.static_config import Bagging
from polydistill.serving.vectors import open_vectors
from polydistill.starts.sentence import load_sentence_encoder
from polydistill.training.execute import execute
from polydistill.training.store import Store
from tiny import tiny_network, tiny_tokenizer, with_labels

LABELS = ("negative", "neutral", "positive")
TEXTS = ["A dog sleeps.", "Bir köpek uyuyor.", "A"]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """An encoder without a head."""
    folder = tmp_path_factory.mktemp("own") / "teacher"
    AutoModel.from_config(tiny_network().config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def done(teacher, tmp_path_factory):
    """A student that has learned from pairs and from text."""
    out = tmp_path_factory.mktemp("done") / "static"
    options = {"steps": 40, "batch_size": 16, "width": 12, "learning_rate": 0.02}
    return static(teacher, parallel=["en-tr=world:?rows=60"], text={"tr": "world:?rows=40"}, out=out, **options)


def test_short_pairs_are_learned_from(teacher):
    filters = static.run(teacher, parallel=["en-tr=world:?rows=60"], steps=1).method.filters
    assert filters.shortest is None
    assert filters.longest == 128


def by_files(folder, texts):
    """The vectors that the files say: the mean of the pieces that are known, at length one."""
    tokenizer, config = (
        Tokenizer.from_file(str(folder / "tokenizer.json")),
        json.loads((folder / "config.json").read_text()),
    )
    table, unknown = load_file(folder / "model.safetensors")["embeddings"], config["unk_token_id"]
    assert (config["normalize"], config["hidden_dim"]) == (True, table.shape[1])
    read = (tokenizer.encode(text, add_special_tokens=False).ids for text in texts)
    means = np.stack([table[[at for at in ids if at != unknown]].mean(0) for ids in read])
    return means / np.linalg.norm(means, axis=-1, keepdims=True)


def ours(folder, texts):
    loaded = load_sentence_encoder(folder)
    inputs = loaded.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        return loaded.sentence(loaded.network(**inputs).last_hidden_state, inputs["attention_mask"]).numpy()


def test_it_begins_as_what_the_teacher_says_of_pieces():
    network, tokenizer = tiny_network("xlm-roberta", "classes").train(), tiny_tokenizer()
    made = bag_of(Loaded(network, tokenizer), TEXTS * 3, ("Latin",), Bagging(width=16))
    assert network.training
    pieces = made.tokenizer.get_vocab()
    old = tokenizer.get_vocab()
    counts = dict.fromkeys(pieces, 0)
    for text in TEXTS * 3:
        for name in tokenizer.tokenize(text):
            counts[name] += 1
    names = sorted(pieces, key=pieces.__getitem__)
    ids = torch.tensor([[tokenizer.bos_token_id, old[name], tokenizer.eos_token_id] for name in names])
    with torch.no_grad():
        said = network.eval().base_model(input_ids=ids).last_hidden_state.mean(1).double().numpy()
    share = np.array([counts[name] for name in names]) / sum(counts.values())
    wanted = (said - said.mean(0)) * (1e-3 / (1e-3 + share))[:, None]
    wanted[made.tokenizer.all_special_ids] = 0
    found = made.network.get_input_embeddings().weight.detach().double().numpy()
    gram = wanted @ wanted.T  # directions are turned, and all is brought to one size
    np.testing.assert_allclose(found @ found.T, gram * 0.01 / np.square(wanted).mean(), atol=1e-6)


def test_only_so_many_pieces_and_directions(teacher):
    loaded = load_sentence_encoder(teacher)
    made = bag_of(loaded, TEXTS, ("Latin",), Bagging(pieces=105, width=5))
    assert made.network.get_input_embeddings().weight.shape == (105, 5)
    assert made.tokenizer("A dog")["input_ids"] == made.tokenizer("A dog", add_special_tokens=False)["input_ids"]


def test_it_learns(done):
    log = json.loads((done.folder / "log.json").read_text())
    for term in ("contrast", "teacher"):
        values = [line[term] for line in log if term in line]
        assert values[-1] < 0.8 * values[0] if len(values) > 1 else values
    found = retrieve(done.model, "world:?rows=40&split=dev", ["tr", "en"])
    assert min(one.accuracy for one in found) > 0.1
    assert found[0].layers == (0,)


def test_its_folder_says_all(done):
    np.testing.assert_allclose(ours(done.model, TEXTS), by_files(done.model, TEXTS), atol=1e-6)
    parts = [one["type"].rpartition(".")[-1] for one in json.loads((done.model / "modules.json").read_text())]
    assert parts == ["StaticEmbedding", "Normalize"]


def test_sentence_transformers_reads_it(done):
    library = pytest.importorskip("sentence_transformers")
    vectors = library.SentenceTransformer(str(done.model), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(vectors, by_files(done.model, TEXTS), atol=1e-6)


def test_what_is_unknown_has_no_vector(done):
    loaded = load_sentence_encoder(done.model)
    unknown = loaded.tokenizer.unk_token_id
    assert not loaded.network.get_input_embeddings().weight[unknown].any()
    np.testing.assert_allclose(ours(done.model, ["A dog 猫"]), ours(done.model, ["A dog "]), atol=0.3)


def test_it_is_trimmed_and_exported_as_any_encoder(done, tmp_path):
    (small,) = trim(done.model, ["en"], ["world:?rows=4"], out=tmp_path / "small")
    assert small.report.pieces_after < small.report.pieces
    assert small.report.difference < 1e-6
    assert ours(small.folder, TEXTS[:1]).shape == (1, 12)
    (onnx,) = export(done.model, tmp_path / "onnx", "onnx", pooling="mean", int8=True, agreement=0.9)
    assert onnx.check.agreement > 0.99
    (whole,) = export(done.model, tmp_path / "st", "sentence-transformers")
    np.testing.assert_allclose(by_files(whole.folder, TEXTS), by_files(done.model, TEXTS), atol=1e-7)


@pytest.mark.slow
def test_its_speed_is_measured_beside_other_models_of_vectors(done, teacher, tmp_path):
    (onnx,) = export(done.model, tmp_path / "onnx", "onnx", pooling="mean")
    measured = bench(teacher, done.model, onnx.folder, task="vectors", rows=24, turns=1, threads=1)
    assert [one.backend for one in measured.models] == ["PyTorch", "PyTorch", "ONNX Runtime"]
    assert measured.models[1].parameters == load_file(done.model / "model.safetensors")["embeddings"].size
    reader, same = open_vectors(done.model), open_vectors(onnx.folder)
    np.testing.assert_allclose(reader.vectors(TEXTS, 2), same.vectors(TEXTS, 2), atol=1e-5)
    np.testing.assert_allclose(reader.vectors(TEXTS, 2), by_files(done.model, TEXTS), atol=1e-6)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """A classifier of texts with two labels."""
    folder = tmp_path_factory.mktemp("own") / "classifier"
    network = tiny_network().float()
    with_labels(network, LABELS)
    network.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("hidden", [0, pytest.param(7, marks=pytest.mark.slow)])
def test_a_classifier_on_top_learns_what_another_says(done, classifier, tmp_path, hidden):
    texts = {code: load_text(WorldSource(rows=80), [code]).rows[code]["text"] for code in ("en", "tr")}
    rows = {code: [{"text": line} for line in lines] for code, lines in texts.items()}
    given = {"text": rows, "task": "text", "temperature": 1.0}
    options = {"steps": 60, "batch_size": 16, "learning_rate": 0.02, "out": tmp_path / "xd"}
    made = xd(classifier, student=done.model, head_hidden=hidden, **given, **options)
    network = AutoModelForSequenceClassification.from_pretrained(made.model)
    assert network.config.id2label == dict(enumerate(LABELS))
    shapes = [tuple(value.shape) for value in network.classifier.parameters() if value.ndim == 2]
    assert shapes == ([(7, 12), (3, 7)] if hidden else [(3, 12)])
    embeddings = network.get_input_embeddings().weight
    assert not torch.equal(embeddings, AutoModel.from_pretrained(done.model).embeddings.weight)
    terms = [line["own"] for line in json.loads((made.folder / "log.json").read_text()) if "own" in line]
    assert terms[-1] < terms[0]
    lines = list(texts["tr"])[:40]
    theirs, ours = ([one.label for one in predict(model, lines)] for model in (classifier, made.model))
    assert np.mean([one == other for one, other in zip(theirs, ours, strict=True)]) > 0.6
    (onnx,) = export(made.model, tmp_path / "onnx", "onnx")
    assert [one.label for one in predict(onnx.folder, lines)] == ours


def test_its_logits_are_those_of_the_mean_at_the_root_of_its_width(done, tmp_path):
    rows = tmp_path / "rows.tsv"
    rows.write_text("text\tlabel\na dog sleeps\tyes\nno cat runs\tno\n")
    made = tune(done.model, rows, "en", task="text", steps=1, batch_size=2, out=tmp_path / "tuned")
    network = AutoModelForSequenceClassification.from_pretrained(made.model)
    tokenizer = AutoTokenizer.from_pretrained(made.model)
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        said = network(**inputs).logits.numpy()
        table, weight = network.get_input_embeddings().weight.numpy(), network.classifier.weight.numpy()
    means = np.stack([table[tokenizer(text)["input_ids"]].mean(0) for text in TEXTS])
    vectors = means / np.linalg.norm(means, axis=-1, keepdims=True) * table.shape[1] ** 0.5
    np.testing.assert_allclose(said, vectors @ weight.T + network.classifier.bias.detach().numpy(), atol=1e-5)


def test_a_hidden_layer_is_of_students_without_attention(teacher, classifier, tmp_path):
    run = xd.run(classifier, student=teacher, head_hidden=4, text={"tr": [{"text": "a dog"}] * 8}, task="text")
    with pytest.raises(ValueError, match="head_hidden=4 is of students without attention; the family 'xlm-roberta'"):
        execute(run, Store(tmp_path), Console(quiet=True))


def test_it_is_a_student_of_vectors_elsewhere_and_inspected(done, teacher, tmp_path):
    made = align(
        teacher, done.model, parallel=["en-tr=world:?rows=40"], method="sentence", steps=3, batch_size=8,
        learning_rate=0.01, out=tmp_path / "aligned",
    )  # fmt: skip
    kinds = [one["type"].rpartition(".")[-1] for one in json.loads((made.model / "modules.json").read_text())]
    assert kinds[0] == "StaticEmbedding"
    assert [one.layer for one in inspect([made.model], "world:?rows=12", "en,tr", out=None).models[0].layers] == [0]
    own = inspect([made.model], "world:?rows=12", "en,tr", layers="own", out=None)
    assert own.models[0].width == 16 != 12


def test_a_student_with_attention_is_refused(teacher):
    spec = StaticSpec(languages=("tr",), data={"kind": "world", "rows": 8})
    with pytest.raises(
        ValueError, match="'static' trains students without attention, not a model of the family 'xlm-ro"
    ):
        spec.prepare(Models(load_sentence_encoder(teacher)), seed=0)


def test_text_that_counts_nothing_is_refused():
    text = {"language": "tr", "data": {"kind": "world", "rows": 8}}
    with pytest.raises(ValueError, match="A weight is 0 although there is text that it is for"):
        StaticSpec(languages=("tr",), data={"kind": "world"}, texts=[text], weights={"teacher": 0})
