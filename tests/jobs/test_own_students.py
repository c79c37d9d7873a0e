"""Students of a person's own model and files; the named losses; what the authors' code does otherwise."""

import json
from pathlib import Path

import pytest

from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.jobs.distill import distill
from polydistill.jobs.references import monolingual_reference, reference_map
from polydistill.methods.monolingual import Student
from polydistill.methods.monolingual.named_losses import LOSSES, named_loss
from polydistill.methods.tuning import TuneSpec
from polydistill.training.run import Run
from polydistill.training.settings import Training
from polydistill.training.starting import described
from tiny import tiny_network, tiny_tokenizer

TEXTS = {"tur": "world:?rows=40", "en": "world:?rows=40"}


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """A masked language model of four blocks."""
    folder = tmp_path_factory.mktemp("own") / "teacher"
    tiny_network(head="mlm", blocks=4).float().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def test_a_language_is_a_student_and_its_text(model, tmp_path):
    (tmp_path / "en.txt").write_text("one\n\ntwo\nthree\n")
    run = distill.run(model, {"tr": WorldSource(rows=13), "eng": tmp_path / "en.txt"}, depth=2, batch_size=2)
    assert run.method.students == (Student(name="tr", languages=("tr",)), Student(name="en", languages=("en",)))
    assert [text.data for text in run.method.texts] == [WorldSource(rows=13), FileSource(path=str(tmp_path / "en.txt"))]
    assert run.training.steps == 8  # of sixteen lines, two a step
    assert (run.method.max_length, run.method.init, run.method.share) == (64, "teacher", ("embeddings", "head"))
    assert run.name == "MonoShot tr+en of teacher"
    assert Run.model_validate(json.loads(run.model_dump_json())) == run


def test_the_thesis_settings_of_training(model):
    training = distill.run(model, TEXTS, depth=2).training
    assert (training.batch_size, training.learning_rate, training.weight_decay) == (16, 2e-4, 0.01)
    assert (training.warmup, training.decay, training.batching.sampling) == (0.1, "linear", "in-turn")


def test_all_shared_is_one_student(model):
    run = distill.run(model, TEXTS, depth=2, share="all")
    assert run.method.students == (Student(name="tr-en", languages=("tr", "en")),)
    named = distill.run(model, TEXTS, depth=2, students={"both": ("en", "tr"), "tr": ("tr",)})
    assert [student.name for student in named.method.students] == ["both", "tr"]


def test_another_width_begins_at_random(model):
    assert distill.run(model, TEXTS, depth=2, width=8).method.init == "random"
    assert distill.run(model, TEXTS, depth=2, width=16).method.init == "teacher"
    assert distill.run(model, TEXTS, depth=2, heads=4).method.init == "random"


def test_maps(model):
    assert described(distill.run(model, TEXTS, depth=2)) == (
        "students begin as 1<-2 2<-4 (uniform); learn from 1<-2 2<-4 (uniform)"
    )
    aligned = distill.run(model, TEXTS, depth=3, loss="MonoAlignment", init_map="top")
    assert described(aligned) == "students begin as 1<-2 2<-3 3<-4 (top); learn from 3<-4 (last)"
    explicit = distill.run(model, TEXTS, depth=2, map={1: 1, 2: 4}, width=8)
    assert described(explicit) == "students begin as random; learn from 1<-1 2<-4"
    both = distill.run(model, TEXTS, depth=2, map={1: 1, 2: 4})
    assert described(both) == "students begin as 1<-1 2<-4; learn from 1<-1 2<-4"
    with pytest.raises(ValueError, match=r"3 does not divide 4\. Give an explicit map .*{1: 2, 2: 3, 3: 4}"):
        distill.run(model, TEXTS, depth=3)


def test_a_model_without_the_head_cannot_teach(tmp_path):
    tiny_network().float().save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"no head that predicts hidden words .*Name a masked language model"):
        distill.run(tmp_path, TEXTS, depth=2)


def test_dev_text_selects_by_perplexity(model):
    run = distill.run(model, TEXTS, depth=2, dev="world:?rows=9&split=dev", steps=50)
    assert run.selection.measure == "perplexity"
    assert run.selection.languages == ("tr", "en")
    assert run.training.evaluate_every == 5


# The named losses


def test_the_ten_losses_of_table_3_1():
    assert len(LOSSES) == 10
    rows = {name: ([n for n, w in loss.weights if w], loss.map, loss.hid) for name, loss in LOSSES.items()}
    everything = ["mlm", "hinton", "hid", "att", "emb"]
    assert rows == {
        "Hinton": (everything[:2], "uniform", "mse"),
        "Hinton+Hid": (everything[:3], "uniform", "mse"),
        "Hinton+Hid+Att": (everything[:4], "uniform", "mse"),
        "MonoShot": (everything, "uniform", "mse"),
        "Hid+Att+Emb": (everything[2:], "uniform", "mse"),
        "MonoShot-cosine": (everything, "uniform", "cosine"),
        "MonoShot-cosine-bottom": (everything, "bottom", "cosine"),
        "MonoShot-top": (everything, "top", "mse"),
        "MonoShot-bottom": (everything, "bottom", "mse"),
        "MonoAlignment": (everything, "last", "mse"),
    }
    for loss in LOSSES.values():
        assert sum(weight for _, weight in loss.weights) == pytest.approx(1.0)
        assert len({weight for _, weight in loss.weights if weight}) == 1
    with pytest.raises(ValueError, match=r"Unknown loss 'MonoShoot'\. Did you mean 'MonoShot'"):
        named_loss("MonoShoot")


def test_the_reference_preset(model):
    assert reference_map(6, 12) == {1: 1, 2: 3, 3: 5, 4: 7, 5: 9, 6: 12}  # METHODS, section 4
    paper = distill.run(model, TEXTS, depth=2)
    reference = monolingual_reference(paper)
    method = reference.method
    assert dict(method.weights) == {
        "mlm": 5e-4,
        "hinton": 5e-4,
        "hid": 0.333,
        "att": 0.333,
        "emb": 0.333,
        "relations": 0,
    }
    assert (method.hid, method.att, method.scaling, method.temperature) == (
        "cosine",
        "probabilities",
        "sequence_sum",
        4,
    )
    assert (method.map, method.init_map, method.init_head) == ({1: 1, 2: 4}, "top", "random")
    assert reference.identity != paper.identity
    assert described(reference) == "students begin as 1<-3 2<-4 (top); learn from 1<-1 2<-4"
    with pytest.raises(ValueError, match="'tune' is another"):
        monolingual_reference(_run(TuneSpec(languages=("en",), data=WorldSource()), paper.start))


# What it would take


def _run(method, start) -> Run:
    return Run(name="x", method=method, start=start, training=Training(steps=10))
