"""Both back-ends say the same of the same rows, in order, and no more rows are read than a window holds."""

import shutil
import sys
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

import polydistill as pd
from loaded import loaded_by
from polydistill.data.rows.sources import WorldSource
from polydistill.defaults import MAX_LENGTH
from polydistill.errors import DataError
from polydistill.models.loaded import Loaded
from polydistill.serving import onnx_student, precision, predicting
from polydistill.serving.predicting import answered
from polydistill.serving.reader import Reader, open_reader
from polydistill.tasks.task import Prediction, SaidNumber
from tiny import tiny_network, tiny_tokenizer


@pytest.fixture(scope="module")
def pairs():
    rows = pd.world_rows(["en", "tr"], 40).rows
    return [(row["premise"], row["hypothesis"]) for table in rows.values() for row in table]


def probabilities(answers):
    return np.array([list(answer.probabilities.values()) for answer in answers])


@pytest.mark.parametrize("window", [1, 7, 512])
def test_onnx_and_pytorch_say_the_same_in_the_same_order(model, exported, pairs, window):
    ours, theirs = (list(pd.predict(place, pairs, window=window)) for place in (model, exported))
    np.testing.assert_allclose(probabilities(ours), probabilities(theirs), atol=1e-5)
    assert [one.label for one in ours] == [one.label for one in theirs]
    one_by_one = probabilities(answer for pair in pairs[:9] for answer in pd.predict(exported, [pair]))
    np.testing.assert_allclose(probabilities(theirs)[:9], one_by_one, atol=1e-5)
    assert len(np.unique(probabilities(ours).round(6), axis=0)) > len(pairs) / 2


def test_pytorch_has_no_part_in_reading_onnx(exported, pairs, monkeypatch):
    opened = pd.reader(exported)
    assert opened.backend == "ONNX Runtime"
    monkeypatch.setattr("torch.nn.functional.linear", None)
    assert len(list(pd.predict(opened, pairs[:3]))) == 3


def test_an_answer_of_an_onnx_folder_loads_no_library_of_pytorch(exported):
    printed, loaded = loaded_by("predict", str(exported), "--premise", "A dog runs.", "--hypothesis", "It sleeps.")
    assert printed.split()[0] in ("entailment", "neutral", "contradiction")
    assert not loaded


def test_evaluate_scores_an_onnx_folder_as_its_model(model, exported):
    ours, theirs = (pd.evaluate(place, WorldSource(rows=30), ["en", "fr"]) for place in (model, exported))
    assert ours == theirs


def test_no_more_rows_are_read_than_a_window_holds(exported, pairs):
    read = 0

    def coming():
        nonlocal read
        while True:  # a stream without end
            read += 1
            yield pairs[read % len(pairs)]

    answers = answered(open_reader(exported, "nli"), coming(), "nli", window=16)
    for number in range(1, 50):
        row, _ = next(answers)
        assert row == pairs[number % len(pairs)]
        assert read == -(-number // 16) * 16


def test_a_window_of_nothing(model, pairs):
    with pytest.raises(ValueError, match=r"window is 0; expected 1 to 10,000,000"):
        list(pd.predict(model, pairs, window=0))


def test_a_reader_and_a_loaded_model_are_taken_as_they_are(model, pairs):
    loaded = pd.load(model)
    reading = open_reader(loaded, "nli")
    assert isinstance(reading, Reader)
    assert open_reader(reading, "nli") is reading
    assert reading.max_length == min(MAX_LENGTH, tiny_tokenizer().model_max_length)
    said = [list(pd.predict(what, pairs[:4])) for what in (model, loaded, reading)]
    assert said[0] == said[1] == said[2]


def test_an_onnx_folder_of_another_task(exported):
    with pytest.raises(ValueError, match=r"says entailment, .*not the labels of the task 'stars' \(1, 2"):
        pd.reader(exported, "stars")


def test_an_onnx_folder_cannot_be_loaded_to_train_or_export(exported, tmp_path):
    with pytest.raises(ValueError, match="is an ONNX model, which can be read and no more"):
        pd.load(exported)
    with pytest.raises(ValueError, match="is an ONNX model"):
        pd.export(exported, tmp_path / "again")


def test_a_broken_file(exported, tmp_path):
    shutil.copytree(exported, tmp_path, dirs_exist_ok=True)
    (tmp_path / "onnx/model.onnx").write_bytes(b"no model")
    with pytest.raises(DataError, match=r"model\.onnx: found 8 bytes; expected \d+ as it was written"):
        pd.reader(tmp_path)
    (tmp_path / "files.json").unlink()
    with pytest.raises(ValueError, match=r"model\.onnx cannot be loaded \(.*\)\. Export the model again"):
        pd.reader(tmp_path)


def test_a_folder_of_before_with_the_file_in_itself(exported, tmp_path):
    shutil.copytree(exported, tmp_path, dirs_exist_ok=True)
    (tmp_path / "onnx/model.onnx").rename(tmp_path / "model.onnx")
    (tmp_path / "onnx").rmdir()
    (tmp_path / "files.json").unlink()
    row = {"premise": "A dog runs.", "hypothesis": "A dog sleeps."}
    assert list(pd.predict(tmp_path, [row])) == list(pd.predict(exported, [row]))
    with pytest.raises(ValueError, match="is an ONNX model"):
        pd.load(tmp_path)


def test_without_the_runtime(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ValueError, match=r"needs onnxruntime, .* pip install 'polydistill\[onnx\]'"):
        onnx_student.load_onnx(exported, "nli")


@pytest.mark.slow
def test_choices_are_read_from_onnx_where_the_export_has_them(tmp_path):
    loaded = Loaded(tiny_network(head="choices").float().eval(), tiny_tokenizer())
    (exported,) = pd.export(loaded, tmp_path / "chooser", "onnx", task="choice")
    folder = exported.folder
    rows = [("A dog runs.", "cause", ["It is old.", "A man sees it now."]), ("He sleeps.", "effect", ["A.", "B."])]
    ours, theirs = (list(pd.predict(what, rows, task="choice")) for what in (loaded, folder))
    np.testing.assert_allclose(probabilities(ours), probabilities(theirs), atol=1e-5)


@pytest.fixture
def clocked(monkeypatch, caplog):
    """What the clock says of both: bf16 is so many times as fast."""

    def faster(times):
        compared = precision._compared
        monkeypatch.setattr(precision, "_compared", lambda *given: (times, compared(*given)[1]))
        monkeypatch.setattr(precision, "TRIED", 60)
        monkeypatch.setattr(predicting, "TRIED", 60)
        caplog.set_level("WARNING", "polydistill")
        return caplog

    return faster


def test_bf16_is_read_in_where_it_is_faster_and_says_the_same(model, pairs, clocked, monkeypatch):
    told, near = clocked(1.8), list(pd.predict(model, pairs))
    monkeypatch.setattr(precision, "_EQUAL", 0.9)
    quick = list(pd.predict(model, pairs, precision="bf16"))
    assert "Precision: bf16 (1.80 times as fast as fp32 here, " in told.text
    np.testing.assert_allclose(probabilities(quick), probabilities(near), atol=0.02)
    assert (probabilities(quick) != probabilities(near)).any()


@pytest.mark.parametrize(("times", "equal"), [(0.7, 0.5), (1.8, 1.01)])
def test_bf16_that_does_not_pay_is_left(model, pairs, clocked, monkeypatch, times, equal):
    told, near = clocked(times), list(pd.predict(model, pairs))
    monkeypatch.setattr(precision, "_EQUAL", equal)
    assert list(pd.predict(model, pairs, precision="bf16")) == near
    assert f"Precision: fp32, for bf16 is {times:.2f} times as fast" in told.text


@pytest.mark.parametrize(("takes", "reads"), [(20.0, 2), (0.5, 8)])
def test_bf16_that_is_many_times_slower_is_tried_once(monkeypatch, takes, reads):
    now, done, within = 0.0, [], False

    @contextmanager
    def in_bf16():
        nonlocal within
        within = True
        yield
        within = False

    def read():
        nonlocal now
        now += takes if within else 1.0
        done.append(now)
        return [SaidNumber(1.0)]

    monkeypatch.setattr(precision.time, "process_time", lambda: now)
    assert precision._compared(read, in_bf16, True) == (1 / takes, 1.0)
    assert len(done) == reads


def test_bf16_is_not_tried_on_few_rows(model, pairs, clocked):
    told = clocked(1.8)
    assert list(pd.predict(model, pairs[:9], precision="bf16")) == list(pd.predict(model, pairs[:9]))
    assert "fewer than 60 rows" in told.text


def test_an_onnx_folder_has_its_precision(exported, pairs):
    with pytest.raises(ValueError, match="computes in the numbers that it was exported with"):
        list(pd.predict(exported, pairs, precision="bf16"))


def test_answers_are_compared_by_what_they_say():
    said = [SaidNumber(value) for value in (1.0, 2.0, 300.0)]
    assert precision.share_equal(said, [SaidNumber(value) for value in (1.005, 2.1, 302.0)]) == pytest.approx(2 / 3)
    words = [Prediction("a", {"a": 0.6, "b": 0.4}), Prediction("b", {"a": 0.4, "b": 0.6})]
    assert precision.share_equal(words, words[::-1]) == 0.0
    assert precision.share_equal(words, [replace(one, probabilities={}) for one in words]) == 1.0
