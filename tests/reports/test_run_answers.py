"""What a page shows of a run's own rows."""

import json
import re

import pytest

from polydistill.reports.answers import Confusion, browser, confusions, hardest_first, sections, teachers_answers
from polydistill.reports.page import Grid, page_html
from polydistill.reports.rows import Row, Rows
from polydistill.results import Score
from polydistill.training.predictions import Predictions, Said, Seen

LABELS = ("yes", "no", "maybe")


def seen(row, gold, after, before=None, share=0.5):
    said = [None if one is None else Said(answer=one, share=share, right=one == gold) for one in (after, before)]
    return Seen(row=row, texts=(f"text {row}", "<b>"), gold=gold, after=said[0], before=said[1])


@pytest.fixture
def kept():
    turkish = (seen(0, "yes", "no", "yes"), seen(1, "yes", "no", "no"), seen(2, "no", "no", "yes"))
    english = (seen(0, "yes", "yes", "yes"), seen(1, "yes", "yes", "no"), seen(2, "maybe", "maybe", "maybe"))
    return Predictions(
        columns=("one", "two"),
        labels=LABELS,
        data_fingerprint="rows",
        of={"en": 3, "tr": 9},
        rows={"en": english, "tr": turkish},
    )


def test_the_hardest_language_comes_first_with_its_usual_mistake(make_run, kept):
    grid = hardest_first(make_run("r", {"en": 80, "tr": 60}), kept)
    assert [row[:3] for row in grid.rows] == [["Turkish (tr)", "60.0", "no"], ["English (en)", "80.0", "yes"]]
    assert grid.rows[0][3:] == ["33.3", "33.3", "1", "1", "yes taken for no (2)"]
    assert grid.rows[1][3:] == ["66.7", "100.0", "1", "0", "–"]
    assert grid.remark.endswith("6 evenly spread rows of 12.")


def test_confusion_counts_the_kept_rows(make_run, kept):
    found = confusions(make_run("r", {"en": 80, "tr": 60}), kept)
    assert isinstance(found, Confusion)
    assert found.taken["tr"] == [[0, 2, 0], [0, 1, 0], [0, 0, 0]]
    assert found.shade((0, 2, 0), 2) == 45


def test_confusion_of_all_rows_where_the_scores_have_it(make_run, kept):
    run = make_run("r", {"tr": 60})
    score = Score(
        language="tr", metric="macro_f1", value=0.5, examples=9, labels=LABELS[:2], confusion=((4, 1), (2, 2))
    )
    found = confusions(run.model_copy(update={"scores": (*run.scores, score)}), kept)
    assert (found.labels, found.taken["tr"], found.remark) == (LABELS[:2], ((4, 1), (2, 2)), "All rows of the test.")


def test_of_many_labels_only_the_usual_mistakes_are_shown(make_run, kept):
    many = kept.model_copy(update={"labels": (*LABELS, *(f"label {at}" for at in range(10)))})
    found = confusions(make_run("r", {"en": 80}), many)
    assert isinstance(found, Grid)
    assert found.rows == [("Turkish (tr)", "yes", "no", "2")]


def test_a_number_is_neither_right_nor_wrong(make_run, kept):
    said = Said(answer="2.000", off=0.5)
    one = Seen(row=0, texts=("t",), gold="2.500", after=said)
    numbers = Predictions(columns=("text",), data_fingerprint="", of={"en": 1}, rows={"en": (one,)})
    run = make_run("r", {"en": 80})
    assert hardest_first(run, numbers).columns == ["language", "accuracy, all rows", "labels seen"]
    assert [part.heading for part in sections(run, numbers)] == ["Languages, the hardest first", "Row by row"]
    names = {name: values for name, _, values in browser(numbers).choices}
    assert names == {"order": [("off", "furthest off first"), ("given", "as they are")]}


def test_filters_are_what_the_rows_have(kept):
    names = {name: [value for value, _ in values] for name, _, values in browser(kept).choices}
    assert names["language"] == ["", "en", "tr"]
    assert names["which"] == ["", "wrong", "right", "mended", "broken", "other"]
    assert names["gold"] == ["", "maybe", "no", "yes"]
    assert names["order"] == ["sure", "unsure", "given"]


def test_no_text_of_a_row_ends_the_data_or_becomes_markup():
    evil = "</script><script>alert(1)</script>&amp;<!--"
    rows = Rows("Rows", ("text",), ("said",), [Row("en", 0, (evil,), evil, (Said(answer=evil),))])
    html = page_html("t", [rows])
    assert html.count("<script") == html.count("</script>") == 2  # the data, and the script of the page
    data = re.search(r'<script type="application/json">(.*?)</script>', html)[1]
    assert json.loads(data)["rows"][0]["texts"] == [evil]


def test_teachers_answers():
    (alone,) = teachers_answers({"tr, text alone": {"yes": 0.25}}).rows
    assert alone[0] == "Turkish (tr), text alone"
    grid = teachers_answers({"tr": {"yes": 0.25, "no": 0.75}})
    assert (grid.columns, grid.rows) == (("language", "yes", "no"), [("Turkish (tr)", "25.0", "75.0")])
