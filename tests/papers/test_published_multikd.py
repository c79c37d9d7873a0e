"""The tables of the MultiKD paper, as printed."""

import pytest

from polydistill.papers.published import published_paper, published_table

PAPER = published_paper("multikd")
SUPERVISED = ("en", "fr", "zh")
ROWS = [(table, group, row) for table in PAPER.tables for group in table.groups for row in group.rows]
MBERT, XLMR = "mBERT-based model", "XLM-R base-based model"


def test_all_tables_are_whole():
    counts = {table.id: [[len(row.cells) for row in group.rows] for group in table.groups] for table in PAPER.tables}
    assert counts == {
        "multikd/2": [[4, 4]],
        "multikd/3": [[18] * 4, [18] * 4],
        "multikd/4": [[9] * 4, [9] * 4],
        "multikd/5": [[3] * 8],
        "multikd/6": [[3] * 3],
        "multikd/figure5": [[0] * 7],
        "multikd/7": [[18] * 4, [18] * 4],
        "multikd/8": [[9] * 4],
    }


def test_every_mean_agrees_with_its_cells_or_is_a_listed_exception():
    listed = {(one.table, one.group, one.row, one.column): one for one in PAPER.exceptions}
    found = set()
    for table, group, row in ROWS:
        codes = [name for name in row.scores if len(name) == 2]
        over = {
            "AVG(S)": SUPERVISED,
            "AVG(Z)": [code for code in codes if code not in SUPERVISED],
            "average": codes,
        }
        for name, cells in over.items():
            if not codes or name not in row.cells:
                continue
            mean = sum(row.scores[code] for code in cells) / len(cells)
            if abs(mean - row.cells[name]) > 0.01 + 1e-4:  # cells and means have two decimals
                found.add((table.id, group.name, row.name, name))
                one = listed[table.id, group.name, row.name, name]
                assert (one.printed, one.computed) == (row.cells[name], pytest.approx(mean, abs=0.005))
    assert found == listed.keys()


def test_tables_that_repeat_each_other_agree():
    dev = published_table("multikd/7").group(MBERT)
    ablations, sizes = (published_table(f"multikd/{number}").group(MBERT) for number in (5, 6))
    for whole, others in (
        ("MultiKD", (ablations.row("mBERT"), sizes.row("Single"))),
        ("MultiKD + MBLM", (ablations.row("+ MBLM"), sizes.row("MBLM"))),
    ):
        for other in others:
            assert other.cells.items() <= dev.row(whole).cells.items()


def test_spot_checks_against_the_paper():
    best = published_table("multikd/3").group(XLMR).row("MultiKD + MBLM")
    assert (best.scores["en"], best.scores["ur"], best.scores["AVG(Z)"], best.average) == (86.63, 71.49, 77.16, 78.33)
    assert published_table("multikd/4").group(MBERT).row("MonoKD").scores["ja"] == 39.36
    assert published_table("multikd/8").group(MBERT).row("MultiKD + MBLM").scores["zh"] == 51.02
    assert published_table("multikd/7").group(MBERT).row("MonoKD").scores["sw"] == 49.01
    teachers = published_table("multikd/2").group("Teachers")
    assert teachers.row("XNLI").cells == {"en": 91.08, "fr": 85.45, "zh": 80.86, "average": 85.8}
    assert teachers.row("MARC").cells == {"en": 67.66, "fr": 62.7, "zh": 60.0, "average": 63.45}
    assert published_table("multikd/5").group(MBERT).row("+ branches at the top").average == 67.97
    assert published_table("multikd/6").group(MBERT).row("Ens_2").cells["AVG(S)"] == 82.06


def test_what_is_zero_shot():
    table = published_table("multikd/4")
    assert table.zero_shot(table.group(MBERT).row("MonoKD")) == ("fr", "zh", "de", "es", "ja")
    assert table.zero_shot(table.group(MBERT).row("MultiKD")) == ("de", "es", "ja")


def test_the_printed_numbers_bear_the_claims_out():
    for table in PAPER.tables:
        for claim in table.claims:
            for pair in claim.pairs:
                blocks = [
                    group for group in table.groups if {row.name for row in group.rows} >= {pair.better, pair.than}
                ]
                better, than = (blocks[0].row(name) for name in (pair.better, pair.than))
                if better.cells:
                    assert better.cells[pair.on] > than.cells[pair.than_on], (table.id, pair)
