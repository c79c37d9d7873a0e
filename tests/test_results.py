import json
import os
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from polydistill.errors import DataError
from polydistill.results import RESULTS_FILE, RunResult, Score, entity_score, load_result, save_result, score_of


def test_round_trip(tmp_path, make_run):
    run = make_run("xd", {"en": 90, "tr": 70})
    assert save_result(tmp_path / "new" / "folder", run).name == RESULTS_FILE
    assert load_result(tmp_path / "new" / "folder") == run


def test_an_interrupted_write_leaves_the_old_result_and_no_litter(tmp_path, make_run, monkeypatch):
    old = make_run("xd", {"en": 90})
    save_result(tmp_path, old)

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save_result(tmp_path, make_run("xd", {"en": 10}))
    assert load_result(tmp_path) == old
    assert [path.name for path in tmp_path.iterdir()] == [RESULTS_FILE]


def test_others_may_read_the_result(tmp_path, make_run):
    mode = save_result(tmp_path, make_run("xd", {"en": 90})).stat().st_mode
    assert mode & 0o444 == 0o444


def test_mean_names_its_languages(make_run):
    run = make_run("xd", {"en": 90, "tr": 70, "sw": 20})
    assert run.mean(["en", "tr"]) == pytest.approx(0.8)
    assert run.mean(["en", "tr", "sw"]) == pytest.approx(0.6)
    with pytest.raises(ValueError, match=r"'de'.*Known: en, tr, sw"):
        run.mean(["en", "de"])
    with pytest.raises(ValueError, match="at least one language"):
        run.mean([])


def test_by_language_keeps_splits_apart(make_run):
    run = make_run("xd", {"en": 90})
    dev = Score(language="en", value=0.5, examples=10, split="dev")
    both = run.model_copy(update={"scores": (*run.scores, dev)})
    assert both.by_language()["en"].value == pytest.approx(0.9)
    assert both.by_language(split="dev")["en"].value == 0.5


def test_hits_come_back_in_order():
    correct = np.array([True, False, False, True, True])
    score = score_of("tr", correct)
    assert score.value == 0.6
    assert score.examples == 5
    assert score.hits == "10011"
    np.testing.assert_array_equal(score.correct, correct)
    assert Score(language="tr", value=0.6, examples=5).correct is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": 60.0}, "less than or equal to 1"),
        ({"hits": "1001"}, "4 characters"),
        ({"hits": "10000"}, "0.2 of hits are right"),
        ({"hits": "10x11"}, "pattern"),
        ({"language": "klingon"}, "Unknown language"),
        ({"examples": 0}, "greater than or equal to 1"),
    ],
)
def test_a_score_that_contradicts_itself_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        Score(**{"language": "tr", "value": 0.6, "examples": 5, "hits": "10011", **change})


def test_language_codes_are_brought_to_one_form(make_run):
    run = make_run("xd", {"en": 90}, labels_seen=("eng", "Turkish"))
    assert run.labels_seen == ("en", "tr")


def test_the_same_score_twice_is_refused(make_run):
    run = make_run("xd", {"en": 90})
    with pytest.raises(ValidationError, match="occur twice"):
        RunResult.model_validate({**run.model_dump(), "scores": run.scores * 2})


def test_no_examples_is_an_error():
    with pytest.raises(ValueError, match="No examples"):
        score_of("en", np.array([], dtype=bool))


def test_broken_files_say_what_is_wrong(tmp_path: Path, make_run):
    with pytest.raises(DataError, match="no file"):
        load_result(tmp_path)
    path = save_result(tmp_path, make_run("xd", {"en": 90}))
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "sede": 1}))
    with pytest.raises(DataError, match="sede"):
        load_result(tmp_path)
    path.write_text("{")
    with pytest.raises(DataError, match="JSON"):
        load_result(tmp_path)


COUNTS = np.array([[1, 2, 1], [0, 0, 2], [3, 3, 3]])


def test_entities_come_back_by_example():
    score = entity_score("tr", COUNTS, "dev", "rows")
    assert score.value == pytest.approx(2 * 4 / (5 + 6))
    assert score.entities == "1,2,1 0,0,2 3,3,3"
    again = Score.model_validate_json(score.model_dump_json())
    np.testing.assert_array_equal(again.counts, COUNTS)
    assert again.correct is None
    assert Score(language="tr", value=0.5, examples=2).counts is None


def test_where_nothing_is_said_and_nothing_there_f1_is_zero():
    assert entity_score("tr", np.zeros((2, 3), dtype=np.int64)).value == 0.0
    with pytest.raises(ValueError, match="No examples to score for 'tr'"):
        entity_score("tr", np.zeros((0, 3), dtype=np.int64))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"value": 0.5}, "the entities' F1 is 0.72"),
        ({"examples": 4}, "entities has counts of 3 examples; expected one of each of 4"),
        ({"entities": "1,2 3"}, "pattern"),
    ],
)
def test_entities_and_value_agree(change, says):
    given = entity_score("tr", COUNTS).model_dump()
    with pytest.raises(ValidationError, match=says):
        Score(**{**given, **change})


def test_results_of_before_are_still_read(tmp_path, make_run):
    content = json.loads(make_run("xd", {"en": 90}).model_dump_json())
    for score in content["scores"]:
        del score["entities"]
    (tmp_path / RESULTS_FILE).write_text(json.dumps(content))
    assert load_result(tmp_path).scores[0].counts is None
