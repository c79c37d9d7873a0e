"""The ledger of claims: one row each, from stored tables, with the paper's figure and a decision."""

import json

import pytest
from scipy import stats

from polydistill.errors import DataError
from polydistill.papers.ledger import counted, ledger, to_markdown
from polydistill.papers.published import PAPERS, published_paper, published_table
from polydistill.papers.table import Entry, EntryGroup, build_table
from polydistill.papers.xd.tables import table as recipe

GROUP = "XLM MLM+TLM"


def stored(folder, make_run, right, claims, setting="world", name="xd-3"):
    """Table xd/3 with so many of 100 right in English, by row and seed."""
    runs = {
        row: [make_run(row, {"en": one, "sw": one}, seed) for seed, one in enumerate(by_seed)]
        for row, by_seed in right.items()
    }
    printed = published_table("xd/3").group(GROUP)
    entries = [Entry(row, made, printed.row(row)) for row, made in runs.items()]
    layout = recipe(3, "world").layout if claims else None
    made = build_table("xd/3", "t", [EntryGroup(GROUP, entries)], "Baseline", setting=setting, layout=layout)
    (folder / f"{name}.json").write_text(made.model_dump_json())
    return {entry.claim: entry for entry in ledger(folder) if entry.table == "xd/3" and entry.claim.startswith(GROUP)}


RIGHT = {"Baseline": (50, 51, 52), "MLT": (70, 71, 72), "XD": (80, 82, 81)}


@pytest.mark.parametrize("claims", [True, False])
def test_a_claim_is_decided_by_the_stored_table(tmp_path, make_run, claims):
    found = stored(tmp_path, make_run, RIGHT, claims)
    better, behind = found[f"{GROUP}: XD above Baseline in the average"], found[f"{GROUP}: MLT above XD in the average"]
    assert (better.decision, better.printed, better.seeds) == ("reproduced", "+3.2", 3)
    assert better.ours.startswith("+30.0 [")
    assert (behind.decision, behind.printed) == ("not reproduced", "+1.0")
    assert "5e-4" in behind.cause and not better.cause
    assert found[f"{GROUP}: XD above IndT in the average"].decided == "undecided (not tested)"


def test_a_real_result_stands_before_that_of_the_mini_world(tmp_path, make_run):
    """Both are counted, and a cause that was found in the mini-world is said of the mini-world."""
    stored(tmp_path, make_run, RIGHT, True, "mini-world NLI (world scale)")
    stored(tmp_path, make_run, {**RIGHT, "XD": (40, 42, 41)}, True, "XNLI (real scale)", "xd-3-real")
    mine = [entry for entry in ledger(tmp_path) if entry.table == "xd/3"]
    better = [one for one in mine if one.claim == f"{GROUP}: XD above Baseline in the average"]
    assert [(one.scale, one.decision) for one in better] == [("real", "not reproduced"), ("world", "reproduced")]
    assert {one.scale for one in mine if one.cause} == {"world"}
    assert counted(mine).startswith("real: 5 claims, ") and "; world: 5 claims, " in counted(mine)
    page = to_markdown(mine)
    assert 0 < page.index("Ours: XNLI (real scale).") < page.index("Ours: mini-world NLI (world scale).")
    assert page.count("## xd/3") == 1


def test_one_seed_is_said_to_be_one(tmp_path, make_run):
    found = stored(tmp_path, make_run, {"Baseline": (50,), "XD": (51,)}, True)
    assert found[f"{GROUP}: XD above Baseline in the average"].decided == "undecided (one seed, whose rows do not tell)"


def test_means_without_their_seeds_are_compared_by_welch(tmp_path, make_run):
    (entry,) = (one for claim, one in stored(tmp_path, make_run, RIGHT, False).items() if "XD above Baseline" in claim)
    known = stats.ttest_ind([0.80, 0.82, 0.81], [0.50, 0.51, 0.52], equal_var=False)
    low, high = known.confidence_interval(0.95)
    assert entry.ours == f"+30.0 [{100 * low:+.1f}, {100 * high:+.1f}]"
    assert entry.test == "Welch's t test of stored means"


def test_what_is_undecided_says_how_many_seeds_would_tell(tmp_path, make_run):
    found = stored(tmp_path, make_run, {"Baseline": (50, 56, 49), "XD": (53, 51, 55)}, True)
    entry = found[f"{GROUP}: XD above Baseline in the average"]
    assert entry.decision == "undecided" and entry.needed is not None and entry.needed > 3
    said = f"about {entry.needed}" if entry.needed <= 200 else "over 200"
    assert entry.decided == f"undecided ({said} seeds would tell)"


def test_every_claim_has_a_row_with_the_papers_figure(tmp_path, make_run):
    stored(tmp_path, make_run, RIGHT, True)
    (tmp_path / "points.json").write_text(json.dumps({"points": [1, 2]}))
    entries = ledger(tmp_path)
    tables = [table for paper in PAPERS for table in published_paper(paper).tables]
    assert len(entries) == sum(len(table.claims) for table in tables)
    missing = [entry for entry in entries if entry.decision == "not run"]
    assert len(missing) == len(entries) - len(published_table("xd/3").claims)
    assert all(entry.quote in to_markdown(entries) for entry in entries)
    assert next(entry.printed for entry in missing if entry.table == "xd/2") == "+5.9"


def test_a_folder_without_tables_says_what_belongs_there(tmp_path):
    with pytest.raises(DataError, match="--json"):
        ledger(tmp_path)


@pytest.mark.parametrize("id", [f"xd/{number}" for number in (2, 3, 4, 5, 6)])
def test_what_xd_claims_holds_in_its_own_numbers(id):
    table = published_table(id)
    assert table.claims
    for claim in table.claims:
        rows = {row.name: row.cells for row in table.group(claim.group).rows}
        for pair in claim.pairs:
            assert rows[pair.better][pair.on] > rows[pair.than][pair.than_on], (claim.quote, pair)


def test_claims_speak_of_the_language_that_stands_for_urdu():
    claims = recipe(4, "world").layout.claims
    assert [claim.group for claim in claims][2] == "XLM MLM, l2 = tr"
    assert recipe(4, "paper").layout.claims == published_table("xd/4").claims
    assert recipe(2, "world").layout.claims[5].on == ("tr",)
