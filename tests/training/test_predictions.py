"""Rows of the evaluation that a run keeps: of every kind of task, with what is right and how sure the model is."""

import json

import numpy as np
import pytest
from datasets import Dataset

from polydistill.data.rows.shapes import LABEL
from polydistill.tasks import task_of
from polydistill.tasks.spec import TaskSpec
from polydistill.tasks.task import FoundAnswer, HeldLabels, Prediction, SaidNumber, TaggedWords
from polydistill.training.predictions import (
    CHARACTERS,
    PREDICTIONS,
    ROWS,
    Predictions,
    Sample,
    evenly,
    keep,
    load_predictions,
    sampled,
)
from polydistill.training.settings import Judging
from tiny import tiny_tokenizer

SEVERAL = TaskSpec(kind="text", labels=("a", "b", "c"), problem="several")
NUMBER = TaskSpec(kind="text", problem="number")
ANSWERS = {"text": ["the hall", "hall"], "answer_start": [0, 4]}
CASES = {
    "nli right": ("nli", {"premise": "p", "hypothesis": "h", LABEL: 1}, Prediction("neutral", {"neutral": 0.7})),
    "stars wrong": (
        "stars",
        {"review_body": "b", "review_title": "t", "product_category": "c", LABEL: 4},
        Prediction("2", {"2": 0.6}),
    ),
    "choice right": (
        "choice",
        {"premise": "p", "question": "cause", "choices": ["x", "y"], LABEL: 1},
        Prediction("choice2", {"choice2": 0.9}),
    ),
    "qa right": ("qa", {"question": "q", "context": "the hall", LABEL: ANSWERS}, FoundAnswer("Hall", 4, {"Hall": 0.5})),
    "qa wrong": ("qa", {"question": "q", "context": "the hall", LABEL: ANSWERS}, FoundAnswer("he", 1, {"he": 0.5})),
    "ner wrong": (
        "ner",
        {"tokens": ["Ann", "ran"], LABEL: [1, 0]},
        TaggedWords(("Ann", "ran"), ("O", "O"), (0.8, 0.9)),
    ),
    "several right": (
        SEVERAL,
        {"text": "t", LABEL: [1.0, 0.0, 1.0]},
        HeldLabels(("a", "c"), {"a": 0.9, "b": 0.3, "c": 0.8}),
    ),
    "number": (NUMBER, {"text": "t", LABEL: 2.5}, SaidNumber(2.0)),
}
SHOWN = {
    "nli right": ("neutral", "neutral", 0.7, True, None),
    "stars wrong": ("5", "2", 0.6, False, None),
    "choice right": ("choice2", "choice2", 0.9, True, None),
    "qa right": ("the hall, hall", "Hall", 0.5, True, None),
    "qa wrong": ("the hall, hall", "he", 0.5, False, None),
    "ner wrong": ("Ann/B-PER", "none", 0.8, False, None),
    "several right": ("a, c", "a, c", 0.7, True, None),
    "number": ("2.500", "2.000", None, None, 0.5),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_kept_of_a_row(name, tmp_path, monkeypatch):
    task, row, answer = CASES[name]
    monkeypatch.setattr("polydistill.training.predictions.fingerprint", lambda *_: "rows")
    judging = Judging(task=task, languages=("en",), data={"kind": "world", "rows": 3, "split": "test"})
    sample = Sample(judging, {"en": 9}, {"en": [4]}, {"en": [row]}, {})
    found = keep(sample, {"en": [answer]}, {"en": [answer]}, tmp_path)
    assert load_predictions(tmp_path) == found
    (seen,) = found.rows["en"]
    said = seen.after
    assert (seen.gold, said.answer, said.share, said.right, said.off) == SHOWN[name]
    assert (seen.before, seen.row, found.of) == (said, 4, {"en": 9})
    assert len(seen.texts) == len(task_of(task).shape.texts)


def test_long_texts_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr("polydistill.training.predictions.fingerprint", lambda *_: "rows")
    judging = Judging(task="nli", languages=("en",), data={"kind": "world", "rows": 3, "split": "test"})
    row = {"premise": "x" * 2 * CHARACTERS, "hypothesis": "h", LABEL: 0}
    sample = Sample(judging, {"en": 1}, {"en": [0]}, {"en": [row]}, {})
    found = keep(sample, {"en": [Prediction("neutral", {"neutral": 1.0})]}, None, tmp_path)
    assert [len(text) for text in found.rows["en"][0].texts] == [CHARACTERS, 1]
    assert "before" not in json.loads((tmp_path / PREDICTIONS).read_text())["rows"]["en"][0]


@pytest.mark.parametrize(("count", "wanted"), [(10, 3), (7, 7), (3, 9), (1, 5), (100_000, 500)])
def test_evenly_spread_places(count, wanted):
    places = evenly(count, wanted)
    assert len(places) == min(count, wanted)
    assert places == sorted(set(places))
    assert places[0] == 0
    if len(places) > 1:
        assert places[-1] == count - 1
        steps = np.diff(places)
        assert steps.max() - steps.min() <= 1


def test_a_large_test_is_sampled(monkeypatch):
    monkeypatch.setattr("polydistill.training.predictions.ROWS", 8)
    judging = Judging(task="nli", languages=("en", "tr"), data={"kind": "world", "rows": 12, "split": "test"})
    sample = sampled(judging, tiny_tokenizer())
    assert sample.places["en"] == sample.places["tr"] == [0, 4, 7, 11]
    assert sample.of == {"en": 12, "tr": 12}
    assert {code: len(rows) for code, rows in sample.rows.items()} == {"en": 4, "tr": 4}
    assert isinstance(sample.rows["en"], Dataset)
    assert ROWS == 3000


def test_nothing_is_kept_of_older_runs(tmp_path):
    assert load_predictions(tmp_path) is None
    assert Predictions.model_fields["rows"].is_required()
