"""Runs with several teachers and with an MBLM as the student: what they name, do first, leave behind, and refuse."""

import pytest
import torch
from rich.console import Console
from training_tools import LANGUAGES, multikd_run, pretrain_run, teacher_run, tune_run
from transformers import AutoModelForSequenceClassification

import polydistill
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.tuning import TuneSpec
from polydistill.models.mblm_config import Branches
from polydistill.results import load_result
from polydistill.starts.origins import Pretrained
from polydistill.training.execute import execute
from polydistill.training.run import Branched, ResultOf, Run
from polydistill.training.store import Store

BRANCHES = Branches(languages=LANGUAGES, blocks=1)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("runs"))
    execute(multikd_run(), store, Console(quiet=True))
    return store


def test_it_does_its_teachers_first_and_leaves_an_mblm(done):
    run = multikd_run()
    result = done.result(run)
    assert {score.language for score in result.scores} == {*LANGUAGES, "tr"}
    assert [done.result(first) is not None for first in run.first] == [True] * 3
    network = AutoModelForSequenceClassification.from_pretrained(done.folder(run) / "model")
    assert network.layout == BRANCHES
    assert network.config.id2label == {0: "entailment", 1: "neutral", 2: "contradiction"}
    branches = network.encoder.encoder.layer[0].branches
    first, second = (torch.cat([value.flatten() for value in branches[code].parameters()]) for code in LANGUAGES)
    assert not torch.equal(first, second)  # each has learned from its own language
    assert len(list((done.root / "signals").rglob("*.arrow"))) == len(LANGUAGES)


def test_the_labels_of_its_teachers_count(done):
    run = multikd_run()
    assert run.labels_seen == LANGUAGES
    assert run.method.labels_seen == ()
    assert done.result(run).labels_seen == LANGUAGES
    folders = {code: Pretrained(name=str(done.folder(teacher_run(code)) / "model")) for code in LANGUAGES}
    ready = run.model_copy(update={"teachers": folders})
    assert ready.labels_seen == LANGUAGES  # by the record beside the model


def test_its_own_selection_and_that_of_its_teachers_count():
    chosen = tune_run()
    run = multikd_run().model_copy(update={"teachers": dict.fromkeys(LANGUAGES, ResultOf(run=chosen))})
    assert run.selected_on == ("dev/en",)


def test_what_it_loads():
    run = multikd_run()
    assert list(run.models) == ["start", "teacher/en", "teacher/fr"]
    assert [first.name for first in run.first] == ["tiny polyglot", "tiny en teacher", "tiny fr teacher"]


def test_json_and_back():
    run = multikd_run()
    again = Run.model_validate_json(run.model_dump_json())
    assert again == run
    assert again.identity == run.identity


def test_what_decides_its_result_is_its_identity():
    run = multikd_run()
    swapped = dict(zip(LANGUAGES, reversed(run.teachers.values()), strict=True))
    same = dict(reversed(run.teachers.items()))
    others = [
        run.model_copy(update={"teachers": swapped}),
        run.model_copy(update={"start": run.start.of}),
        run.model_copy(update={"method": run.method.model_copy(update={"temperature": 2.0})}),
        *(
            run.model_copy(update={"start": Branched(of=run.start.of, branches=BRANCHES.model_copy(update=change))})
            for change in ({"detach": False}, {"mixers": "outer"}, {"place": "top"}, {"supervised_route": "own"})
        ),
    ]
    assert len({run.identity, *(other.identity for other in others)}) == len(others) + 1
    assert run.model_copy(update={"teachers": same}).identity == run.identity


def test_teachers_are_no_part_of_runs_without_them():
    for run in (tune_run(), pretrain_run()):
        assert "teachers" not in run.model_dump()
        assert not [name for name in run.resolved() if name.startswith(("teachers", "teacher/"))]


def test_teachers_and_languages_must_agree():
    run = multikd_run()
    one = {"en": run.teachers["en"]}
    with pytest.raises(ValueError, match=r"needs a teacher for each of en, fr .* there are teachers for en\."):
        Run(**{**dict(run), "teachers": one})
    with pytest.raises(ValueError, match=r"there are teachers for no language\."):
        Run(**{**dict(run), "teachers": {}})
    with pytest.raises(ValueError, match="none under `teacher`"):
        Run(**{**dict(run), "teacher": run.start})
    with pytest.raises(ValueError, match="`teachers` are for methods that have one a language; 'tune' is none"):
        Run(**{**dict(tune_run()), "teachers": one})


# Tuning an MBLM


def branched_tuning(**branches) -> Run:
    start = Branched(of=ResultOf(run=pretrain_run()), branches=BRANCHES.model_copy(update=branches))
    return tune_run().model_copy(update={"start": start, "name": "tiny MBLM"})


def test_an_mblm_is_tuned_and_used_like_any_other_model(done):
    run = branched_tuning(supervised_route="own")
    execute(run, done, Console(quiet=True))
    folder = done.folder(run)
    loaded = polydistill.load(folder)
    assert type(loaded.network).__name__ == "MBLMForSequenceClassification"
    scores = polydistill.evaluate(loaded, WorldSource(rows=30, split="test"), LANGUAGES)
    assert [score.value for score in scores] == [score.value for score in load_result(folder).scores]
    rows = [("A dog runs.", "It runs.")]
    said = [next(iter(polydistill.predict(loaded, rows, code))).probabilities for code in LANGUAGES]
    assert said[0] != said[1]  # each language's branch reads alone
    again = tune_run().model_copy(update={"start": Pretrained(name=str(folder / "model"))})
    execute(again, done, Console(quiet=True))  # a saved MBLM is a start like any other
    assert AutoModelForSequenceClassification.from_pretrained(done.folder(again) / "model").layout == run.start.branches


def test_batches_of_several_languages_are_refused(done):
    run = branched_tuning()
    balanced = run.training.batching.model_copy(update={"batches": "balanced"})
    mixed = run.model_copy(update={"training": run.training.model_copy(update={"batching": balanced})})
    with pytest.raises(ValueError, match=r"needs batches of one language: set training\.batching\.batches"):
        execute(mixed, done, Console(quiet=True))


def test_tasks_without_a_label_a_row_are_refused(done):
    run = branched_tuning()
    method = TuneSpec(task="ner", languages=LANGUAGES, data=WorldSource(rows=30), max_length=64)
    tagging = run.model_copy(update={"method": method, "selection": None, "evaluation": None})
    with pytest.raises(ValueError, match=r"An MBLM gives rows a label; a XLMRobertaForTokenClassification does not"):
        execute(tagging, done, Console(quiet=True))
