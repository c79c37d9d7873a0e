import json
import subprocess
import sys
from pathlib import Path

import pytest

import polydistill as pd
from polydistill import api
from polydistill.data.rows.sources import FileSource
from polydistill.papers.published import published_paper


def test_what_the_package_exports_is_the_api():
    """One list, from which run time, `dir()` and type checkers read."""
    assert set(pd.__all__) == {name for name in vars(api) if not name.startswith("_")}
    assert all(getattr(pd, name) is getattr(api, name) for name in pd.__all__)
    assert set(pd.__all__) <= set(dir(pd))


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match=r"no attribute 'tun'.*tune"):
        _ = pd.tun


def test_the_import_is_quick_and_loads_nothing_heavy():
    code = "import sys, polydistill; sys.exit(any(name in sys.modules for name in ('torch', 'datasets', 'pydantic')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_tune_then_distil_then_use(own_model, work):
    tuned = pd.tune(own_model, "file:rows.jsonl", ["en"], out="tuned", steps=2, batch_size=4, test="file:rows.jsonl")
    assert tuned.run.training.learning_rate == 2e-5
    assert [score.language for score in tuned.result.scores] == ["en"]
    done = pd.xd(tuned.folder, out="turkish", parallel={"tr": ["text.en", "text.tr"]}, steps=2)
    assert done.run.start.name == "tuned/model"
    assert done.run.name == "xd en+tr on tuned"
    scores = pd.evaluate(done.model, FileSource(path="rows.jsonl"), ["en", "tr"])
    assert [(score.language, score.examples) for score in scores] == [("en", 12), ("tr", 12)]
    assert pd.run("turkish/run.json", out="turkish").result == done.result
    assert pd.report("turkish", "page.html").is_file()


def test_predict_reads_pairs_and_mappings_alike_and_in_order(own_model):
    loaded = pd.load(own_model)
    table = pd.world_rows(["en"], 300).rows["en"]  # more than are read at once
    pairs = list(zip(table["premise"], table["hypothesis"], strict=True))
    said = list(pd.predict(loaded, iter(pairs)))
    again = list(pd.predict(loaded, [{"premise": one, "hypothesis": other} for one, other in pairs[290:]]))
    assert len(said) == 300
    for one, other in zip(said[290:], again, strict=True):
        assert one.label == other.label
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    assert len({round(one.probabilities["neutral"], 6) for one in said}) > 50


@pytest.mark.parametrize("row", ["text", ("one",), ("one", "two", "three"), ("one", 2), {"premise": "one"}])
def test_predict_refuses_other_rows(own_model, row):
    with pytest.raises(ValueError, match=r"expected texts for premise, hypothesis"):
        list(pd.predict(own_model, [row]))


def test_predict_reads_texts_and_files_as_the_command_does(own_model, work):
    loaded = pd.load(own_model)
    (one,) = pd.predict(loaded, premise="A dog runs.", hypothesis="An animal runs.")
    told = pd.predict(loaded, [("A dog runs.", "An animal runs.")], out="one.jsonl")
    assert list(told) == []
    written = json.loads(told.out.read_text())
    assert written["premise"] == "A dog runs."
    assert (written["predicted"], written["probabilities"]) == (one.label, one.probabilities)
    again = pd.predict(loaded, input="rows.jsonl", out="rows.out.jsonl", skip_bad=True)
    assert len(again.out.read_text().splitlines()) + again.left_out.count == len(
        Path("rows.jsonl").read_text().splitlines()
    )
    with pytest.raises(ValueError, match="not both"):
        pd.predict(loaded, [("A", "B")], input="rows.jsonl")


def test_predict_leaves_the_model_and_nothing_learns(own_model):
    loaded = pd.load(own_model)
    before = {name: value.clone() for name, value in loaded.network.state_dict().items()}
    list(pd.predict(loaded, [("A", "B")]))
    assert all(value.equal(before[name]) for name, value in loaded.network.state_dict().items())


def test_world_rows():
    corpus = pd.world_rows(["en", "sw"], 6, split="test", seed=3)
    assert corpus.counts == {"en": 6, "sw": 6}
    assert corpus.rows["en"]["label"] == corpus.rows["sw"]["label"]


def test_tables_and_plans():
    assert list(pd.tables())[:5] == ["xd/2", "xd/3", "xd/4", "xd/5", "xd/6"]
    assert {table.id for table in published_paper("mono").tables} <= set(pd.tables())
    assert pd.table("xd/5", "paper", 2, plan=True).runs == 12
    with pytest.raises(ValueError, match=r"Unknown table 'xd/1'"):
        pd.table("xd/1", plan=True)
