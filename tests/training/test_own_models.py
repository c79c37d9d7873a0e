"""What a person calls a model, and the order of its labels."""

import os
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import HfApi

from polydistill.starts import hub
from polydistill.starts.hub import pinned
from polydistill.starts.loading import load_classifier, tuned_task
from polydistill.starts.origins import Pretrained
from polydistill.tasks import TaskSpec, task_of
from tiny import tiny_network, tiny_tokenizer, with_labels

LABELS = ("entailment", "neutral", "contradiction")


def saved(folder, names, family="xlm-roberta", head="classes"):
    network = tiny_network(family, head).float()
    if names:
        with_labels(network, names)
    network.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return network.eval()


@pytest.mark.parametrize("family", ["xlm-roberta", "bert", "xlm"])
def test_a_head_in_another_order_is_put_into_ours(tmp_path, family):
    before = saved(tmp_path, ("CONTRADICTION", "entailment", "neutral"), family)
    loaded = load_classifier(tmp_path)
    inputs = {"input_ids": torch.tensor([[0, 7, 8, 2]])}
    if family == "xlm":
        inputs["langs"] = torch.zeros_like(inputs["input_ids"])
    with torch.no_grad():
        theirs, ours = before(**inputs).logits, loaded.network.eval()(**inputs).logits
    assert torch.allclose(ours, theirs[:, [1, 2, 0]], atol=1e-6)
    assert loaded.network.config.id2label == dict(enumerate(LABELS))


@pytest.mark.parametrize("names", [None, LABELS])
def test_a_head_without_names_or_in_our_order_stays(tmp_path, names):
    before = saved(tmp_path, names)
    loaded = load_classifier(tmp_path)
    assert all(value.equal(before.state_dict()[name]) for name, value in loaded.network.state_dict().items())


def test_a_model_without_a_head_gets_one(tmp_path):
    saved(tmp_path, None, head="mlm")
    assert load_classifier(tmp_path).network.config.id2label == dict(enumerate(LABELS))


def test_other_labels_are_refused(tmp_path):
    saved(tmp_path, ("yes", "no", "maybe"))
    with pytest.raises(ValueError, match=r"labels yes, no, maybe; expected entailment, neutral, contradiction"):
        load_classifier(tmp_path)


def test_folders(tmp_path):
    saved(tmp_path / "run" / "model", LABELS)
    assert pinned(tmp_path / "run") == pinned(tmp_path / "run" / "model")
    assert pinned(str(tmp_path / "run")).name == str(tmp_path / "run" / "model")
    with pytest.raises(ValueError, match="holds no model"):
        pinned(tmp_path)
    for lost in ("./lost", "/lost/model", "~/lost", "a/b/c"):
        with pytest.raises(ValueError, match="There is no folder"):
            pinned(lost)


def test_a_hub_name_is_pinned_to_its_newest_commit(monkeypatch):
    monkeypatch.setattr(HfApi, "model_info", lambda *_, **__: SimpleNamespace(sha="a" * 40))
    assert pinned("owner/name") == Pretrained(name="owner/name", revision="a" * 40)
    assert pinned(f"owner/name@{'b' * 40}") == Pretrained(name="owner/name", revision="b" * 40)


def test_without_a_network_the_cache_answers(monkeypatch, tmp_path):
    def unreachable(*_, **__):
        raise ConnectionError

    monkeypatch.setattr(HfApi, "model_info", unreachable)
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
    for age, commit in enumerate(("c" * 40, "d" * 40)):  # the first was fetched last
        place = tmp_path / "models--owner--name" / "snapshots" / commit
        place.mkdir(parents=True)
        (place / "config.json").touch()
        os.utime(place, (1_000 - age, 1_000 - age))
    assert pinned("owner/name").revision == "c" * 40


def test_neither_network_nor_cache(monkeypatch, tmp_path):
    def unreachable(*_, **__):
        raise ConnectionError

    monkeypatch.setattr(HfApi, "model_info", unreachable)
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match=r"the hub cannot be reached \(ConnectionError\).*Go online once"):
        pinned("owner/name")


def test_a_name_that_the_hub_cannot_have():
    with pytest.raises(ValueError, match=r"neither a folder here nor a model of the hub"):
        pinned("not a name")


@pytest.mark.parametrize("revision", ["main", "v1.0", "e73636d"])
def test_a_name_that_may_move_is_no_revision(revision):
    with pytest.raises(ValueError, match="may stand for another commit tomorrow"):
        pinned(f"owner/name@{revision}")


STARS = ("1", "2", "3", "4", "5")
NAMED = ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")


@pytest.mark.parametrize("names", [NAMED, NAMED[::-1], STARS[::-1]])
def test_stars_as_public_models_name_them_in_either_order(tmp_path, names):
    before = saved(tmp_path, names, head="stars")
    loaded = load_classifier(tmp_path, "stars")
    inputs = {"input_ids": torch.tensor([[0, 7, 8, 2]])}
    with torch.no_grad():
        theirs, ours = before(**inputs).logits, loaded.network.eval()(**inputs).logits
    order = [[name[0] for name in names].index(label) for label in STARS]
    assert torch.allclose(ours, theirs[:, order], atol=1e-6)
    assert loaded.network.config.id2label == dict(enumerate(STARS))


@pytest.mark.parametrize(
    ("names", "head", "wanted", "found"),
    [
        (LABELS, "classes", "stars", "nli"),
        (NAMED[::-1], "stars", "nli", "stars"),
        (None, "classes", "stars", "nli"),
        (None, "stars", "nli", "stars"),
        (("yes", "no", "maybe"), "classes", "nli", "nli"),  # reading it says which labels are expected
        (("yes", "no", "maybe"), "classes", "stars", "stars"),
        (("yes", "no", "maybe"), "classes", "ner", TaskSpec(kind="text", labels=("yes", "no", "maybe"))),
        (None, "choices", "stars", "choice"),
        (None, "mlm", "stars", None),
    ],
)
def test_labels_tell_apart_tasks_with_the_same_head(tmp_path, names, head, wanted, found):
    saved(tmp_path, names, head=head)
    assert tuned_task(Pretrained(name=str(tmp_path)), wanted) == found


@pytest.mark.parametrize(("names", "head", "wanted"), [(LABELS, "classes", "stars"), (NAMED, "stars", "nli")])
def test_a_head_of_a_task_with_other_labels_makes_room(tmp_path, names, head, wanted):
    before = saved(tmp_path, names, head=head)
    network = load_classifier(tmp_path, wanted).network
    labels = task_of(wanted).shape.labels
    assert network.config.id2label == dict(enumerate(labels))
    assert network.classifier.out_proj.weight.shape[0] == len(labels)
    embeddings = [one.get_input_embeddings().weight for one in (network, before)]
    assert torch.equal(*embeddings)
