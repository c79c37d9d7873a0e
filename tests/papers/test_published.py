import itertools

import pytest

from polydistill.papers.published import published_paper, published_table

XD = published_paper("xd")
ROWS = [(table, group, row) for table in XD.tables for group in table.groups for row in group.rows]
WHOLE = [(table, group, row) for table, group, row in ROWS if len(row.scores) == 15 and row.average is not None]


def test_every_average_agrees_with_its_cells_or_is_a_listed_exception():
    listed = {(one.table, one.group, one.row): one for one in XD.exceptions}
    found = set()
    for table, group, row in WHOLE:
        mean = sum(row.scores.values()) / 15
        if abs(mean - row.average) > 0.1 + 1e-9:
            key = (table.id, group.name, row.name)
            found.add(key)
            assert (listed[key].printed, listed[key].computed) == (row.average, pytest.approx(mean, abs=0.005))
    assert found == listed.keys()


def test_all_tables_are_whole():
    assert {table.id: [len(group.rows) for group in table.groups] for table in XD.tables} == {
        "xd/2": [5, 6],
        "xd/3": [3, 4],
        "xd/4": [3, 3, 3, 4, 4, 4],
        "xd/5": [6],
        "xd/6": [7, 9],
    }
    short = {row.name for table, _, row in ROWS if table.id != "xd/4" and len(row.scores) < 15}
    assert short == {"Park et al. (2019)", "Schuster et al. (2019)", "Chidambaram et al. (2018)", "MLT no-ur"}
    assert all(0 < score < 100 for _, _, row in ROWS for score in row.scores.values())


def test_a_system_that_several_tables_print_has_the_same_cells_in_each():
    """Tables 2, 3, 5 and 6 repeat rows; a slip in one of them would show here."""
    same = {"IndT": "Lample & Conneau (2019)", "XD": "XD all"}
    seen = {}
    for (table, group, row), (other_table, other_group, other) in itertools.combinations(WHOLE, 2):
        encoders = {"XLM MLM" if one.name == "XLM MLM" else "TLM" for one in (group, other_group)}
        names = {same.get(row.name, row.name), same.get(other.name, other.name)}
        if table.id != other_table.id and len(encoders) == len(names) == 1 and row.labels_seen == other.labels_seen:
            seen.setdefault(row.name, 0)
            seen[row.name] += 1
            assert (row.scores, row.average) == (other.scores, other.average)
    assert seen == {"Baseline": 2, "MLT": 4, "IndT": 3, "MLT no-ur": 3, "MLT no-ur + XD 4-lang": 1, "XD": 1}


def test_table_4_repeats_the_cells_of_table_2():
    for group in published_table("xd/4").groups:
        encoder = group.name.partition(",")[0]
        whole = published_table("xd/2").group(encoder).row("Baseline")
        pair = group.row("Baseline")
        assert pair.average == whole.average
        assert pair.scores.items() <= whole.scores.items()


def test_spot_checks_against_the_paper():
    xd = published_table("xd/3").group("XLM MLM+TLM").row("XD")
    assert (xd.scores["en"], xd.scores["fr"], xd.scores["ur"], xd.average) == (83.9, 80.7, 67.7, 77.0)
    best = published_table("xd/5").group("XLM MLM+TLM").row("MLT no-ur + XD 4-lang")
    assert (best.scores["de"], best.average) == (81.4, 79.2)
    assert published_table("xd/4").group("XLM MLM, l2 = sw").row("XD, en+l2").scores == {"en": 82.7, "sw": 71.4}


def test_zero_shot_cells():
    def zero_shot(table, group, row):
        found = published_table(table)
        return found.zero_shot(found.group(group).row(row))

    others = tuple(code for code in XD.languages if code != "en")
    assert zero_shot("xd/2", "XLM MLM", "Baseline") == others
    assert zero_shot("xd/2", "XLM MLM", "MLT no-de") == ("de",)
    assert zero_shot("xd/2", "XLM MLM+TLM", "MLT") == ()
    assert zero_shot("xd/3", "XLM MLM", "XD") == others
    assert zero_shot("xd/4", "XLM MLM, l2 = fr", "XD, en+l2") == ("fr",)
    assert zero_shot("xd/4", "XLM MLM, l2 = fr", "MLT, en+l2") == ()
    assert zero_shot("xd/5", "XLM MLM+TLM", "MLT no-ur + XD ur") == ("ur",)


def test_repairs_name_cells_that_hold_their_value():
    for repair in XD.repairs:
        row = published_table(repair.table).group(repair.group).row(repair.row)
        cells = {"name": row.name, "average": row.average, **row.scores}
        assert cells[repair.cell] == repair.value
    assert [(one.row, one.cell) for one in XD.repairs if not one.certain] == [("XD", "hi"), ("XD", "sw")]


def test_unknown_names_are_met_with_the_known():
    with pytest.raises(ValueError, match="Known: xd/2, xd/3"):
        published_table("xd/7")
    with pytest.raises(ValueError, match=r"Unknown paper.*Known: xd"):
        published_paper("mmd")
    with pytest.raises(ValueError, match="Did you mean 'Baseline'"):
        published_table("xd/2").group("XLM MLM").row("Baselin")
    with pytest.raises(ValueError, match="Unknown group"):
        published_table("xd/2").group("BERT")
