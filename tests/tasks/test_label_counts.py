"""What became of each label, and how candidates are ranked for queries."""

import json

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, ndcg_score, precision_recall_fscore_support

from polydistill.cli.scores import show_evaluated
from polydistill.tasks import NER, NLI, TaskSpec, task_of

SEVERAL = task_of(TaskSpec(kind="text", labels=("a", "b", "c"), problem="several"))
SCORE = task_of(TaskSpec(kind="pair", problem="number"))
POS = task_of(TaskSpec(kind="tags", labels=("NOUN", "VERB")))


def test_a_text_alone_is_a_row_of_one_text():
    assert SEVERAL.row("A dog.") == {"text": "A dog."}
    with pytest.raises(ValueError, match=r"Cannot read the row 'A dog.': no text under text and text_pair"):
        SCORE.row("A dog.")


def test_each_label_of_one_label_tasks():
    rng = np.random.default_rng(0)
    gold, said = rng.integers(3, size=60), rng.integers(3, size=60)
    score = NLI.score("en", said, gold)
    assert score.labels == NLI.shape.labels
    np.testing.assert_array_equal(score.confusion, confusion_matrix(gold, said))
    precision, recall, f1, support = precision_recall_fscore_support(gold, said)
    for place, (right, taken, there) in enumerate(score.by_label):
        assert (right / taken, right / there, there) == pytest.approx((precision[place], recall[place], support[place]))
        assert 2 * right / (taken + there) == pytest.approx(f1[place])


def test_each_label_where_several_hold():
    rng = np.random.default_rng(1)
    gold, said = rng.random((40, 3)) < 0.4, rng.random((40, 3)) < 0.5
    score = SEVERAL.score("en", said, gold)
    assert score.confusion == ()
    each = [2 * right / (taken + there) for right, taken, there in score.by_label]
    np.testing.assert_allclose(each, f1_score(gold, said, average=None))


def test_each_kind_of_entity_and_each_tag():
    index = {tag: at for at, tag in enumerate(NER.shape.labels)}
    gold = [[index[tag] for tag in ("B-PER", "I-PER", "O", "B-LOC")], [index["B-LOC"], index["O"]]]
    said = [[index[tag] for tag in ("B-PER", "O", "O", "B-LOC")], [index["B-LOC"], index["B-ORG"]]]
    score = NER.score("en", said, gold)
    assert dict(zip(score.labels, score.by_label, strict=True)) == {
        "LOC": (2, 2, 2),
        "ORG": (0, 1, 0),
        "PER": (0, 1, 1),
    }
    words = POS.score("en", [[0, 1, 1]], [[0, 0, 1]])
    assert words.confusion == ((1, 1), (0, 1))


def test_candidates_of_a_query_are_ranked():
    """Two queries of three candidates: of the first the best is second, of the second the two best share a place."""
    rows = {
        "text": ["q", "q", "q", "r", "r", "r"],
        "text_pair": list("abcdef"),
        "label": [2.0, 0.0, 1.0, 1.0, 0.0, 0.0],
    }
    gold, said = SCORE.gold(rows), np.array([0.5, 0.9, 0.1, 0.4, 0.4, 0.2])
    scores = {score.metric: score for score in SCORE.scores("en", said, gold)}
    assert set(scores) == {"spearman", "pearson", "mae", "ndcg@10", "mrr"} == {SCORE.metric, *SCORE.beside}
    wanted = np.mean(
        [ndcg_score([[2, 0, 1]], [[0.5, 0.9, 0.1]], k=10), ndcg_score([[1, 0, 0]], [[0.4, 0.4, 0.2]], k=10)]
    )
    assert scores["ndcg@10"].value == pytest.approx(wanted)
    assert scores["mrr"].value == pytest.approx((1 / 2 + 1 / 1.5) / 2)
    assert (scores["mrr"].examples, scores["mae"].examples) == (2, 6)
    by_hand = (2 / np.log2(3) + 0 + 1 / 2) / (2 + 1 / np.log2(3))
    assert ndcg_score([[2, 0, 1]], [[0.5, 0.9, 0.1]]) == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("texts", "labels"),
    [(["q", "r", "s", "t"], [1, 0, 1, 0]), (["q", "q", "r", "r"], [1, -1, 1, 0]), (["q", "q", "r", "r"], [1, 1, 0, 0])],
    ids=["alone", "below zero", "all alike"],
)
def test_nothing_to_rank(texts, labels):
    rows = {"text": texts, "text_pair": list("abcd"), "label": list(map(float, labels))}
    scores = SCORE.scores("en", np.array([0.1, 0.2, 0.4, 0.3]), SCORE.gold(rows))
    assert [score.metric for score in scores] == ["spearman", "pearson", "mae"]


def test_the_screen_shows_labels_and_confusion(capsys):
    gold, said = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])
    show_evaluated([NLI.score("en", said, gold), NLI.score("de", gold, gold)], by_label=True)
    shown = capsys.readouterr().out
    assert "precision" in shown and "de German" in shown and "as neutral" in shown
    (line,) = [line for line in shown.splitlines() if line.split()[:1] == ["entailment"]][:1]
    assert line.split() == ["entailment", "100.0", "50.0", "66.7", "2", "1", "1", "0"]
    assert json.loads(NLI.score("en", said, gold).model_dump_json())["by_label"][0] == [1, 1, 2]
