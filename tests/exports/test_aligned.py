"""What aligning leaves, as vectors: loaded without us, in the width of the teacher."""

import json
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from saved import PLAIN, keep
from transformers import AutoModel

import polydistill
from plain import run_plain
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.sentence import SentenceSpec, student_head
from polydistill.models.fresh import fresh_encoder
from polydistill.models.sentence import Reading, SentenceHead, write_head
from polydistill.starts.loading import load_encoder
from tiny import MAX_LENGTH, tiny_network, tiny_tokenizer

WIDE, NARROW = 24, 16
DENSE = "2_Dense/model.safetensors"
SENTENCES = ["A dog runs.", "Der Hund schläft, und die alte Frau sieht ihn.", "The old woman sees a man. " * 30]
ST = """
import json, sys
from sentence_transformers import SentenceTransformer
for folder in sys.argv[2:]:
    print(json.dumps(SentenceTransformer(folder, device="cpu").encode(json.loads(sys.argv[1])).tolist()))
"""
FEW = {"check": "world:?rows=2"}


@pytest.fixture(scope="module")
def aligned(tmp_path_factory):
    """Folders of runs: of MMKD, and of sentence distillation to another width and to the same."""
    place = tmp_path_factory.mktemp("aligned")
    teacher = keep(fresh_encoder(len(tiny_tokenizer()), WIDE, 1, 2, 0.0, MAX_LENGTH, seed=1), place / "teacher")
    student = keep(tiny_network(head="mlm").float(), place / "student")
    rows = {"data": "world:?rows=6", "langs": ("en", "fr", "tr"), "steps": 1, "batch_size": 4, "learning_rate": 1e-3}
    polydistill.align(teacher, student, out=place / "mmkd", **rows)
    polydistill.align(teacher, student, method="sentence", out=place / "sentence", **rows)
    polydistill.align(student, student, method="sentence", out=place / "alike", **rows)
    return place


def vectors(folder):
    """The mean of the tokens' vectors and, where there is a bridge, what that makes of it, by hand."""
    inputs = tiny_tokenizer()(SENTENCES, padding=True, truncation=True, max_length=MAX_LENGTH, return_tensors="pt")
    with torch.no_grad():
        hidden_BLD = AutoModel.from_pretrained(folder)(**inputs).last_hidden_state.double().numpy()
    mask_BL1 = inputs["attention_mask"].numpy()[..., None]
    mean_BD = (hidden_BLD * mask_BL1).sum(1) / mask_BL1.sum(1)
    return mean_BD @ load_file(folder / DENSE)["linear.weight"].double().numpy().T if has_bridge(folder) else mean_BD


def has_bridge(folder):
    return (folder / DENSE).is_file()


def test_the_bridge_that_was_learned_is_kept_where_widths_differ(aligned):
    kept = {name: has_bridge(aligned / name / "model") for name in ("mmkd", "sentence", "alike")}
    assert kept == {"mmkd": False, "sentence": True, "alike": False}
    spec = SentenceSpec(languages=("fr",), data=WorldSource(rows=6))
    plain = SentenceHead(Reading())
    begun = student_head(spec, load_encoder(aligned / "student"), plain, WIDE, 0).parts[0].linear.weight
    learned = load_file(aligned / "sentence" / "model" / DENSE)["linear.weight"]
    assert learned.shape == (WIDE, NARROW)
    assert 0 < (learned - begun.detach()).abs().max() < 5e-3, "one step from where it began"


@pytest.mark.slow
def test_sentence_transformers_without_us_gives_what_was_learned(aligned, tmp_path):
    plainly = polydistill.export(aligned / "sentence", tmp_path / "plainly", **FEW)[0].folder
    sources = {"mmkd": aligned / "mmkd", "sentence": aligned / "sentence", "again": plainly}
    done = [
        polydistill.export(source, tmp_path / name, "sentence-transformers", **FEW)[0]
        for name, source in sources.items()
    ]
    assert all(one.check.by.startswith("sentence-transformers") and one.check.difference < 1e-5 for one in done)
    printed = run_plain(ST, json.dumps(SENTENCES), *(str(one.folder) for one in done)).splitlines()
    found = [np.array(json.loads(line)) for line in printed]
    assert [one.shape for one in found] == [(3, NARROW), (3, WIDE), (3, WIDE)]
    for name, said in zip(("mmkd", "sentence", "sentence"), found, strict=True):
        np.testing.assert_allclose(said, vectors(aligned / name / "model"), atol=1e-5)


def test_without_the_package_the_bridge_is_read_back(aligned, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    options = {"normalize": True, **FEW}
    (done,) = polydistill.export(aligned / "sentence", tmp_path / "out", "sentence-transformers", **options)
    assert "as sentence-transformers is not installed" in done.check.by
    paths = [one["path"] for one in json.loads((done.folder / "modules.json").read_text())]
    assert paths == ["", "1_Pooling", "2_Dense", "3_Normalize"]


@pytest.mark.slow
def test_onnx_has_the_bridge_in_its_graph(aligned, tmp_path):
    (done,) = polydistill.export(aligned / "sentence", tmp_path / "onnx", "onnx", pooling="mean", **FEW)
    assert done.check.difference < 1e-5
    assert run_plain(PLAIN, str(done.folder)) == f"(2, {WIDE})\n"


def test_a_teacher_of_first_tokens_is_learned_as_its_folder_says(tmp_path):
    library = pytest.importorskip("sentence_transformers")
    teacher = keep(fresh_encoder(len(tiny_tokenizer()), WIDE, 1, 2, 0.0, MAX_LENGTH, seed=1), tmp_path / "teacher")
    student = keep(fresh_encoder(len(tiny_tokenizer()), WIDE, 1, 2, 0.0, MAX_LENGTH, seed=2), tmp_path / "student")
    write_head(SentenceHead(Reading(pooling=("first",))), WIDE, MAX_LENGTH, teacher)
    rows = {"data": "world:?rows=24", "langs": ("en", "fr"), "steps": 150, "batch_size": 16, "learning_rate": 3e-3}
    polydistill.align(teacher, student, method="sentence", out=tmp_path / "aligned", **rows)
    english = list(load_text(WorldSource(rows=24), ("en",)).rows["en"]["text"])
    said, wanted = (
        library.SentenceTransformer(str(folder), device="cpu").encode(english, normalize_embeddings=True)
        for folder in (tmp_path / "aligned" / "model", teacher)
    )
    assert (said * wanted).sum(-1).mean() >= 0.99
    hidden = AutoModel.from_pretrained(teacher)(**tiny_tokenizer()(english, padding=True, return_tensors="pt"))[0]
    mean = torch.nn.functional.normalize(hidden.mean(1), dim=-1).detach().numpy()
    assert (mean * wanted).sum(-1).mean() < 0.9, "the mean would have been another teacher"
