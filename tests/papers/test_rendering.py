import re

import pytest
from rendered import to_text

from polydistill.papers.published import published_table
from polydistill.papers.rendering import (
    comparison_text,
    notes,
    ours_text,
    published_text,
    to_markdown,
)
from polydistill.papers.table import Cell, Entry, EntryGroup, Table, build_table
from polydistill.reports.significance import Comparison

BETTER = Comparison(difference=3.05, low=1.9, high=4.3, p=0.0004, verdict="better", test="a test")


@pytest.fixture
def table(make_run):
    paper = published_table("xd/3").group("XLM MLM+TLM")

    def runs(name, right):
        codes = ("en", "fr", "de", "es", "tr", "sw")
        return [
            make_run(name, dict.fromkeys(codes, right + seed + (seed == 1) * len(name)), seed) for seed in (0, 1, 2)
        ]

    entries = [
        Entry("Baseline", runs("Baseline", 55), paper.row("Baseline")),
        Entry("XD [from the Baseline, a long name]", runs("XD", 85), paper.row("XD")),
        Entry("IndT", (), paper.row("IndT")),
    ]
    groups = [EntryGroup("mini", entries), EntryGroup("other", entries[:1])]
    return build_table("xd/3", "XD | all", groups, "Baseline", published_over=15, setting="the mini-world")


def test_cell_texts():
    assert ours_text(Cell(mean=78.123, spread=0.4, zero_shot=True)) == "78.1 ± 0.4°"
    assert ours_text(Cell(mean=80.0)) == "80.0"
    assert ours_text(Cell(mean=80.0, comparison=BETTER)) == "80.0↑"
    assert ours_text(Cell(mean=80.0, comparison=BETTER.model_copy(update={"verdict": "worse"}))) == "80.0↓"
    assert ours_text(Cell(mean=80.0, comparison=BETTER.model_copy(update={"verdict": "within noise"}))) == "80.0"
    assert ours_text(Cell(published=80.6)) == "–"
    assert published_text(Cell(published=80.6)) == "(80.6)"
    assert published_text(Cell(published=80.6, published_zero_shot=True)) == "(80.6°)"
    assert published_text(Cell(published=80.0), over=15) == "(80.0 of 15)"
    assert published_text(Cell(mean=80.0)) == ""


def test_six_languages_and_their_average_fit_a_terminal(table):
    text = to_text(table)
    assert max(map(len, text.splitlines())) <= 120
    assert "…" not in text
    lines = text.splitlines()
    ours = next(index for index, line in enumerate(lines) if line.startswith(" Baseline"))
    assert "56.0 ± 1.0°" not in lines[ours]
    assert re.findall(r"\d+\.\d ± \d\.\d°?", lines[ours]) == ["58.7 ± 4.7"] + ["58.7 ± 4.7°"] * 5 + ["58.7 ± 4.7"]
    assert re.findall(r"\(.*?\)", lines[ours + 1])[:2] == ["(84.9)", "(78.8°)"]
    assert lines[ours + 1].endswith("(73.8 of 15)")


def test_a_table_of_wide_cells_moves_the_spread_below(table):
    def widen(cell):
        return cell.model_copy(update={"mean": 100.0, "spread": 12.3, "comparison": BETTER} if cell.mean else {})

    def widen_row(row):
        cells = {code: widen(cell) for code, cell in row.cells.items()}
        return row.model_copy(update={"cells": cells, "average": widen(row.average)})

    groups = [group.model_copy(update={"rows": tuple(map(widen_row, group.rows))}) for group in table.groups]
    lines = to_text(table.model_copy(update={"groups": tuple(groups)})).splitlines()
    ours = next(index for index, line in enumerate(lines) if line.startswith(" Baseline"))
    assert lines[ours].split() == ["Baseline"] + ["100.0"] * 7
    assert lines[ours + 1].split("±")[2].strip() == "12.3°↑"
    assert max(map(len, lines)) <= 120


def test_fifteen_languages_come_in_blocks():
    paper = published_table("xd/2")
    groups = [EntryGroup(group.name, [Entry(row.name, (), row) for row in group.rows]) for group in paper.groups]
    text = to_text(build_table("xd/2", paper.title, groups, published_over=15))
    assert max(map(len, text.splitlines())) <= 120
    assert "…" not in text
    assert text.count("MLT no-sw") == 4
    shown = re.findall(r"\((\d\d\.\d)°?\)", text)
    printed = [
        f"{score:.1f}" for group in paper.groups for row in group.rows for score in (*row.scores.values(), row.average)
    ]
    assert sorted(shown) == sorted(printed)


def test_names_are_shown_as_they_are(table):
    assert "[from the" in to_text(table)
    assert "XD \\| all" in to_markdown(table)


def test_markdown_is_one_table_of_equal_rows(table):
    rows = [line for line in to_markdown(table).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {9}
    assert rows[0] == "|  | en | fr | de | es | tr | sw | avg of 6 |"
    assert any("58.7 ± 4.7° (78.8°)" in row for row in rows)
    assert any(row.startswith("| IndT | – (85.0) |") for row in rows)


def test_notes_say_what_a_reader_must_know(table):
    found = "\n".join(notes(table))
    assert "the mini-world" in found
    assert "en English, fr French, de German, es Spanish, tr Turkish, sw Swahili" in found
    assert "averages over 15 languages" in found
    assert "paired t test over 3 seeds" in found
    assert "Holm" in found
    assert "mini, Baseline: seeds 0, 1, 2; labels seen: en; selected on: dev/en." in found
    assert "against Baseline" in found
    assert "IndT" not in found


def test_notes_explain_only_signs_that_occur(make_run):
    table = build_table("t", "t", [EntryGroup("", [Entry("A", [make_run("A", {"en": 50})])])])
    found = "\n".join(notes(table))
    assert "°" not in found
    assert "±" not in found
    assert "brackets" not in found
    assert "paper" not in found
    assert "A: seed 0;" in found


def test_comparison_in_words():
    assert comparison_text(BETTER, "B") == "Average +3.0 [+1.9, +4.3] against B, p < 0.001: better."
    noise = BETTER.model_copy(update={"difference": -1.0, "p": 0.2, "verdict": "within noise"})
    assert comparison_text(noise, "B").startswith("Average -1.0")
    assert comparison_text(noise, "B").endswith("p = 0.200: within noise.")


def test_an_average_over_the_papers_languages_needs_no_remark(make_run):
    row = published_table("xd/3").group("XLM MLM").row("XD")
    run = make_run("XD", dict.fromkeys(row.scores, 70))
    table = build_table("xd/3", "XD", [EntryGroup("", [Entry("XD", [run], row)])], published_over=15)
    assert "(74.6)" in to_markdown(table)
    assert "of 15)" not in to_markdown(table)


def test_json_reads_back(table):
    assert Table.model_validate_json(table.model_dump_json(indent=2)) == table
