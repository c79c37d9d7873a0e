import numpy as np
import pytest
import torch
from datasets import Dataset

from polydistill.data.translations.translations import Pairs
from polydistill.methods.plain_text import by_answers, drawn, enough, paired, rarely_said, rows_by_answers, spread
from polydistill.tasks import task_of


def vectors(count, width=8, seed=0):
    found = torch.randn(count, width, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(found, dim=-1)


def test_every_sentence_is_paired_in_five_ways():
    count = 20
    places = paired(vectors(count), np.random.default_rng(0)).reshape(5, count, 2)
    itself, following, nearest, near, anyone = places
    assert (itself[:, 0] == itself[:, 1]).all()
    assert (following[:, 1] == (np.arange(count) + 1) % count).all()
    cosines = (vectors(count) @ vectors(count).T).numpy() - 3 * np.eye(count)
    for i, pair in enumerate(nearest):
        assert set(pair) == {i, int(cosines[i].argmax())}
    for i, pair in enumerate(near):
        (other,) = set(pair) - {i}
        assert other in np.argsort(-cosines[i])[:5]
    assert all(i in pair and len(set(pair)) == 2 for i, pair in enumerate(anyone))
    assert 0 < (nearest[:, 0] == np.arange(count)).sum() < count  # in either order


def test_equal_sentences_are_each_others_nearest():
    same = torch.ones(6, 4) / 2
    places = paired(same, np.random.default_rng(0)).reshape(5, 6, 2)
    assert (places[2][:, 0] != places[2][:, 1]).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_sentences_can_be_paired(count):
    places = paired(vectors(count), np.random.default_rng(0))
    assert places.min() >= 0 and places.max() < count


def test_answers_are_spread_as_wanted():
    answers = np.array([2] * 900 + [0] * 90 + [1] * 10)
    rng = np.random.default_rng(0)
    places = drawn(answers, np.ones(3) / 3, 120, rng)
    assert np.bincount(answers[places]).tolist() == [40, 30, 40]  # of ten, each three times at most
    assert len(set(places[answers[places] == 2])) == 40
    assert np.bincount(answers[drawn(answers, np.array([0.5, 0.0, 0.5]), 100, rng)], minlength=3).tolist() == [
        50,
        0,
        50,
    ]


def test_a_class_that_is_never_said_is_left_out_and_named():
    answers = np.array([0] * 99 + [1])
    assert drawn(answers, np.ones(3) / 3, 30, np.random.default_rng(0)).shape == (13,)
    shares = spread(answers, 3)
    assert shares.tolist() == [0.99, 0.01, 0.0]
    assert rarely_said(shares, np.ones(3) / 3, ("a", "b", "c")) == ["b", "c"]
    assert rarely_said(shares, np.array([1.0, 0.0, 0.0]), ("a", "b", "c")) == []


class Asked:
    """A teacher that says of a row what its number of words says, and keeps what it was asked."""

    task = task_of("nli")

    def __init__(self):
        self.rows, self.sentences = [], []

    def answers(self, rows):
        self.rows += list(zip(rows["premise"], rows["hypothesis"], strict=True))
        return np.array([len(text.split()) % 3 for text in rows["premise"]])

    def vectors(self, sentences):
        self.sentences += sentences
        return vectors(len(sentences))


def row(words):
    return {"premise": " ".join("a" * words), "hypothesis": "b"}


def test_no_more_rows_are_read_than_it_takes():
    rows = Dataset.from_list([row(1 + at % 3) for at in range(300)])
    reader = Asked()
    found = rows_by_answers(("de", rows, rows), reader, np.ones(3) / 3, 30, np.random.default_rng(0))
    ((_, source, target),) = found.rows
    assert np.bincount([len(text.split()) % 3 for text in source["premise"]]).tolist() == [10, 10, 10]
    assert source["premise"] == target["premise"]
    assert 30 <= len(reader.rows) <= 90


def test_all_rows_are_read_where_an_answer_is_rare():
    rows = Dataset.from_list([row(1 + (at == 7)) for at in range(300)])
    reader = Asked()
    found = rows_by_answers(("de", rows, rows), reader, np.ones(3) / 3, 30, np.random.default_rng(0))
    assert len(reader.rows) == 300
    assert found.answers == {"de": {"entailment": 0.0, "neutral": 0.9967, "contradiction": 0.0033}}
    assert found.rare == {"de": ["entailment", "contradiction"]}


def test_enough_is_what_can_be_drawn_without_taking_a_row_twice():
    assert enough(np.array([0, 0, 1]), np.array([0.5, 0.25]), 4)
    assert not enough(np.array([0, 1, 1]), np.array([0.5, 0.25]), 4)


def test_a_sentence_that_several_languages_translate_is_read_once_for_its_neighbours():
    sides = Pairs(["one", "two", "three"], ["x", "y", "z"])
    reader = Asked()
    by_answers({"de": sides, "fr": Pairs(["two", "four"], ["u", "v"])}, reader, np.ones(3) / 3, 0)
    assert reader.sentences == ["one", "two", "three", "four"]
