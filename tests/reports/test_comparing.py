"""Runs beside the first one: tests by language and over all, and what changed on which rows."""

import numpy as np
import pytest

import polydistill as package
from polydistill.reports.comparing import Side, changed, compared, side
from polydistill.reports.page import Grid
from polydistill.reports.rows import Rows
from polydistill.reports.significance import mcnemar, paired_t
from polydistill.results import save_result
from polydistill.training.predictions import PREDICTIONS, Predictions, Said, Seen


def kept(answers):
    rows = tuple(
        Seen(row=at, texts=("t",), gold="yes", after=Said(answer=one, share=0.5, right=one == "yes"))
        for at, one in enumerate(answers)
    )
    return Predictions(columns=("text",), data_fingerprint="rows", of={"tr": len(rows)}, rows={"tr": rows})


def system(make_run, name, right, seeds=(0,), answers=None):
    return Side(name, {seed: make_run(name, right, seed) for seed in seeds}, answers and kept(answers))


def test_one_seed_each_is_tested_over_rows(make_run):
    first, other = (system(make_run, name, {"en": 80, "tr": right}) for name, right in (("a", 50), ("b", 75)))
    found = compared([first, other])
    (beside,) = found.others
    english, turkish = beside.by_language
    assert (turkish.first, turkish.other, turkish.test.difference) == (50.0, 75.0, 25.0)
    hits = [one.runs[0].by_language()["tr"].correct for one in (other, first)]
    assert turkish.test.p == pytest.approx(min(1.0, 2 * mcnemar(*hits)))  # Holm: the smaller of two
    assert turkish.test.verdict == "better"
    assert english.test.verdict == "within noise"
    assert (beside.mean.first, beside.mean.other) == (65.0, 77.5)
    assert (found.metric, found.split, beside.seeds) == ("accuracy", "test", (0,))


def test_several_seeds_are_tested_over_seeds(make_run):
    first = system(make_run, "a", {"tr": 50}, (0, 1, 2))
    runs = {seed: make_run("b", {"tr": right}, seed) for seed, right in ((0, 60), (1, 65), (2, 61))}
    (beside,) = compared([first, Side("b", runs, None)]).others
    wanted = paired_t([60, 65, 61], [50, 50, 50])
    assert beside.seeds == (0, 1, 2)
    assert beside.mean.test.p == pytest.approx(wanted.p)
    assert (beside.mean.test.low, beside.mean.test.high) == pytest.approx((wanted.low, wanted.high))


def test_other_rows_are_not_tested(make_run):
    first = system(make_run, "a", {"tr": 50})
    other = Side("b", {0: make_run("b", {"tr": 70}, data_fingerprint="others")}, None)
    (beside,) = compared([first, other]).others
    assert beside.by_language[0].test is None
    assert (beside.by_language[0].first, beside.by_language[0].other) == (50.0, 70.0)


def test_nothing_in_common_is_refused(make_run):
    with pytest.raises(ValueError, match="there is nothing to compare"):
        compared([system(make_run, "a", {"tr": 50}), system(make_run, "b", {"sw": 50})])
    with pytest.raises(ValueError, match="Unknown metric of a 'f1'"):
        compared([system(make_run, "a", {"tr": 50}), system(make_run, "b", {"tr": 50})], "f1")


def test_rows_that_changed(make_run):
    first = system(make_run, "a", {"tr": 50}, answers=("yes", "no", "yes", "no"))
    other = system(make_run, "b", {"tr": 50}, answers=("yes", "yes", "no", "no"))
    moved, rows = changed([first, other])
    assert isinstance(moved, Grid)
    assert moved.rows == [("Turkish (tr)", "1", "1", "1", "1")]
    assert isinstance(rows, Rows)
    assert [[said.answer for said in row.said] for row in rows.rows][1] == ["no", "yes"]
    (why,) = changed([first, system(make_run, "b", {"tr": 50})])
    assert "have kept rows of the same test" in why.text


def test_the_job_writes_a_page(make_run, tmp_path):
    for name, right in (("a", 50), ("b", 75)):
        save_result(tmp_path / name, make_run(name, {"tr": right}))
        (tmp_path / name / PREDICTIONS).write_text(kept(("yes", "no")).model_dump_json())
    found = package.compare([tmp_path / "a", tmp_path / "b"], out=tmp_path / "page.html")
    assert found.others[0].by_language[0].test.verdict == "better"
    page = (tmp_path / "page.html").read_text()
    assert "became right" in page
    assert "script-src 'sha256-" in page
    with pytest.raises(ValueError, match="takes two runs or more, not 1"):
        package.compare([tmp_path / "a"])
    with pytest.raises(ValueError, match="called alike"):
        package.compare([tmp_path / "a", tmp_path / "a"])


def test_a_folder_of_several_systems_is_refused(make_run, tmp_path):
    for name in ("a", "b"):
        save_result(tmp_path / "runs" / name, make_run(name, {"tr": 50}))
    with pytest.raises(ValueError, match="Name one run each"):
        side("runs", tmp_path / "runs")
    assert np.isclose(side("a", tmp_path / "runs" / "a").runs[0].by_language()["tr"].value, 0.5)
