"""Answers found in contexts: the scores by SQuAD's rules, the best spans over windows, and what is learned."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset
from torch import nn

from polydistill.data.batches.batches import pad_texts
from polydistill.data.batches.passages import NOWHERE
from polydistill.models.polyglot import Polyglot, Reading
from polydistill.results import Score, f1_by_example, word_score
from polydistill.tasks import TASKS
from polydistill.tasks.answer_scores import matches, mlqa_normalised, normalise_as, squad_normalised, word_counts
from polydistill.tasks.qa import LONGEST_ANSWER, best_spans, normalising
from reference import squad
from tiny import outputs, tiny_network

QA = TASKS["qa"]
CPU = torch.device("cpu")
XQUAD = Path(__file__).parents[3] / "shared/data/xquad"
WORDS = (
    "the",
    "The",
    "a",
    "an",
    "And",
    "cat",
    "cat's",
    "Ankara'da",
    "Straße,",
    "(1,234)",
    "—",
    "the-end",
    "_a_",
    "été",
    "",
)
CONTEXT = "Anna works in Ankara . Karl sings in Rome ."
ROWS = Dataset.from_dict(
    {
        "question": ["Where does Karl sing?", "Who works in Ankara?"],
        "context": [CONTEXT, CONTEXT],
        "label": [{"text": ["Rome"], "answer_start": [37]}, {"text": ["Anna"], "answer_start": [0]}],
    }
)


def f1(said, right):
    return float(f1_by_example(np.array([word_counts(said, right, squad_normalised)]))[0])


@pytest.mark.parametrize(
    ("said", "right", "exact", "share"),
    [
        ("The Denver Broncos!", ["Denver Broncos"], True, 1.0),
        ("Denver", ["Denver Broncos", "Broncos"], False, 2 / 3),
        ("in 1990 in Rome", ["1990 in Rome"], False, 6 / 7),
        ("cat cat", ["cat"], False, 2 / 3),
        ("", ["cat"], False, 0.0),
        ("the", ["a"], True, 0.0),  # nothing is left of either: equal, and without a word in common
        ("theater", ["the ater"], False, 0.0),
        ("u.s.a.", ["USA"], True, 1.0),
    ],
)
def test_scores_of_single_answers(said, right, exact, share):
    assert matches(said, right, squad_normalised) == exact == bool(squad.exact_match(said, right))
    assert f1(said, right) == pytest.approx(share, abs=1e-12)
    assert float(squad.f1(said, right)) == pytest.approx(share, abs=1e-12)


def test_scores_equal_the_rules_written_again_on_answers_by_chance():
    rng = random.Random(0)
    said, gold = [], []
    for _ in range(500):
        right = tuple(" ".join(rng.choices(WORDS, k=rng.randint(1, 5))) for _ in range(rng.randint(1, 3)))
        gold.append(right)
        said.append(" ".join(rng.sample([*right[0].split(), *rng.choices(WORDS, k=2)], k=rng.randint(1, 2))))
    found, exact = QA.scores("tr", [(one,) for one in said], gold)
    assert (found.metric, exact.metric) == (QA.metric, *QA.beside) == ("f1", "em")
    assert 0 < exact.value < found.value < 1
    assert (exact.value, found.value) == pytest.approx(squad.evaluate(said, gold), abs=1e-9)
    assert found.f1_by_example == pytest.approx([float(squad.f1(*pair)) for pair in zip(said, gold, strict=True)])
    assert [int(hit) for hit in exact.hits] == [squad.exact_match(*pair) for pair in zip(said, gold, strict=True)]


@pytest.mark.skipif(not XQUAD.is_dir(), reason="the real data are not here")
@pytest.mark.parametrize("language", ["en", "es", "de", "tr"])
def test_scores_equal_the_rules_on_real_answers(language, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    from squad_scores import compared

    values, differ = compared(str(XQUAD / "xquad.{lang}.json"), language)
    assert differ == 0 and values[:2] == pytest.approx(values[2:], abs=1e-9)


@pytest.mark.parametrize(
    ("text", "language", "says"),
    [
        ("Der Hund, die «Katze»", "de", "hund katze"),
        ("el perro y unas gatas", "es", "perro y gatas"),
        ("The dog", "de", "the dog"),
        ("the dog — ends", "en", "dog ends"),
        ("北京 2008年", "zh", "北 京 2008 年"),
        ("الكتاب", "ar", "كتاب"),
        ("những con chó", "vi", "con chó"),
        ("यह एक", "hi", "यह एक"),
    ],
)
def test_mlqa_normalises_by_language(text, language, says):
    assert mlqa_normalised(text, language) == says
    assert normalise_as("mlqa", language)(text) == says


def test_a_normaliser_is_chosen_by_the_one_who_asks():
    said, gold = [("der Hund",)], [("Hund",)]
    assert [score.value for score in QA.scores("de", said, gold)] == [pytest.approx(2 / 3), 0.0]
    assert [score.value for score in normalising(QA, "mlqa").scores("de", said, gold)] == [1.0, 1.0]
    assert normalising(TASKS["nli"], "mlqa") is TASKS["nli"]
    with pytest.raises(ValueError, match="Unknown language of MLQA's normaliser 'tr'"):
        normalising(QA, "mlqa").score("tr", said, gold)


def test_a_mean_f1_keeps_its_words():
    score = word_score("tr", np.array([[1, 1, 2], [0, 3, 1], [2, 2, 2]]), "dev", "rows")
    assert score.value == pytest.approx((2 / 3 + 0 + 1) / 3) and score.words == "1,1,2 0,3,1 2,2,2"
    assert "entities" in score.model_dump() and "words" not in Score(language="tr", value=0.5, examples=2).model_dump()
    assert Score.model_validate_json(score.model_dump_json()) == score
    for change, says in (({"value": 0.1}, "mean F1 of words is"), ({"examples": 2}, "counts of 3 examples")):
        with pytest.raises(ValueError, match=says):
            Score.model_validate({**score.model_dump(), **change})
    with pytest.raises(ValueError, match="No examples"):
        word_score("tr", np.zeros((0, 3), dtype=np.int64))
    with pytest.raises(ValueError, match="of hits are right"):
        Score(language="tr", metric="em", value=0.1, examples=2, hits="10")


def brute_force(logits, places, context):
    """Every span of the context, one by one."""
    found = []
    for first in range(len(logits)):
        for last in range(first, min(first + LONGEST_ANSWER, len(logits))):
            if NOWHERE not in (places[first][0], places[last][0]):
                text = context[places[first][0] : places[last][1]]
                found.append((logits[first][0] + logits[last][1], text.strip()))
    return sorted(found, key=lambda one: -one[0])


@pytest.mark.parametrize("seed", range(3))
def test_the_best_spans_are_those_of_all_spans_looked_at(seed):
    rng = np.random.default_rng(seed)
    words = ["w" * int(size) for size in rng.integers(1, 4, 50)]
    context, ends = " ".join(words), np.cumsum([len(word) + 1 for word in words]) - 1
    starts = ends - [len(word) for word in words]
    spaced = np.stack([np.maximum(starts - 1, 0), ends], axis=1)  # a token holds the space before it
    places = np.concatenate([np.full((4, 2), NOWHERE), spaced, np.full((1, 2), NOWHERE)])
    logits = rng.normal(size=(len(places), 2)).astype(np.float32)
    logits[0] = 100.0  # the first token is no answer
    found = best_spans(logits, places, context, 20)
    expected = brute_force(logits.tolist(), places.tolist(), context)[:20]
    assert [span.score for span in found] == pytest.approx([score for score, _ in expected], abs=1e-5)
    assert [context[span.start : span.stop] for span in found] == [text for _, text in expected]
    assert best_spans(logits[:4], places[:4], context, 20) == []


class Knowing(nn.Module):
    """Says that an answer starts and ends where the labels are."""

    def __init__(self, text, labels):
        super().__init__()
        self.known = {
            tuple(ids["input_ids"]): ends for ids, ends in zip(text.take(np.arange(len(text))), labels, strict=True)
        }

    def forward(self, inputs, language=None):
        ids, mask = inputs["input_ids"], inputs["attention_mask"].bool()
        logits = torch.zeros(*ids.shape, 2)
        for row, (own, inside) in enumerate(zip(ids, mask, strict=True)):
            first, last = self.known[tuple(own[inside].tolist())]
            logits[row, first, 0] = logits[row, last, 1] = 9.0
        return Reading(logits)


@pytest.mark.parametrize("max_length", [28, 64])
def test_who_knows_the_ends_says_the_answer_whatever_the_windows(tokenizer, max_length):
    text = QA.encode(tokenizer, ROWS, max_length)
    labels = QA.labels(text, ROWS)
    assert labels.shape == (len(text), 2) and (len(text) > 2) == (max_length == 28)
    student = Knowing(text, labels.tolist())
    said = QA.say(student, text, "en", CPU)
    assert said == QA.gold(ROWS) == [("Rome",), ("Anna",)]
    first, second = QA.answers(student, text, ROWS, "en", CPU)
    assert (first.said, first.start, second.said, second.start) == ("Rome", 37, "Anna", 0)
    assert sum(first.probabilities.values()) == pytest.approx(1) and max(
        first.probabilities, key=first.probabilities.get
    )
    assert first.line.startswith("Rome  (")
    assert [score.value for score in QA.scores("en", said, QA.gold(ROWS))] == [1.0, 1.0]


def test_the_loss_is_the_mean_of_both_ends(tokenizer):
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(3, 5, 2)), np.array([[0, 0], [1, 4], [2, 3]])
    shares = np.log(np.exp(logits).sum(1))
    expected = -np.mean([(logits[row, labels[row], [0, 1]] - shares[row]).mean() for row in range(3)])
    found = QA.loss(torch.from_numpy(logits), torch.from_numpy(labels))
    assert found.item() == pytest.approx(expected, abs=1e-9)
    assert QA.count(torch.from_numpy(labels)) == 3


@pytest.mark.parametrize("family", ["xlm-roberta", "bert", "xlm"])
def test_padding_changes_neither_loss_nor_gradient(tokenizer, family):
    text = QA.encode(tokenizer, ROWS, 64)
    labels = torch.from_numpy(QA.labels(text, ROWS))
    network = tiny_network(family, "answers")
    losses, gradients = [], []
    for more in (0, 5):
        inputs = padded(text, more)
        network.zero_grad()
        loss = QA.loss(Polyglot(network)(inputs, "en").logits_BC, labels)
        loss.backward()
        losses.append(loss.item())
        gradients.append(network.qa_outputs.weight.grad.clone())
    assert losses[0] == pytest.approx(losses[1], abs=1e-9)
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-9)
    said = outputs(network, inputs, "en")["logits"]
    assert np.allclose(said, Polyglot(network.eval())(inputs, "en").logits_BC.detach().numpy())


def padded(text, more):
    inputs = pad_texts(text.take(np.arange(len(text))), text.pad)
    pads = {**text.pad, "attention_mask": 0}
    return {name: nn.functional.pad(value, (0, more), value=pads[name]) for name, value in inputs.items()}


def test_a_context_without_words_has_no_answer(tokenizer):
    rows = Dataset.from_dict({"question": ["Who?"], "context": [" "]})
    text = QA.encode(tokenizer, rows, 32)
    student = Polyglot(tiny_network("xlm-roberta", "answers").eval())
    assert QA.say(student, text, "en", CPU) == [("",)]
    assert QA.answers(student, text, rows, "en", CPU)[0].said == ""
