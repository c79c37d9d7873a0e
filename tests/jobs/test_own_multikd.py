"""Runs of a person's own teachers, and MBLMs of a person's own encoder."""

import pytest

from polydistill.jobs.multikd import multikd
from polydistill.jobs.tune import tune
from polydistill.starts.origins import Pretrained
from polydistill.training.run import Branched
from tiny import tiny_network, tiny_tokenizer

ROWS = "world:?rows=64"


def saved(folder, head="classes", family="xlm-roberta", **other):
    network = tiny_network(family, head, **other).float()
    if head == "classes":
        network.config.id2label = {0: "contradiction", 1: "neutral", 2: "entailment"}
    network.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def models(tmp_path):
    return {
        "student": saved(tmp_path / "student", "mlm"),
        "en": saved(tmp_path / "english"),
        "fr": saved(tmp_path / "french", family="bert"),
    }


def own_run(models, **options):
    teachers = {"en": models["en"], "French": models["fr"]}
    return multikd.run(models["student"], teachers, ROWS, **options)


def test_what_is_said_is_in_the_run(models):
    run = own_run(
        models, dev="world:?split=dev&rows=30", test="world:?split=test&rows=30", test_langs=["en", "tr"], seed=3
    )
    assert run.teachers == {"en": Pretrained(name=str(models["en"])), "fr": Pretrained(name=str(models["fr"]))}
    assert (run.method.languages, run.method.temperature, run.method.max_length) == (("en", "fr"), 8.0, 64)
    assert (run.training.steps, run.training.batch_size, run.training.learning_rate) == (4, 32, 2e-5)
    assert (run.selection.languages, run.evaluation.languages) == (("en", "fr"), ("en", "tr"))
    assert run.start == Pretrained(name=str(models["student"]))
    assert run.seed == 3


def test_an_mblm_of_ones_own(models):
    run = own_run(models, branches=1, temperature=2.0)
    assert isinstance(run.start, Branched)
    assert (run.start.branches.languages, run.start.branches.blocks) == (("en", "fr"), 1)
    assert run.method.temperature == 2.0
    tuned = tune.run(models["student"], ROWS, ["en", "tr"], branches=2)
    assert (tuned.start.branches.languages, tuned.start.branches.blocks) == (("en", "tr"), 2)


@pytest.mark.parametrize(
    ("blocks", "said"), [(0, "expected 1 to 1,000"), (3, ".* has 2 blocks, so branches may have 1 to 2")]
)
def test_branches_must_fit(models, blocks, said):
    with pytest.raises(ValueError, match=rf"branches is {blocks}; {said}"):
        own_run(models, branches=blocks)


def test_a_teacher_must_be_tuned(models):
    with pytest.raises(ValueError, match=r"student has no head of the task 'nli', so it cannot teach. Tune it first"):
        multikd.run(models["en"], {"fr": models["student"]}, ROWS)


def test_teachers_are_one_a_language(models):
    with pytest.raises(ValueError, match=r"teacher gives en twice. Name one a language"):
        multikd.run(models["student"], {"en": models["en"], "English": models["fr"]}, ROWS)
    with pytest.raises(ValueError, match="There is no --teacher: expected a language and its model"):
        multikd.run(models["student"], {}, ROWS)


def test_a_file_of_soft_labels_is_a_teacher(models, tmp_path):
    file = tmp_path / "llm.jsonl"
    line = '{"premise": "a", "hypothesis": "b", "labels": {"entailment": 0.5, "neutral": 0.3}}\n'
    file.write_text(3 * line, encoding="utf-8")
    run = multikd.run(models["student"], [f"en={models['en']}", f"fr=file:{file}"], ROWS, batch_size=1)
    assert (tuple(run.teachers), tuple(run.method.soft.sources), run.training.steps) == (("en",), ("fr",), 64 + 3)
    assert run.labels_seen == ("fr",)
    alone = multikd.run(models["student"], {"fr": file}, task="nli", batch_size=1)
    assert (dict(alone.teachers), alone.method.data, alone.training.steps) == ({}, None, 3)
    with pytest.raises(ValueError, match=r"Models read rows of the task in their languages: give them \(--train\)"):
        multikd.run(models["student"], {"en": models["en"]})
    with pytest.raises(ValueError, match=r"All teachers are rows, which have their own text"):
        multikd.run(models["student"], {"fr": file}, ROWS, task="nli")


def test_labels_of_soft_rows_are_found(models, tmp_path):
    file = tmp_path / "llm.jsonl"
    file.write_text('{"text": "a", "labels": {"yes": 0.5, "no": 0.5}}\n' * 3, encoding="utf-8")
    run = multikd.run(models["student"], {"fr": file}, batch_size=1)
    assert run.method.task.labels == ("no", "yes")
