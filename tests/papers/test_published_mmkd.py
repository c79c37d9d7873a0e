"""The tables of the MMKD paper, as printed."""

import pytest

from polydistill.papers.published import published_paper, published_table

PAPER = published_paper("mmkd")
SIMILAR, OURS = "Model size similar to mBERT", "MMKD (this work)"
TABLES = {table.id: table for table in PAPER.tables}
ROWS = [(table, row) for table in PAPER.tables for group in table.groups for row in group.rows]


def test_all_tables_are_whole():
    counts = {table.id: [[len(row.cells) for row in group.rows] for group in table.groups] for table in PAPER.tables}
    assert counts == {  # 9, 6 and 7 columns, less the English cells and those that are printed as dashes
        "mmkd/2": [[4, 8, 9, 5, 8, 8, 8, 8], [8, 8, 8]],
        "mmkd/3": [[6, 6, 6, 5, 5], [5, 5, 5]],
        "mmkd/4": [[7, 7, 6, 6], [7, 7, 6]],
        "mmkd/5": [[3] * 5],
    }


def test_every_mean_agrees_with_its_cells_or_leaves_the_best_language_for_the_lost_one():
    whole = lost = 0
    for table, row in ROWS:
        if row.average is None:
            continue
        missing = [name for name in table.average_over if name not in row.scores]
        if not missing:
            whole += 1
            assert sum(row.scores.values()) / len(row.scores) == pytest.approx(row.average, abs=0.0501)
        else:
            lost += 1
            assert missing == ["en"]
            english = row.average * len(table.average_over) - sum(row.scores.values())
            assert max(row.scores.values()) < english < 97
    assert (whole, lost) == (8, 16)


def test_the_note_says_what_the_means_leave_for_english():
    for table, left in (("mmkd/2", 83.1), ("mmkd/3", 94.5), ("mmkd/4", 84.9)):
        row = TABLES[table].group(SIMILAR).row(OURS)
        assert row.average is not None
        assert row.average * len(TABLES[table].average_over) - sum(row.scores.values()) == pytest.approx(left)
        assert str(left) in PAPER.notes[0]


def test_the_ablations_begin_with_the_means_of_the_other_tables():
    whole = TABLES["mmkd/5"].group("Objectives").row("MMKD")
    assert whole.scores == {
        column: TABLES[table].group(SIMILAR).row(OURS).average
        for column, table in (("XNLI", "mmkd/2"), ("PAWS-X", "mmkd/3"), ("XQuAD", "mmkd/4"))
    }


def test_spot_checks_against_the_paper():
    xnli = published_table("mmkd/2")
    assert xnli.group(SIMILAR).row(OURS).scores["hi"] == 69.0
    assert xnli.group(SIMILAR).row("MONOTRANS").scores["en"] == 81.7
    assert xnli.group(SIMILAR).row("mBERT").scores == {"ar": 62.1, "de": 70.5, "es": 74.3, "zh": 63.8}
    assert published_table("mmkd/3").group(SIMILAR).row("AMBER").scores["fr"] == 90.7
    assert published_table("mmkd/4").group("Larger models").row("XLM-R*").average == 75.6
    assert published_table("mmkd/5").group("Objectives").row("-SentA").scores["XQuAD"] == 61.2


def test_everything_but_english_is_zero_shot():
    for table, row in ROWS:
        assert table.zero_shot(row) == tuple(
            name for name in row.scores if name != "en" and table.column(name).language is not None
        )


def test_the_printed_numbers_bear_the_claims_out():
    for table in PAPER.tables:
        cells = {row.name: row.cells for group in table.groups for row in group.rows}
        for claim in table.claims:
            for pair in claim.pairs:
                assert cells[pair.better][pair.on] > cells[pair.than][pair.than_on], (table.id, pair)


@pytest.mark.parametrize(
    ("table", "claim", "differences"),
    [("mmkd/2", 1, (5.8,)), ("mmkd/2", 2, (7.8, 10.1)), ("mmkd/2", 5, (3.4,)), ("mmkd/3", 1, (1.7, 2.4, 3.0))],
)
def test_the_differences_in_the_quotes_are_those_of_the_cells(table, claim, differences):
    cells = {row.name: row.cells for group in TABLES[table].groups for row in group.rows}
    said = TABLES[table].claims[claim]
    found = {round(cells[pair.better][pair.on] - cells[pair.than][pair.than_on], 1) for pair in said.pairs}
    assert found == set(differences)
