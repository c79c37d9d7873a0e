"""Star rating: what a model reads, two scores a language, and rows as people write them."""

import numpy as np
import pytest
import torch
from datasets import Dataset

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import LABEL, REVIEW
from polydistill.data.rows.sources import WorldSource
from polydistill.models.polyglot import Polyglot
from polydistill.tasks.stars import STAR_RATING
from tiny import tiny_network

CPU = torch.device("cpu")
ROW = {"review_body": "It is good.", "review_title": "Good", "product_category": "home"}


@pytest.fixture(scope="module")
def rows():
    return load_rows(WorldSource(rows=30), REVIEW, ["tr"]).rows["tr"]


def test_the_body_is_read_first_and_title_with_category_second(tokenizer, rows):
    text = STAR_RATING.encode(tokenizer, rows, 200)
    for at in (0, 11):
        row = rows[at]
        pair = tokenizer(row["review_body"], f"{row['review_title']} {row['product_category']}")
        assert text.take(np.array([at]))[0]["input_ids"].tolist() == pair["input_ids"]


@pytest.mark.parametrize(
    ("title", "category", "second"), [("Good", "", "Good"), ("", "home", "home"), ("a", "b", "a b")]
)
def test_what_is_missing_leaves_no_space(tokenizer, title, category, second):
    table = Dataset.from_list([{**ROW, "review_title": title, "product_category": category}])
    ids = STAR_RATING.encode(tokenizer, table, 200).take(np.array([0]))[0]["input_ids"].tolist()
    assert ids == tokenizer(ROW["review_body"], second)["input_ids"]


def test_accuracy_selects_and_the_error_is_that_of_the_stars():
    gold, said = np.array([0, 1, 2, 3, 4, 4]), np.array([0, 3, 2, 2, 0, 4])
    accuracy, error = STAR_RATING.scores("tr", said, gold, "dev", "f")
    assert accuracy == STAR_RATING.score("tr", said, gold, "dev", "f")
    assert (accuracy.metric, accuracy.value, accuracy.hits) == ("accuracy", 0.5, "101001")
    assert (error.metric, error.value, error.errors) == ("mae", pytest.approx(7 / 6), "020140")
    assert (error.language, error.split, error.data_fingerprint, error.examples) == ("tr", "dev", "f", 6)
    assert (STAR_RATING.metric, STAR_RATING.beside) == ("accuracy", ("mae",))


def test_the_largest_logit_wins_and_answers_are_stars(tokenizer, rows):
    student = Polyglot(tiny_network(head="stars").float()).eval()
    text = STAR_RATING.encode(tokenizer, rows, 64)
    said = STAR_RATING.say(student, text, "tr", CPU)
    answers = STAR_RATING.answers(student, text, rows, "tr", CPU)
    assert [int(answer.label) - 1 for answer in answers] == said.tolist()
    assert list(answers[0].probabilities) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (ROW, ROW),
        (tuple(ROW.values()), ROW),
        ({"review_body": "x"}, {"review_body": "x", "review_title": "", "product_category": ""}),
        ("x", {"review_body": "x", "review_title": "", "product_category": ""}),
        ({**ROW, "review_title": None, "stars": 4}, {**ROW, "review_title": ""}),
    ],
)
def test_rows_as_people_give_them(given, read):
    assert STAR_RATING.row(given) == read


@pytest.mark.parametrize("given", [{}, {**ROW, "review_body": None}, 3, {**ROW, "review_title": 3}])
def test_rows_that_cannot_be_read(given):
    with pytest.raises(ValueError, match="no text under review_"):
        STAR_RATING.row(given)


def test_written_rows_are_marcs():
    assert STAR_RATING.written({**ROW, LABEL: 3}) == {**ROW, "stars": 4}
