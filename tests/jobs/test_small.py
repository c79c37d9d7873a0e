"""Small models of a large one: which sizes are tried, what is made, and how they are compared."""

import json

import numpy as np
import pytest
from transformers import AutoModel

from polydistill.jobs.shrinking import evenly
from polydistill.jobs.small import small
from polydistill.jobs.written import bytes_of
from polydistill.reports.pareto import Point, Shrunk, points_grid, points_plot
from polydistill.serving.vectors import open_vectors
from tiny import tiny_network, tiny_tokenizer

TEXT = {"en": "world:?rows=40", "tr": "world:?rows=40"}
QUICK = {"steps": 2, "batch_size": 4, "max_length": 32, "rows": 8, "test": "world:?rows=12&split=test"}
PAIRS = ["en-tr=world:?rows=40"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "encoder"
    AutoModel.from_config(tiny_network(blocks=4).config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def point(name, size, score, speed=100.0):
    return Point(
        name=name, folder=f"{name}/int8", blocks=2, pieces=9, size=size, rows_a_second=speed, latency=0.001,
        scores={"tr": score, "de": score}, agreement=0.9,
    )  # fmt: skip


@pytest.mark.slow
def test_an_encoder_of_vectors(encoder, tmp_path):
    made = small(encoder, "en,tr", TEXT, parallel=PAIRS, depth="1,2", pieces=150, out=tmp_path / "small", **QUICK)
    assert [one.name for one in made.points] == ["the large one", "1-blocks-150-pieces", "2-blocks-150-pieces"]
    assert [(one.blocks, one.pieces) for one in made.points] == [(4, 300), (1, 150), (2, 150)]
    assert made.points[0].agreement == pytest.approx(1, abs=0.01)
    assert made.points[1].size < made.points[2].size < made.points[0].size
    for one in made.points[1:]:  # both folders can be taken
        exact, whole = (open_vectors(tmp_path / "small" / one.name / place) for place in ("run", "int8"))
        said, again = exact.vectors(["A dog sleeps."], 1), whole.vectors(["A dog sleeps."], 1)
        assert float((said * again).sum()) > 0.98
        assert said.shape == (1, 16)
    stored = json.loads((tmp_path / "small" / "small.json").read_text())
    assert stored == json.loads(made.model_dump_json())
    assert "<svg" in (tmp_path / "small" / "small.html").read_text()
    before = (tmp_path / "small" / "1-blocks-150-pieces" / "int8" / "onnx" / "model.onnx").stat().st_mtime_ns
    again = small(encoder, "en,tr", TEXT, parallel=PAIRS, depth=1, pieces=150, out=tmp_path / "small", **QUICK)
    assert (tmp_path / "small" / "1-blocks-150-pieces" / "int8" / "onnx" / "model.onnx").stat().st_mtime_ns == before
    assert again.points[1].scores == made.points[1].scores


@pytest.mark.slow
def test_three_languages_learn_from_a_batch_that_is_shared_evenly(encoder, tmp_path):
    codes = ("en", "de", "fr", "tr")
    texts, pairs = dict.fromkeys(codes, "world:?rows=20"), [f"en-{code}=world:?rows=40" for code in codes[1:]]
    usual = {name: value for name, value in QUICK.items() if name != "batch_size"}
    small(encoder, codes, texts, parallel=pairs, depth=1, pieces=200, out=tmp_path / "small", **usual)
    run = json.loads((tmp_path / "small" / "1-blocks-200-pieces" / "run" / "run.json").read_text())
    assert run["training"]["batch_size"] == 30


@pytest.mark.slow
def test_a_classifier(tmp_path):
    tiny_network(blocks=3).float().save_pretrained(tmp_path / "tuned")
    tiny_tokenizer().save_pretrained(tmp_path / "tuned")
    made = small(tmp_path / "tuned", "en,tr", TEXT, depth=2, pieces=200, out=tmp_path / "small", **QUICK)
    assert [(one.blocks, one.pieces) for one in made.points] == [(3, 300), (2, 200)]
    assert set(made.points[1].scores) == {"en", "tr"}
    assert made.points[0].agreement > 0.9
    assert made.measure == "The accuracy of the task"


def test_what_cannot_be_made_smaller_is_refused(encoder, tmp_path):
    tiny_network(head="mlm").float().save_pretrained(tmp_path / "words")
    tiny_tokenizer().save_pretrained(tmp_path / "words")
    for error, options in {
        "a sentence encoder teaches its vectors of translations": {},
        "depth is 9; .* has 4 blocks, so 1 to 4 can be tried": {"parallel": PAIRS, "depth": 9},
        "No try fits into 20,000 bytes: 1 blocks are larger": {"parallel": PAIRS, "budget": "20KB"},
        "predicts hidden words": {"model": tmp_path / "words"},
        "budget is '15 apples'; expected a size such as 15MB": {"budget": "15 apples"},
    }.items():
        asked = {"model": encoder, "langs": "en,tr", "text": TEXT, "out": tmp_path / "small", **QUICK, **options}
        with pytest.raises(ValueError, match=f"(?i){error}"):
            small(**asked)
    assert not (tmp_path / "small").exists()


def test_blocks_are_taken_evenly():
    assert evenly(4, 12) == {1: 3, 2: 6, 3: 9, 4: 12}
    assert evenly(2, 3) == {1: 2, 2: 3}
    assert list(evenly(5, 12).values()) == [2, 5, 7, 10, 12]


def test_sizes():
    assert [bytes_of("budget", one) for one in ("15MB", "1.5 kb", 7, "2GB")] == [15_000_000, 1500, 7, 2_000_000_000]


def test_the_best_are_beaten_by_none():
    large = point("large", 100, 0.9)
    some = (point("a", 10, 0.5), point("b", 20, 0.7, 400), point("c", 30, 0.6), point("d", 40, 0.8))
    found = Shrunk(model="m", measure="Accuracy", budget=25_000_000, points=(large, *some))
    assert [one.name for one in found.best] == ["a", "b", "d"]
    grid = points_grid(found)
    row = dict(zip(grid.columns, grid.rows[2], strict=True))
    assert (row["model"], row["times"], row["% of it"], row["tr"]) == ("b *", "4.0", "77.8", "70.0")
    drawn = points_plot(found).figure.axes[0]
    np.testing.assert_allclose(drawn.lines[2].get_xydata()[:, 1], [50, 70, 60, 80])
