"""Models that are given as objects: everywhere a model is taken, with the identity of their content."""

import gc
import json
import subprocess
import sys

import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

import polydistill
from polydistill.starts import folders
from polydistill.starts.hub import pinned
from polydistill.starts.tokenizers import save_tokenizer
from tiny import WIDTH, tiny_network, tiny_tokenizer, with_labels

LABELS = ("entailment", "neutral", "contradiction")
STEPS = {"steps": 1, "batch_size": 2}


def classifier(seed=0):
    network = tiny_network(seed=seed).float()
    with_labels(network, LABELS)
    return network, tiny_tokenizer()


def masked(seed=0):
    return tiny_network(head="mlm", seed=seed).float(), tiny_tokenizer()


@pytest.fixture
def saved(tmp_path):
    def save(model, name):
        network, tokenizer = model
        network.save_pretrained(tmp_path / name)
        save_tokenizer(tokenizer, tmp_path / name)  # all tests share it, and each leaves it as it used it last
        return tmp_path / name

    return save


TRAININGS = {
    "tune": lambda a, b: polydistill.tune.run(a, "world:?rows=4", "en", teacher=b, **STEPS),
    "xd": lambda a, b: polydistill.xd.run(a, parallel=["en-tr=world:?rows=4"], **STEPS),
    "multikd": lambda a, b: polydistill.multikd.run(a, {"en": b}, "world:?rows=4", **STEPS),
    "kld": lambda a, b: polydistill.kld.run(a, b, "world:?rows=4", pair="en-tr", teacher_pair="en-fr", **STEPS),
}


@pytest.mark.parametrize("job", TRAININGS)
def test_a_run_of_objects_is_the_run_of_their_folders(job, saved):
    student, teacher = classifier(), classifier(seed=1)
    given = TRAININGS[job](student, teacher)
    stored = TRAININGS[job](saved(student, "student"), saved(teacher, "teacher"))
    assert given.identity == stored.identity
    assert given.start.name.startswith("memory:")
    assert all(start.name.startswith("memory:") for start in given.models.values())
    assert TRAININGS[job](classifier(seed=2), teacher).identity != given.identity


def test_distilled_and_aligned_models_may_be_objects(saved):
    teacher = masked()
    ours = polydistill.distill.run(teacher, {"en": "world:?rows=4"}, depth=1, **STEPS)
    theirs = polydistill.distill.run(saved(teacher, "teacher"), {"en": "world:?rows=4"}, depth=1, **STEPS)
    assert ours.identity == theirs.identity
    aligned = polydistill.align.run(masked(1), teacher, parallel=["en-tr=world:?rows=40"], shortest=1, **STEPS)
    assert [start.name[:7] for start in aligned.models.values()] == ["memory:", "memory:"]


def test_an_object_is_trained_as_a_copy_and_the_run_is_done_again_only_when_it_is_given(tmp_path, monkeypatch):
    model = classifier()
    before = {name: value.clone() for name, value in model[0].state_dict().items()}
    done = polydistill.tune(model, "world:?rows=4", "en", out=tmp_path / "tuned", **STEPS)
    assert all(value.equal(before[name]) for name, value in model[0].state_dict().items())
    assert json.loads((done.folder / "run.json").read_text())["start"]["name"] == pinned(model).name
    monkeypatch.setattr(folders, "GIVEN", {})
    with pytest.raises(ValueError, match=r"memory:\w+ came from memory .* Give the same model again in Python"):
        polydistill.run(done.folder / "run.json", out=tmp_path / "again")


@pytest.mark.slow
def test_another_process_does_the_run_once_it_was_given_the_model(tmp_path, saved):
    folder = saved(classifier(), "model")
    run = polydistill.tune.run(classifier(), "world:?rows=4", "en", **STEPS)
    (tmp_path / "run.json").write_text(run.model_dump_json())
    program = (
        "import sys, polydistill\n"
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer\n"
        "network = AutoModelForSequenceClassification.from_pretrained(sys.argv[1], trust_remote_code=False)\n"
        "polydistill.as_model((network, AutoTokenizer.from_pretrained(sys.argv[1], trust_remote_code=False)))\n"
        "print(polydistill.read_run(sys.argv[2]).identity)\n"
    )
    command = [sys.executable, "-c", program, str(folder), str(tmp_path / "run.json")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == run.identity


def test_objects_are_read_exported_and_trimmed(tmp_path, saved):
    model = classifier()
    folder = saved(model, "stored")
    (ours,), (theirs,) = (list(polydistill.predict(one, [("A dog", "runs")])) for one in (model, folder))
    assert ours.probabilities == pytest.approx(theirs.probabilities)
    assert polydistill.evaluate(model, "world:?rows=4", "en") == polydistill.evaluate(folder, "world:?rows=4", "en")
    (exported,) = polydistill.export(model, tmp_path / "exported")
    assert exported.check.difference < 1e-5
    (trimmed,) = polydistill.trim(model, "en", {"en": "world:?rows=5"}, by="frequency", out=tmp_path / "trimmed")
    assert trimmed.report.model == pinned(model).name
    looked = polydistill.inspect({"a": model, "b": folder}, "world:?rows=8", "en,tr", out=None)
    assert looked.models[0].fingerprint == looked.models[1].fingerprint


def test_a_sentence_transformer_is_read_as_it_is(tmp_path):
    network, tokenizer = tiny_network(head="mlm").float(), tiny_tokenizer()
    network.save_pretrained(tmp_path / "encoder")
    tokenizer.save_pretrained(tmp_path / "encoder")
    encoder = Transformer(str(tmp_path / "encoder"))
    whole = SentenceTransformer(modules=[encoder, Pooling(WIDTH, "cls")])
    whole.save(str(tmp_path / "stored"), create_model_card=False)
    found, stored = (polydistill.retrieve(one, "world:?rows=8", "en,tr") for one in (whole, tmp_path / "stored"))
    assert [one.accuracy for one in found] == [one.accuracy for one in stored]
    run = polydistill.align.run(
        whole, masked(1), parallel=["en-tr=world:?rows=40"], method="sentence", shortest=1, **STEPS
    )
    assert run.teacher.name == pinned(whole).name
    assert folders.here(run.teacher.name).joinpath("modules.json").is_file()


def test_what_is_no_model_is_refused():
    with pytest.raises(ValueError, match=r"not a network without its tokenizer"):
        pinned(tiny_network())
    with pytest.raises(ValueError, match=r"not 'int'"):
        pinned(3)


def test_the_same_model_is_kept_once():
    gc.collect()
    assert pinned(classifier()) == pinned(classifier())
    assert pinned(classifier()) != pinned(classifier(seed=5))
    with torch.no_grad():
        changed = classifier()
        changed[0].classifier.out_proj.bias += 1
    assert pinned(changed) != pinned(classifier())
