"""Errors as scores: the lower is the better in cells, means, tests, claims, pages and lists."""

import numpy as np
import pytest

from polydistill import listing
from polydistill.cli.scores import show_scores
from polydistill.papers.claims import Claim
from polydistill.papers.columns import Column
from polydistill.papers.published import Layout, PublishedRow
from polydistill.papers.rendering import notes, to_markdown
from polydistill.papers.table import Entry, EntryGroup, Table, build_table
from polydistill.papers.wording import claim_text
from polydistill.reports.plots import score_bars
from polydistill.reports.significance import compare, corrected, paired_bootstrap
from polydistill.results import RUN_FILE, error_score, save_result, score_of

SEEDS = (0, 1, 2)
COLUMNS = tuple(Column(name=f"MAE {code}", language=code, metric="mae") for code in ("tr", "sw"))
GOOD, BAD = (40, 42, 41), (80, 83, 79)


@pytest.fixture
def runs(make_run):
    """One run a seed whose errors of 100 rows add up to so many stars in each language, accuracy beside them."""

    def make(name, totals, codes=("tr", "sw")):
        return [_scored(make_run(name, dict.fromkeys(codes, 50), seed), total) for seed, total in enumerate(totals)]

    return make


def _scored(run, total):
    generator = np.random.default_rng([run.seed, total])
    errors = []
    for score in run.scores:
        given = np.bincount(generator.integers(0, 100, total), minlength=100)
        errors.append(error_score(score.language, given, data_fingerprint="rows"))
    return run.model_copy(update={"scores": (*run.scores, *errors)})


def table(entries, **layout):
    layout = Layout(columns=COLUMNS, average_over=tuple(column.name for column in COLUMNS), **layout)
    return build_table("t/1", "t", [EntryGroup("g", entries)], entries[-1].name, metric="mae", layout=layout)


def test_the_verdict_is_better_where_the_error_is_lower():
    found = compare(dict(enumerate((0.40, 0.42, 0.41))), dict(enumerate((0.80, 0.83, 0.79))), lower=True)
    assert found.difference == pytest.approx(-0.3966666) and found.high < 0
    assert (found.verdict, found.advantage) == ("better", pytest.approx(0.3966666))
    assert compare({0: 0.8, 1: 0.8301}, {0: 0.4, 1: 0.4302}, lower=True).verdict == "worse"
    assert [one.verdict for one in corrected([found, found])] == ["better", "better"]
    plain = compare({0: 0.8, 1: 0.8301}, {0: 0.4, 1: 0.4302})
    assert plain.verdict == "better" and "lower" not in plain.model_dump()


def test_cells_and_means_over_seeds(runs):
    found = table([Entry("MBLM", runs("MBLM", GOOD)), Entry("MonoKD", runs("MonoKD", BAD))])
    row = found.groups[0].rows[0]
    assert row.cells["MAE tr"].mean == row.average.mean == pytest.approx(41)
    assert {cell.comparison.verdict for cell in (*row.cells.values(), row.average)} == {"better"}
    assert row.average.comparison.difference == pytest.approx(-39.6666666)
    assert "41.0 ± 1.0°↑" in to_markdown(found)
    assert Table.model_validate_json(found.model_dump_json(indent=2)) == found
    assert notes(found)[0] == "Mae in points. Mae is the mean absolute error x 100: the lower the better."


def test_one_seed_is_compared_by_the_error_of_each_row(runs):
    better, worse = runs("MBLM", (40,)), runs("MonoKD", (90,))
    found = table([Entry("MBLM", better), Entry("MonoKD", worse)]).groups[0].rows[0]
    errors = [run[0].by_language("mae")["tr"].distances for run in (better, worse)]
    wanted = paired_bootstrap(*errors)
    cell = found.cells["MAE tr"].comparison
    assert (cell.difference, cell.low, cell.high) == pytest.approx(
        tuple(100 * value for value in (wanted.difference, wanted.low, wanted.high))
    )
    assert (cell.test, cell.difference) == ("paired bootstrap over examples, one seed", pytest.approx(-50))
    assert cell.verdict == found.average.comparison.verdict == "better"
    unstored = [run.model_copy(update={"scores": _without_errors(run)}) for run in better]
    again = table([Entry("MBLM", unstored), Entry("MonoKD", worse)]).groups[0].rows[0]
    assert again.cells["MAE tr"].comparison is None


def _without_errors(run):
    return tuple(score.model_copy(update={"errors": None}) for score in run.scores)


def test_a_claim_holds_where_the_error_is_lower(runs):
    claims = tuple(
        Claim(better=(one,), than=(other,), quote=f"{one} is best.", section="5")
        for one, other in (("MBLM", "MonoKD"), ("MonoKD", "MBLM"))
    )
    printed = [PublishedRow(name=name, labels_seen=(), scores={}, average=mae) for name, mae in NAMED.items()]
    entries = [Entry(row.name, runs(row.name, totals), row) for row, totals in zip(printed, (GOOD, BAD), strict=True)]
    held, refuted = table(entries, claims=claims).claims
    assert (held.finding, refuted.finding) == ("reproduced", "not reproduced")
    rows = tuple(NAMED)
    assert claim_text(held, rows).startswith(
        "Claim reproduced: MBLM below MonoKD in the average (paper: -11.8). Ours: -39.7 ["
    )
    untested = table([Entry(row.name, (), row) for row in printed], claims=claims).claims[0]
    assert claim_text(untested, rows).startswith("Claim not tested: MBLM below MonoKD in the average (paper: -11.8).")


NAMED = {"MBLM": 51.87, "MonoKD": 63.65}


def test_a_mean_over_errors_and_shares_is_refused(runs):
    columns = (*COLUMNS, Column(name="acc tr", language="tr", metric="accuracy"))
    layout = Layout(columns=columns, average_over=("MAE tr", "acc tr"))
    groups = [EntryGroup("g", [Entry("MBLM", runs("MBLM", GOOD))])]
    with pytest.raises(ValueError, match=r"MAE tr \(mae\), acc tr \(accuracy\) are taken together"):
        build_table("t/1", "t", groups, layout=layout)
    both = build_table("t/1", "t", groups, layout=Layout(columns=columns))
    assert [cell.mean for cell in both.groups[0].rows[0].cells.values()] == pytest.approx([41, 41, 50])
    assert "Mae, accuracy in points. Mae is the mean" in notes(both)[0]


def test_bars_of_errors_have_no_percent_and_may_pass_one():
    plot = score_bars({"MBLM": {"en": 0.4, "ja": 1.5}}, metric="mae")
    axes = plot.figure.axes[0]
    assert axes.get_ylim()[1] > 150
    assert axes.get_ylabel() == "Mae x 100, lower is better"
    assert "MBLM 95.0." in plot.alt and "%" not in plot.alt


def test_the_terminal_shows_a_column_a_metric(runs, capsys):
    (run,) = runs("MBLM", (150,))
    show_scores(run.scores)
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["language", "accuracy", "mae", "x", "100", "rows"] in shown
    assert ["tr", "Turkish", "50.0", "150.0", "100"] in shown
    assert ["mean", "of", "2", "50.0", "150.0"] in shown


def test_a_list_of_runs_means_shares_and_not_errors(runs, tmp_path):
    (run,) = runs("MBLM", (150,))
    save_result(tmp_path / "tune-0123456789abcdef", run)
    (tmp_path / "tune-0123456789abcdef" / RUN_FILE).write_text("{}")
    assert [row[4] for row in listing("runs", tmp_path).rows] == ["50.0 over 2"]


def test_an_error_keeps_that_of_each_row():
    score = error_score("tr", np.array([0, 4, 1, 1]))
    assert (score.value, score.errors, score.examples) == (1.5, "0411", 4)
    np.testing.assert_array_equal(score.distances, [0, 4, 1, 1])
    assert score_of("tr", np.array([True])).distances is None
    assert "errors" not in score_of("tr", np.array([True])).model_dump()
    with pytest.raises(ValueError, match="No examples to score"):
        error_score("tr", np.array([], dtype=np.int64))
    with pytest.raises(ValueError, match=r"but the errors' mean is 1\.5"):
        score.model_validate({**score.model_dump(), "value": 1.0})
    with pytest.raises(ValueError, match="errors has 4 digits; expected one for each of 5"):
        score.model_validate({**score.model_dump(), "examples": 5})
