"""MMKD's objectives are the reference's in value, their gradients its slopes; what does not count changes nothing."""

from itertools import product

import numpy as np
import pytest
import torch

from polydistill.objectives import contrast, sentences, vectors
from reference import mmkd

B, W, D = 4, 5, 3
WORDS = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0], [0, 0, 0, 0, 0]], dtype=bool)
MASKED = np.array([[1, 0, 0, 1, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]], dtype=bool)
COUNTS = np.array([True, True, False, True])


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def xwcl(picks, per):
    student, teacher = drawn(B, W, D), drawn(B, W, D, seed=1)

    def ours(leaf):
        masks = torch.tensor(MASKED), torch.tensor(WORDS)
        return contrast.word_contrast(leaf, torch.tensor(teacher), *masks, 0.7, picks, per)

    return student, ours, lambda s: mmkd.xwcl(s, teacher, MASKED, WORDS, 0.7, picks == "student", per)


def senta(features):
    student, teacher = drawn(B, D), drawn(B, D, seed=1)

    def ours(leaf):
        return sentences.sentence_alignment(leaf, torch.tensor(teacher), features, torch.tensor(COUNTS))

    return student, ours, lambda s: mmkd.senta(s, teacher, features, COUNTS)


def struca(rows):
    student, teacher = drawn(B, D), drawn(B, D, seed=1)

    def ours(leaf):
        return sentences.structure_alignment(leaf, torch.tensor(teacher), 0.2, rows, torch.tensor(COUNTS))

    return student, ours, lambda s: mmkd.struca(s, teacher, 0.2, rows, COUNTS)


def sentence():
    student, teacher = drawn(2, B, D), drawn(B, D, seed=1)

    def ours(leaf):
        both = torch.tensor(np.concatenate([teacher, teacher])), torch.tensor(np.concatenate([COUNTS, COUNTS]))
        return vectors.mse(leaf.flatten(0, 1), *both)

    return student, ours, lambda s: mmkd.sentence(s[0], s[1], teacher, COUNTS)


CASES = {
    **{
        f"xwcl-{picks}-{per}": xwcl(picks, per)
        for picks, per in product(("teacher", "student"), ("sentence", "word", "mean"))
    },
    **{f"senta-{features}": senta(features) for features in ("mean", "sum")},
    **{f"struca-{rows}": struca(rows) for rows in ("mean", "sum")},
    "sentence": sentence(),
}
every_case = pytest.mark.parametrize("name", CASES)


@every_case
def test_equals_the_reference_in_value_and_gradient(name):
    student, ours, reference = CASES[name]
    leaf = torch.tensor(student, requires_grad=True)
    value = ours(leaf)
    assert value.item() == pytest.approx(reference(student), rel=1e-9, abs=1e-12)
    assert value.item() > 1e-3
    value.backward()
    step = 1e-6
    for at in np.ndindex(student.shape):
        up, down = student.copy(), student.copy()
        up[at] += step
        down[at] -= step
        slope = (reference(up) - reference(down)) / (2 * step)
        assert leaf.grad[at].item() == pytest.approx(slope, abs=1e-7), at


def value_and_gradient(loss, student):
    leaf = torch.tensor(student, requires_grad=True)
    value = loss(leaf)
    value.backward()
    return value.item(), leaf.grad.numpy()


def padded(array, rows, columns=0):
    """With rows and columns of large numbers at the end."""
    wide = [(0, rows), (0, columns), (0, 0)][: array.ndim]
    return np.pad(array, wide, constant_values=7.0 if array.dtype != bool else False)


@pytest.mark.parametrize("picks", ["teacher", "student"])
@pytest.mark.parametrize("per", ["sentence", "word", "mean"])
def test_places_without_words_change_nothing(picks, per):
    student, teacher = drawn(B, W, D), drawn(B, W, D, seed=1)

    def loss(teacher, masked, words):
        teacher, masked, words = (torch.tensor(one) for one in (teacher, masked, words))
        return lambda leaf: contrast.word_contrast(leaf, teacher, masked, words, 0.7, picks, per)

    value, gradient = value_and_gradient(loss(teacher, MASKED, WORDS), student)
    more = [padded(one, 2, 3) for one in (teacher, MASKED, WORDS)]
    again, wider = value_and_gradient(loss(*more), padded(student, 2, 3))
    assert again == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(wider[:B, :W], gradient, rtol=1e-12, atol=1e-15)
    assert not wider[B:].any()
    assert not wider[:, W:].any()


def test_rows_that_do_not_count_change_nothing():
    student, teacher = drawn(B, D), drawn(B, D, seed=1)
    for loss in (
        lambda s, t, mask: sentences.sentence_alignment(s, t, "mean", mask),
        lambda s, t, mask: sentences.structure_alignment(s, t, 0.2, "mean", mask),
        lambda s, t, mask: sentences.structure_alignment(s, t, 0.2, "sum", mask),
    ):
        value, gradient = value_and_gradient(lambda leaf, loss=loss: loss(leaf, torch.tensor(teacher), None), student)
        wide, mask = torch.tensor(padded(teacher, 2)), torch.tensor([True] * B + [False] * 2)
        again, wider = value_and_gradient(
            lambda leaf, loss=loss, wide=wide, mask=mask: loss(leaf, wide, mask), padded(student, 2)
        )
        assert again == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(wider[:B], gradient, rtol=1e-9, atol=1e-15)
        assert not wider[B:].any()


def test_a_student_that_is_its_teacher_has_nothing_to_learn_of_sentences():
    same = torch.tensor(drawn(B, D))
    assert sentences.sentence_alignment(same * 3, same).item() == pytest.approx(0.0, abs=1e-15)
    assert sentences.structure_alignment(same * 3, same, 0.1).item() == pytest.approx(0.0, abs=1e-12)


def test_nothing_to_learn_from_is_zero():
    nothing = torch.zeros(2, 0, D, requires_grad=True)
    none = torch.zeros(2, 0, dtype=torch.bool)
    for per in ("sentence", "word", "mean"):
        assert contrast.word_contrast(nothing, nothing, none, none, per=per).item() == 0.0


def test_spread_shows_collapse():
    apart = torch.eye(4)
    assert sentences.spread(apart).item() == pytest.approx(0.75)
    assert sentences.spread(torch.ones(4, 3) * torch.arange(1, 5)[:, None]).item() == pytest.approx(0.0, abs=1e-6)


def test_wrong_options_are_named():
    words = torch.ones(1, 2, dtype=torch.bool)
    some = torch.ones(1, 2, 3)
    with pytest.raises(ValueError, match="The temperature is 0"):
        contrast.word_contrast(some, some, words, words, 0.0)
    with pytest.raises(ValueError, match="Unknown per 'token'"):
        contrast.word_contrast(some, some, words, words, per="token")
    with pytest.raises(ValueError, match="Unknown picks 'both'"):
        contrast.word_contrast(some, some, words, words, picks="both")
    with pytest.raises(ValueError, match="Unknown features 'max'"):
        sentences.sentence_alignment(some[0], some[0], "max")
    with pytest.raises(ValueError, match="Unknown rows 'max'"):
        sentences.structure_alignment(some[0], some[0], 1.0, "max")
    with pytest.raises(ValueError, match=r"The temperature is -1"):
        sentences.structure_alignment(some[0], some[0], -1.0)
