"""Questions: what a model reads, which choice it takes, and rows as people write them."""

import numpy as np
import pytest
import torch

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import CHOICES, LABEL
from polydistill.data.rows.sources import WorldSource
from polydistill.models.polyglot import Polyglot
from polydistill.tasks.choice import CHOICE, QUESTIONS
from tiny import tiny_network

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def rows():
    return load_rows(WorldSource(rows=30), CHOICES, ["tr"]).rows["tr"]


def test_cause_and_effect_are_read_as_copas_sentences(tokenizer, rows):
    text = CHOICE.encode(tokenizer, rows, 200)
    assert (len(text), text.choices) == (30, 2)
    for row in (0, 7):
        for ids, choice in zip(text.take(np.array([row])), rows[row]["choices"], strict=True):
            parts = [
                tokenizer(part)["input_ids"]
                for part in (rows[row]["premise"], QUESTIONS[rows[row]["question"]], choice)
            ]
            # <s> premise </s> </s> question </s> </s> choice </s>
            end = tokenizer.eos_token_id
            assert ids["input_ids"].tolist() == [*parts[0], end, *parts[1][1:], end, *parts[2][1:]]
    assert set(QUESTIONS) == {"cause", "effect"}


def test_other_questions_are_read_as_they_are(tokenizer, rows):
    own = rows.select(range(1)).map(lambda row: {"question": "Why did it happen?"})
    ids = CHOICE.encode(tokenizer, own, 200).take(np.array([0]))[0]["input_ids"].tolist()
    wanted = tokenizer("Why did it happen?", add_special_tokens=False)["input_ids"]
    assert any(ids[at : at + len(wanted)] == wanted for at in range(len(ids)))


@pytest.mark.parametrize("family", ["xlm-roberta", "bert"])
def test_the_choice_with_the_largest_logit_is_taken(tokenizer, rows, family):
    student = Polyglot(tiny_network(family, head="choices").float()).eval()
    text = CHOICE.encode(tokenizer, rows, 64)
    said = CHOICE.say(student, text, "tr", CPU)
    assert said.shape == (30,)
    assert 0 < said.sum() < 30
    for row in (0, 3, 29):
        single = []
        for column in text.take(np.array([row])):
            ids = torch.from_numpy(column["input_ids"])[None, None]
            with torch.no_grad():
                single.append(student.network(input_ids=ids).logits.item())
        assert said[row] == int(np.argmax(single))
    (first, *_) = CHOICE.answers(student, text, rows, "tr", CPU)
    assert first.label == f"choice{said[0] + 1}"
    assert list(first.probabilities) == ["choice1", "choice2"]
    assert sum(first.probabilities.values()) == pytest.approx(1)


def test_accuracy_with_hits(rows):
    gold = CHOICE.gold(rows)
    said = gold.copy()
    said[:3] = 1 - said[:3]
    score = CHOICE.score("tr", said, gold)
    assert (score.metric, score.value, score.hits[:4]) == ("accuracy", 0.9, "0001")


COPA = {"premise": "p", "question": "cause", "choice1": "a", "choice2": "b"}


@pytest.mark.parametrize(
    "row", [COPA, {"premise": "p", "question": "cause", "choices": ["a", "b"]}, ("p", "cause", ["a", "b"])]
)
def test_rows_as_people_give_them(row):
    assert CHOICE.row(row) == {"premise": "p", "question": "cause", "choices": ["a", "b"]}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({**COPA, "premise": 1}, "no text under premise"),
        ({"premise": "p", "question": "cause"}, "no text under choices"),
        ({"premise": "p", "question": "cause", "choice1": "a"}, "one choice"),
        ({**COPA, "choice2": None}, "no text under choices"),
        ("p", "no text under premise and question and choices"),
    ],
)
def test_rows_that_cannot_be_read(row, says):
    with pytest.raises(ValueError, match=says):
        CHOICE.row(row)


def test_written_rows_are_copas(rows):
    written = CHOICE.written({**CHOICE.row(COPA), LABEL: 1})
    assert written == {**COPA, "label": 1}
