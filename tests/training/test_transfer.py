"""Zero-shot strategies as runs: what moves, what the judged student has in the end, and what is selected and saved."""

import io
import json
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file
from training_tools import assert_same_bits, pretrain_run, weights

from polydistill import api
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.transfer_tuning import TaskDistillation, TransferTuneSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.models.adapters import FILE, adapters
from polydistill.results import load_result
from polydistill.starts.loading import load_classifier, load_encoder
from polydistill.starts.origins import Pretrained
from polydistill.tasks import TASKS
from polydistill.training import execute as execute_module
from polydistill.training.execute import execute
from polydistill.training.judging import Judge
from polydistill.training.run import Cut, ResultOf, Run
from polydistill.training.settings import Judging, Training
from polydistill.training.store import Store
from polydistill.transfer.strategies import STRATEGIES, Strategy, strategy
from tiers import first_quick
from tiny import tiny_network, tiny_tokenizer

QUIET = Console(file=io.StringIO())
ROWS = WorldSource(rows=30)
TEST = WorldSource(rows=30, split="test")


def student(folder, seed):
    tiny_network(head="mlm", seed=seed).float().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return Pretrained(name=str(folder))


@pytest.fixture(scope="module")
def students(tmp_path_factory):
    """A Turkish and an English student, or what could be."""
    folder = tmp_path_factory.mktemp("students")
    return {"start": student(folder / "tr", 1), "source": student(folder / "en", 2)}


@pytest.fixture(autouse=True)
def quick(fixed_numerics):
    """Without the probe."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """What one test has done, the next need not do again."""
    return Store(tmp_path_factory.mktemp("runs"))


def transfer_run(students, name="ADAPT SRC", task="nli", teacher=None, selection=True, **changes):
    """Three steps by a strategy, scored on Turkish."""
    given = strategy(name) if isinstance(name, str) else name
    wanted = {"start": students["start" if given.judged == "target" else "source"]}
    if len(given.needs) == 2:
        wanted["source"] = students["source"]
    method = {"task": task, "languages": ("en",), "data": ROWS, "max_length": 64, "strategy": given, **changes}
    return Run(
        name=f"tiny {task}",
        method=TransferTuneSpec(**method, distil=TaskDistillation() if teacher else None),
        **wanted,
        teacher=teacher,
        training=Training(steps=3, batch_size=8, learning_rate=2e-3, evaluate_every=3 if selection else None),
        selection=Judging(task=task, languages=("en",), data=WorldSource(rows=20, split="dev"), max_length=64)
        if selection
        else None,
        evaluation=Judging(task=task, languages=("tr",), data=TEST, max_length=64),
    )


def changed(run, **changes):
    return Run(**{**dict(run), **changes})


def done(run, store):
    execute(run, store, QUIET)
    return store.folder(run)


def parameters(folder):
    """What lies in a model's folder: of the encoder, and adapters by file."""
    found = load_file(folder / "model.safetensors")
    extra = load_file(folder / FILE) if (folder / FILE).exists() else {}
    return {name.removeprefix("roberta."): value for name, value in {**found, **extra}.items()}


# The same as plain tuning


@first_quick("task", TASKS)
def test_full_trg_is_plain_tuning_bit_for_bit(students, task, store):
    run = transfer_run(students, "FULL TRG", task)
    plain = changed(run, method=TuneSpec(task=task, languages=("en",), data=ROWS, max_length=64))
    assert_same_bits(done(run, store), done(plain, store))
    assert load_result(done(run, store)).scores == load_result(done(plain, store)).scores


def test_full_src_is_plain_tuning_of_the_source_student(students, store):
    run = transfer_run(students, "FULL SRC")
    plain = changed(run, method=TuneSpec(languages=("en",), data=ROWS, max_length=64))
    assert run.source is None and run.start == students["source"]
    assert_same_bits(done(run, store), done(plain, store))


# Every strategy


@first_quick("name", STRATEGIES, quick=4)
def test_the_judged_student_has_what_the_strategy_brings_and_nothing_else(students, name, store):
    run, chosen = transfer_run(students, name), strategy(name)
    folder = done(run, store)
    found, before = parameters(folder / "model"), parameters(Path(run.start.name))
    moved = {key for key, value in before.items() if key in found and not torch.equal(found[key], value)}
    inside = {key for key in found if key in before}
    if chosen.trains == "all":
        assert {"embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.weight"} <= moved
    elif chosen.trains == "biases":
        assert moved == {key for key in inside if key.startswith("encoder") and key.endswith(".bias")}
    elif chosen.trains == "all but embeddings":
        assert moved == {key for key in inside if not key.startswith("embeddings")}
    else:
        assert not moved
    assert (folder / "model" / FILE).exists() == (chosen.trains == "adapters")
    layers = json.loads((folder / "model" / "config.json").read_text())["num_hidden_layers"]
    assert layers == 2 + chosen.added_blocks
    result = load_result(folder)
    assert (result.labels_seen, result.selected_on) == (("en",), ("dev/en",))
    assert [score.language for score in result.scores] == ["tr"]


@pytest.mark.parametrize(
    ("name", "task"), [("ADAPT SRC", "nli"), ("ADAPT JOINT", "ner"), ("FREEZE +2", "choice"), ("SFT", "nli")]
)
def test_a_saved_student_scores_as_the_run_says(students, name, task, store):
    folder = done(transfer_run(students, name, task), store)
    (score,) = api.evaluate(folder, TEST, ["tr"], task)
    assert score.value == load_result(folder).scores[0].value
    network = api.load(folder, task).network
    assert len(adapters(network)) == (2 if name.startswith("ADAPT") else 0)


def test_adapters_are_attached_wherever_a_model_is_loaded(students, store):
    folder = done(transfer_run(students), store) / "model"
    saved = load_file(folder / FILE)
    for loaded in (load_classifier(folder), load_encoder(folder)):
        first = adapters(loaded.network)[0]
        assert torch.equal(first.up.weight, saved["1.up.weight"]) and first.up.weight.any()
    begun = ResultOf(run=transfer_run(students))
    again = changed(transfer_run(students, "FULL TRG"), start=begun)
    kept = load_file(done(again, store) / "model" / FILE)  # they go on learning with all else
    assert kept.keys() == saved.keys() and not torch.equal(kept["1.up.weight"], saved["1.up.weight"])
    small = changed(again, start=Cut(of=begun, depth=1))
    with pytest.raises(ValueError, match="has adapters, each made for its own block"):
        execute(small, store, QUIET)


def test_frozen_embeddings_stay_asleep_and_rows_not_in_use_stay(students, store, monkeypatch):
    """Only the embedding rows in use learn where the embeddings learn; where they do not, nothing replaces them."""
    monkeypatch.setattr("polydistill.models.used_rows._WORTH_IT", 1.0)
    before = parameters(Path(students["source"].name))["embeddings.word_embeddings.weight"]
    for chosen in (Strategy(trains="all", learns_on="source", carries="copy"), strategy("SFT")):
        found = parameters(done(transfer_run(students, chosen, selection=False), store) / "model")
        rows = found["embeddings.word_embeddings.weight"]
        start = parameters(Path(students["start"].name))["embeddings.word_embeddings.weight"]
        if chosen.trains == "all":  # copied: the rows not in use are the source's, as they were
            assert 0 < (rows == before).all(1).sum() < len(rows)
        else:
            assert torch.equal(rows, start)


def test_joint_students_with_shared_embeddings_learn_them_whole(students, store, monkeypatch):
    monkeypatch.setattr("polydistill.models.used_rows._WORTH_IT", 1.0)
    run = transfer_run(students, Strategy(trains="all", learns_on="both", carries="share"))
    folder = done(run, store)
    source = parameters(Path(students["source"].name))["embeddings.word_embeddings.weight"]
    found = parameters(folder / "model")["embeddings.word_embeddings.weight"]
    assert 0 < (found == source).all(1).sum() < len(found)


# Selection


@pytest.mark.parametrize(
    ("name", "roles"), [("SFT", ["source"]), ("BITFIT TRG", ["target"]), ("BITFIT JOINT", ["source", "target"])]
)
def test_selection_asks_those_who_learn(students, name, roles, store, monkeypatch):
    """English dev is read by the source student under SRC strategies, by the target student under TRG, by both under
    JOINT; the mean over them counts."""
    judged, said = [], []
    make = execute_module.selecting

    def selecting(run, student, prepared, store):
        assert list(prepared.learning) == roles
        judged.append({id(one.network): role for role, one in prepared.learning.items()})
        return make(run, student, prepared, store)

    def values(judge, reader):
        said.append((judged[0][id(reader.network)], {"en": 0.25 * len(said)}))
        return said[-1][1]

    monkeypatch.setattr(execute_module, "selecting", selecting)
    monkeypatch.setattr(Judge, "values", values)
    run = transfer_run(students, name)
    run = changed(run, training=run.training.model_copy(update={"evaluate_every": 1}))
    lines = json.loads((done(run, store) / "log.json").read_text())
    assert [role for role, _ in said] == 3 * roles
    found = [line["eval_score"] for line in lines if "eval_score" in line]
    numbers = [value["en"] for _, value in said]
    assert found == [sum(numbers[at : at + len(roles)]) / len(roles) for at in range(0, len(numbers), len(roles))]
    assert found == [line["eval_accuracy_en"] for line in lines if "eval_score" in line]


# Task distillation


@first_quick(("name", "task"), [("FULL TRG", "nli"), ("ADAPT JOINT", "ner"), ("ADAPT JOINT", "choice")])
def test_task_distillation_reads_a_tuned_teacher(students, name, task, store):
    teacher = transfer_run(students, "FULL SRC", task)
    run = transfer_run(students, name, task, teacher=ResultOf(run=teacher))
    assert run.first == (teacher,)
    there = len(list(store.signals.rglob("*.arrow")))
    folder = done(run, store)
    line = json.loads((folder / "log.json").read_text())[0]
    names = {"task", "logits"}
    if name == "ADAPT JOINT":
        names = {f"{term}/{role}" for term in names for role in ("source", "target")}
    assert names <= line.keys()
    wanted = sum(line[key] * 0.5 / (len(names) / 2) for key in names)
    assert line["loss"] == pytest.approx(wanted, abs=1e-3)
    assert len(list(store.signals.rglob("*.arrow"))) == there + (task != "ner")
    assert load_result(folder).labels_seen == ("en",)
    plain = weights(done(transfer_run(students, name, task), store))
    assert any(not torch.equal(value, plain[key]) for key, value in weights(folder).items())


# Few-shot


def test_few_shot_goes_on_from_a_tuned_student(students, store):
    zero = transfer_run(students)
    few = {"strategy": strategy("FULL TRG"), "languages": ("tr",), "few": 5}
    run = Run(
        name="5 shots",
        method=TransferTuneSpec(**{**dict(zero.method), **few}),
        start=ResultOf(run=zero),
        training=Training(steps=2, batch_size=4, learning_rate=1e-3),
        evaluation=zero.evaluation,
        seed=3,
    )
    result = execute(run, store, QUIET)
    assert result.labels_seen == ("en", "tr")
    assert result.selected_on == ("dev/en",)


# What cannot be


@pytest.mark.parametrize(
    ("name", "changes", "says"),
    [
        ("ADAPT SRC", {"source": None}, "give `source`, who reads the language that has labels"),
        ("ADAPT TRG", {"source": "source"}, "leave `source` unset"),
        ("FULL SRC", {"source": "start"}, "only the student that is judged takes part"),
        ("SFT", {"source": "start"}, "one and the same student"),
        ("SFT", {"teacher": "source"}, "go together. Give both, or neither"),
    ],
)
def test_who_takes_part_must_fit_the_strategy(students, name, changes, says):
    run = transfer_run(students, name)
    with pytest.raises(ValueError, match=says):
        changed(run, **{key: students.get(value) for key, value in changes.items()})


def test_only_transfer_has_a_source(students):
    run = transfer_run(students, "FULL TRG")
    tune = TuneSpec(languages=("en",), data=ROWS)
    with pytest.raises(ValueError, match="'tune' has no source student"):
        changed(run, method=tune, source=students["source"])
    with pytest.raises(ValueError, match=r"Unknown zero-shot strategy 'ADAPT SCR'.*Did you mean 'ADAPT SRC'"):
        TransferTuneSpec(strategy="ADAPT SCR", languages=("en",), data=ROWS)


def test_runs_of_before_say_nothing_of_a_source(students):
    plain = changed(transfer_run(students, "FULL TRG"), method=TuneSpec(languages=("en",), data=ROWS))
    assert "source" not in plain.model_dump() and "source" not in plain.resolved()
    run = transfer_run(students)
    assert Run.model_validate_json(run.model_dump_json()) == run
    other = changed(run, source=Pretrained(name="FacebookAI/xlm-roberta-base"))
    assert other.identity != run.identity
    assert set(run.models) == {"start", "source"}
    assert pretrain_run().models.keys() == {"start"}
