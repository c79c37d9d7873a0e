"""Tags of words from what a model says of their first sub-tokens, and F1 as seqeval counts it."""

import warnings

import numpy as np
import pytest
import torch
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import f1_score

from polydistill.data.batches.masking import IGNORED
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import LABEL, WORDS
from polydistill.data.rows.sources import WorldSource
from polydistill.models.polyglot import Polyglot
from polydistill.results import f1
from polydistill.tasks.ner import NER, entity_counts
from polydistill.tasks.task import TaggedWords
from tiny import TAGS, tiny_network

CPU = torch.device("cpu")
tags = st.lists(st.sampled_from(WORDS.labels), min_size=1, max_size=8)
pairs = st.lists(
    tags.flatmap(
        lambda gold: st.tuples(
            st.just(gold), st.lists(st.sampled_from(WORDS.labels), min_size=len(gold), max_size=len(gold))
        )
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def rows():
    return load_rows(WorldSource(rows=40, difficulty="medium"), WORDS, ["tr"]).rows["tr"]


@settings(max_examples=200, deadline=None)
@given(pairs)
def test_f1_is_seqevals(sentences):
    gold, said = ([list(side) for side in sides] for sides in zip(*sentences, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # seqeval warns where nothing is said or there
        wanted = f1_score(gold, said)
    counts = np.array([entity_counts(ours, theirs) for ours, theirs in zip(said, gold, strict=True)])
    assert f1(counts) == pytest.approx(wanted, abs=1e-12)


def test_an_entity_is_right_as_a_whole():
    gold = ["B-PER", "I-PER", "O", "B-LOC", "B-LOC"]
    assert entity_counts(gold, gold) == (3, 3, 3)
    assert entity_counts(["B-PER", "O", "O", "B-LOC", "I-LOC"], gold) == (0, 2, 3)
    assert entity_counts(["B-ORG", "I-ORG", "O", "B-LOC", "B-LOC"], gold) == (2, 3, 3)
    assert entity_counts(["O"] * 5, gold) == (0, 0, 3)


def test_the_score_has_the_counts_of_each_sentence():
    said, gold = [[1, 2, 0], [5], [0]], [[1, 2, 0], [3], [0]]
    score = NER.score("tr", said, gold, "dev", "rows")
    assert (score.metric, score.examples, score.split, score.data_fingerprint) == ("f1", 3, "dev", "rows")
    assert score.value == 0.5
    assert score.entities == "1,1,1 0,1,1 0,0,0"
    np.testing.assert_array_equal(score.counts, [[1, 1, 1], [0, 1, 1], [0, 0, 0]])


def test_labels_stand_at_the_first_sub_token_of_each_word(tokenizer, rows):
    text = NER.encode(tokenizer, rows, 64)
    labels = NER.labels(text, rows)
    assert len(labels.flat) == len(text.columns["input_ids"])
    for row in range(len(rows)):
        words = tokenizer.convert_ids_to_tokens(text.take(np.array([row]))[0]["input_ids"].tolist())
        tagged = [(word, label) for word, label in zip(words, labels.take(np.array([row]))[0], strict=True)]
        assert all(word.startswith("▁") == (label != IGNORED) for word, label in tagged)
        assert [label for _, label in tagged if label != IGNORED] == rows[row][LABEL]


@pytest.mark.parametrize("max_length", [14, 25, 64])
@pytest.mark.parametrize("training", [True, False])
def test_what_is_said_comes_word_by_word_in_the_order_of_the_rows(tokenizer, rows, max_length, training):
    student = Polyglot(tiny_network(head="tags", dropout=0.3)).train(training)
    text = NER.encode(tokenizer, rows, max_length)
    assert (len(text) > len(rows)) == (max_length < 64)
    said = NER.say(student, text, "tr", CPU)
    assert [len(some) for some in said] == [len(row["tokens"]) for row in rows]
    assert student.training is training
    student.eval()
    flat = [tag for some in said for tag in some]
    for window in (0, 7, len(text) - 1):
        ids = torch.from_numpy(text.take(np.array([window]))[0]["input_ids"])[None]
        with torch.no_grad():
            alone = student.network(input_ids=ids).logits[0].argmax(-1)
        inside = (text.token_N >= text.offsets[window]) & (text.token_N < text.offsets[window + 1])
        for at, place in zip(text.word_N[inside], text.token_N[inside] - text.offsets[window], strict=True):
            assert flat[at] == alone[place]


def test_a_model_that_knows_scores_one_and_windows_cost_nothing(tokenizer, rows):
    """A network that answers with the gold tags of the tokens it reads."""
    for max_length in (64, 14):
        text = NER.encode(tokenizer, rows, max_length)
        labels = NER.labels(text, rows)

        class Knows(torch.nn.Module):
            def forward(self, inputs, language=None, text=text, labels=labels):
                from polydistill.models.polyglot import Reading

                lengths = inputs["attention_mask"].sum(-1).tolist()
                logits = torch.zeros(*inputs["input_ids"].shape, TAGS)
                for at, (ids, length) in enumerate(zip(inputs["input_ids"], lengths, strict=True)):
                    window = next(
                        w
                        for w in range(len(text))
                        if text.take(np.array([w]))[0]["input_ids"].tolist() == ids[:length].tolist()
                    )
                    gold = torch.from_numpy(labels.take(np.array([window]))[0]).clamp(min=0)
                    logits[at, :length] = torch.nn.functional.one_hot(gold, TAGS).float()
                return Reading(logits)

        score = NER.score("tr", NER.say(Knows(), text, "tr", CPU), NER.gold(rows))
        assert score.value == 1.0


def test_a_word_without_a_token_is_outside(tokenizer):
    table = Dataset.from_dict({"tokens": [["", "Anna"]], LABEL: [[5, 1]]})
    text = NER.encode(tokenizer, table, 64)
    network = tiny_network(head="tags")
    said = NER.say(Polyglot(network), text, "en", CPU)
    assert said[0][0] == 0
    assert NER.labels(text, table).flat.tolist().count(5) == 0
    (answer,) = NER.answers(Polyglot(network), text, table, "en", CPU)
    assert answer.tags[0] == "O" and answer.probabilities[0] == 1.0


def test_answers_are_the_tags_with_their_probabilities(tokenizer, rows):
    student = Polyglot(tiny_network(head="tags"))
    text = NER.encode(tokenizer, rows, 25)
    answers = NER.answers(student, text, rows, "tr", CPU)
    said = NER.say(student, text, "tr", CPU)
    for answer, tags_, row in zip(answers, said, rows, strict=True):
        assert isinstance(answer, TaggedWords)
        assert list(answer.words) == row["tokens"]
        assert answer.said == [WORDS.labels[tag] for tag in tags_]
        assert all(1 / TAGS < share <= 1 for share in answer.probabilities)
        assert answer.line.splitlines()[0] == f"{answer.words[0]}\t{answer.tags[0]}"


def test_the_loss_is_of_words_and_not_of_sub_tokens():
    logits = torch.randn(2, 3, TAGS, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[IGNORED, 1, IGNORED], [0, IGNORED, 6]])
    loss = NER.loss(logits, labels)
    assert NER.count(labels) == 3
    shares = torch.log_softmax(logits, -1)
    by_hand = -(shares[0, 1, 1] + shares[1, 0, 0] + shares[1, 2, 6]) / 3
    assert loss.item() == pytest.approx(by_hand.item(), rel=1e-12)
    loss.backward()
    assert (logits.grad.abs().sum(-1) > 0).tolist() == (labels != IGNORED).tolist()


@pytest.mark.parametrize(
    "row", ["Anna lives .", ["Anna", "lives", "."], {"tokens": ["Anna", "lives", "."]}, {"text": "Anna lives ."}]
)
def test_rows_as_people_give_them(row):
    assert NER.row(row) == {"tokens": ["Anna", "lives", "."]}


@pytest.mark.parametrize("row", [{}, {"tokens": []}, {"tokens": "a b"}, {"tokens": [1]}, 3, "", None])
def test_rows_that_cannot_be_read(row):
    with pytest.raises(ValueError, match=r"Cannot read the row .*: no text under tokens"):
        NER.row(row)


def test_written_rows_have_names():
    assert NER.written({"tokens": ["Anna", "."], LABEL: [1, 0]}) == {
        "tokens": ["Anna", "."],
        "ner_tags": ["B-PER", "O"],
    }
