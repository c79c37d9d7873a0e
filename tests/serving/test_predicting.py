"""Both back-ends say the same of the same rows, in order, and no more rows are read than a window holds."""

import shutil
import sys

import numpy as np
import pytest

import polydistill as pd
from loaded import loaded_by
from polydistill.data.rows.sources import WorldSource
from polydistill.defaults import MAX_LENGTH
from polydistill.errors import DataError
from polydistill.models.loaded import Loaded
from polydistill.serving import onnx_student
from polydistill.serving.predicting import answered
from polydistill.serving.reader import Reader, open_reader
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
    with pytest.raises(ValueError, match=r"window is 0; expected at least 1 row"):
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
