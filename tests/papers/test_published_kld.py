"""The tables of the BERT-KLD poster, as printed."""

import pytest

from polydistill.papers.claims import Claim, JudgedClaim
from polydistill.papers.published import published_paper, published_table
from polydistill.papers.wording import claim_text

KLD = published_paper("bert-kld")
PAIRS = ["fr-de", "fr-tr", "fr-bg", "de-tr", "de-bg", "tr-bg"]


def rows(number):
    (group,) = published_table(f"bert-kld/{number}").groups
    return {row.name: row.scores for row in group.rows}


def test_all_tables_are_whole():
    assert [table.id.removeprefix("bert-kld/") for table in KLD.tables] == ["1", "2", "3", "4", "figure-2"]
    assert [(name, *scores) for name, scores in rows("1").items()] == [
        ("Baseline", "en-hi", "hi-en"),
        ("BERT-KLD", "en-hi", "hi-en"),
    ]
    assert list(rows("3")) == ["Baseline", *(f"from {pair}" for pair in PAIRS)]
    for teacher in PAIRS:
        assert list(rows("3")[f"from {teacher}"]) == [pair for pair in PAIRS if pair != teacher]
    assert all(list(scores) == PAIRS for scores in (*rows("2").values(), *rows("4").values()))
    assert not any(rows("figure-2").values())  # its axes are ours, and the poster prints no point of it


def test_spot_checks_against_the_poster():
    assert list(rows("1")["BERT-KLD"].values()) == [70.36, 72.3]
    assert list(rows("2")["Baseline"].values()) == [57.6, 50, 50.6, 51.6, 54.8, 48]
    assert list(rows("3")["from de-tr"].values()) == [58.6, 49.8, 58.4, 55.4, 58.2]
    assert (rows("3")["from fr-de"]["tr-bg"], rows("3")["from tr-bg"]["fr-de"]) == (51, 58.8)
    assert rows("4")["XLM-R"]["de-bg"] == 64.6


def test_tables_that_repeat_a_cell_agree():
    assert rows("2")["Baseline"] == rows("3")["Baseline"] == rows("4")["Baseline"]
    taught = [scores for name, scores in rows("3").items() if name != "Baseline"]
    best = {pair: max(scores.get(pair, 0.0) for scores in taught) for pair in PAIRS}
    assert best == rows("4")["BERT-KLD"]


def test_cells_are_shares_of_five_hundred_rows():
    cells = [score for number in "234" for scores in rows(number).values() for score in scores.values()]
    assert all(round(5 * score, 6).is_integer() for score in cells)


def test_no_cell_is_zero_shot():
    for table in KLD.tables:
        assert not any(table.zero_shot(row) for group in table.groups for row in group.rows)


@pytest.mark.parametrize("number", ["1", "3", "4"])
def test_what_the_poster_claims_holds_in_its_own_numbers_but_for_one_pair(number):
    table, cells = published_table(f"bert-kld/{number}"), rows(number)
    assert table.claims
    for claim in table.claims:
        held = all(cells[pair.better][pair.on] > cells[pair.than][pair.than_on] for pair in claim.pairs)
        assert held == (claim.on != ("de-tr",)), claim
    assert [claim.on for claim in published_table("bert-kld/3").claims] == [(pair,) for pair in PAIRS]


def test_a_claim_that_stands_in_no_section_is_cited_by_its_place():
    said = {"better": ("a",), "than": ("b",), "quote": "better"}
    for section, cited in (("Conclusion", "Conclusion: “better”"), ("4.1", "Section 4.1: “better”")):
        judged = JudgedClaim(claim=Claim(section=section, **said), finding="not tested", because="runs are missing")
        assert claim_text(judged, ["a", "b"]).endswith(f"missing. {cited}")
    with pytest.raises(ValueError, match="section"):
        Claim(section="", **said)
