"""Questions with windows of their contexts: nothing is lost, all fits, and every answer is found again."""

import numpy as np
import pytest

from polydistill.data.batches.passages import NOWHERE, answer_tokens, encode_passages
from tiny import tiny_tokenizer

CONTEXT = "some dogs are running in the park and no cat is sleeping in the garden . " * 3
QUESTIONS = ("where do dogs run ?", "who ?")


@pytest.fixture
def encode():
    def make(max_length=40, overlap=8, questions=QUESTIONS, contexts=(CONTEXT, "a short one")):
        return encode_passages(tiny_tokenizer(), questions, contexts, max_length, overlap)

    return make


def test_a_context_that_fits_is_read_as_the_tokenizer_reads_a_pair(encode):
    passages = encode(400)
    assert len(passages) == 2
    for row, ids in enumerate(passages.take(np.arange(2))):
        expected = tiny_tokenizer()(QUESTIONS[row], (CONTEXT, "a short one")[row])
        assert ids["input_ids"].tolist() == expected["input_ids"]


def test_windows_cover_the_context_and_overlap(encode):
    passages = encode()
    assert passages.row_W.tolist() == [*[0] * (len(passages) - 1), 1] and len(passages) > 3
    assert passages.lengths.max() == 40
    heads = {tuple(ids["input_ids"][:8]) for ids in passages.take(np.flatnonzero(passages.row_W == 0))}
    assert len(heads) == 1  # each begins with the question
    seen, before = [], None
    for window in np.flatnonzero(passages.row_W == 0):
        inside = [tuple(place) for place in passages.places(window).tolist() if place[0] != NOWHERE]
        assert before is None or inside[: len(set(before) & set(inside))] == before[-8:]
        seen += [place for place in inside if place not in seen]
        before = inside
    whole = tiny_tokenizer()(CONTEXT, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    assert seen == whole


@pytest.mark.parametrize("answer", ["some", "the park", "no cat is sleeping", "garden ."])
def test_an_answer_is_whole_in_some_window_and_marked_there(encode, answer):
    start = CONTEXT.index(answer, 60) if answer != "some" else 0
    passages = encode(60, 30)
    ends = answer_tokens(passages, [start, 2], [answer, "short"])
    marked = np.flatnonzero(ends[:, 0])
    assert {0, 1} == set(passages.row_W[marked].tolist())
    for window in marked:
        places, row = passages.places(window), passages.row_W[window]
        text = passages.contexts[row][places[ends[window, 0], 0] : places[ends[window, 1], 1]]
        assert text.strip() == (answer, "short")[row]
    assert not ends[np.setdiff1d(np.arange(len(passages)), marked)].any()


def test_an_answer_cut_by_a_window_is_not_marked_there(encode):
    passages = encode(40, 4)
    whole = CONTEXT.strip()
    assert not answer_tokens(passages, [0, 0], [whole, "a"])[passages.row_W == 0].any()


def test_a_long_question_is_cut(encode):
    passages = encode(40, 8, ("very " * 60, "who ?"))
    assert passages.lengths.max() == 40
    assert all((passages.places(window)[:, 0] != NOWHERE).any() for window in range(len(passages)))


def test_no_rows(encode):
    assert len(encode(questions=(), contexts=())) == 0


def test_what_cannot_be_read(encode):
    with pytest.raises(ValueError, match="max_length is 4, which leaves no room for a context"):
        encode(4)

    class Slow:
        is_fast = False

    with pytest.raises(ValueError, match="Slow does not say where its tokens stand"):
        encode_passages(Slow(), ["a"], ["b"], 10)
