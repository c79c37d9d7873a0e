"""Which stored runs count as one system: those that differ in nothing but their seed."""

import json

import numpy as np
import pytest

from polydistill.data.rows.sources import WorldSource
from polydistill.errors import DataError
from polydistill.methods.pretraining import PretrainSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.reports.page import Grid, Picture
from polydistill.reports.stored import found_runs, sections
from polydistill.results import RUN_FILE, RunResult, entity_score, save_result, score_of
from polydistill.starts.origins import Fresh
from polydistill.training.predictions import PREDICTIONS, Predictions, Said, Seen
from polydistill.training.run import Cut, ResultOf, Run
from polydistill.training.settings import Training
from polydistill.training.store import LOG

ROWS = WorldSource(rows=9)


def keep(root, seed, right, pairs=0.6, world=0, cut=False, scores=None):
    """A run's folder as it is when the run is done, with so many of four rows right."""
    polyglot = Run(
        name="polyglot",
        method=PretrainSpec(languages=("en", "tr"), data=ROWS, pairs=pairs),
        start=Fresh(),
        training=Training(steps=1),
        seed=seed,
    )
    run = Run(
        name="Baseline",
        method=TuneSpec(languages=("en",), data=WorldSource(rows=9, seed=world)),
        start=Cut(of=ResultOf(run=polyglot), depth=2) if cut else ResultOf(run=polyglot),
        training=Training(steps=1),
        seed=seed,
    )
    folder = root / f"tune-{pairs}-{world}-{seed}"
    folder.mkdir(parents=True)
    (folder / RUN_FILE).write_text(run.model_dump_json())
    record = {"data_fingerprint": "", "model_fingerprint": "", "seconds": 0, "versions": {}}
    scores = scores or (score_of("en", np.arange(4) < right),)
    result = RunResult(
        run_id=folder.name, name=run.name, seed=seed, scores=scores, labels_seen=("en",), selected_on=(), **record
    )
    save_result(folder, result)


def scores_in(root):
    grids = [part for part in sections(found_runs(root)) if isinstance(part, Grid)]
    return [grid for grid in grids if grid.heading.startswith("Scores")]


def rows_of(root):
    (scores,) = scores_in(root)
    english, seeds = scores.columns.index("en"), scores.columns.index("seeds")
    return {row[0]: (row[seeds], row[english]) for row in scores.rows}


def test_seeds_of_one_system_are_averaged(tmp_path):
    for seed, right in enumerate((1, 2, 3)):
        keep(tmp_path, seed, right)
    assert rows_of(tmp_path) == {"Baseline": ("0, 1, 2", "50.0 ± 25.0")}


def test_seeds_of_what_is_cut_from_another_run_are_averaged(tmp_path):
    for seed, right in enumerate((1, 3)):
        keep(tmp_path, seed, right, cut=True)
    assert rows_of(tmp_path) == {"Baseline": ("0, 1", "50.0 ± 35.4")}


def test_each_metric_has_a_table_and_a_picture_of_its_own(tmp_path):
    keep(tmp_path, 0, 1)
    keep(tmp_path, 0, 1, world=1, scores=(entity_score("en", np.array([[1, 1, 1], [0, 0, 2]])),))
    parts = sections(found_runs(tmp_path))
    grids = scores_in(tmp_path)
    assert [grid.heading for grid in grids] == ["Scores (accuracy, test)", "Scores (f1, test)"]
    assert [grid.rows[0][1] for grid in grids] == ["25.0", "50.0"]
    bars = [part for part in parts if isinstance(part, Picture)]
    assert [part.heading for part in bars] == ["Accuracy (test)", "F1 (test)"]
    assert [part.plot.figure.axes[0].get_ylabel() for part in bars] == ["Accuracy (%)", "F1 (%)"]


@pytest.mark.parametrize("other", [{"pairs": 0.0}, {"world": 1}])
def test_systems_of_one_name_stay_apart(tmp_path, other):
    for seed in (0, 1):
        keep(tmp_path, seed, 1)
        keep(tmp_path, seed, 3, **other)
    rows = rows_of(tmp_path)
    assert len(rows) == 2
    assert {seeds for seeds, _ in rows.values()} == {"0, 1"}
    assert sorted(mean for _, mean in rows.values()) == ["25.0 ± 0.0", "75.0 ± 0.0"]


def test_a_result_without_its_run_stands_alone(tmp_path):
    for seed in (0, 1):
        keep(tmp_path, seed, 1)
    for file in tmp_path.glob(f"*/{RUN_FILE}"):
        file.unlink()
    assert [seeds for seeds, _ in rows_of(tmp_path).values()] == ["0", "1"]


def test_a_page_says_what_each_system_was_given(tmp_path):
    both = (score_of("en", np.arange(4) < 1), score_of("tr", np.arange(4) < 2))
    keep(tmp_path, 0, 1, scores=both)
    (grid,) = scores_in(tmp_path)
    assert grid.columns == ("system", "en", "tr", "mean of 2", "seeds", "labels seen", "selected on")
    assert grid.rows == [("Baseline", "25.0", "50.0°", "37.5", "0", "en", "nothing")]


@pytest.mark.parametrize("name", [RUN_FILE, LOG, PREDICTIONS, "answers.json"])
@pytest.mark.parametrize("content", [b"{", b"\xff", b"5", b""])
def test_a_damaged_file_of_a_run_is_named(tmp_path, name, content):
    keep(tmp_path, 0, 1)
    (folder,) = tmp_path.iterdir()
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}: found \w+: .*Remove it"):
        sections(found_runs(folder))


def test_a_page_of_one_run_has_its_rows_its_curves_and_what_it_took(tmp_path):
    keep(tmp_path, 0, 1)
    (folder,) = tmp_path.iterdir()
    said = Seen(row=0, texts=("t",), gold="yes", after=Said(answer="no", share=0.9, right=False))
    rows = Predictions(columns=("text",), labels=("yes", "no"), data_fingerprint="", of={"en": 4}, rows={"en": (said,)})
    (folder / PREDICTIONS).write_text(rows.model_dump_json())
    (folder / "answers.json").write_text(json.dumps({"tr": {"yes": 0.25, "no": 0.75}}))
    scores = [{"eval_score": at / 10, "eval_accuracy_en": at / 10} for at in (3, 6, 5)]
    lines = [{"step": 5 * at, "task": 1.0 / at, **score} for at, score in enumerate(scores, 1)]
    (folder / LOG).write_text(json.dumps(lines))
    parts = sections(found_runs(folder))
    assert [part.heading for part in parts] == [
        "In short",
        "Languages, the hardest first",
        "What is taken for what",
        "Row by row",
        "The teacher's answers",
        "Dev scores: Baseline, seed 0",
        "Loss: Baseline, seed 0",
        "Resources used",
        "Record: Baseline, seed 0",
    ]
    assert parts[5].caption == "accuracy by language. The weights of step 10 were kept."
    assert parts[7].rows[0][:4] == ("Baseline, seed 0", "0 s", "–", "1 of 8 rows")
    # a page of several runs compares them, and leaves the rows to their own pages
    keep(tmp_path, 1, 1)
    assert "Row by row" not in [part.heading for part in sections(found_runs(tmp_path))]
