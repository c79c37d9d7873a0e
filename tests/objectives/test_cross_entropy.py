"""The cross-entropy of labels is the reference's in value and gradient, also for scores far from zero."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from polydistill.objectives.classes import cross_entropy, soft_cross_entropy
from polydistill.objectives.logits import hinton
from reference import masked_lm, xd_paper


def value_and_gradient(logits, labels, mask=None):
    leaf = torch.tensor(logits, requires_grad=True)
    value = cross_entropy(leaf, torch.tensor(labels), None if mask is None else torch.tensor(mask))
    value.backward()
    return value.item(), leaf.grad.numpy()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8), st.integers(2, 9), st.integers(0, 10**6), st.sampled_from([0.1, 1.0, 300.0]), st.booleans())
def test_equals_the_reference(rows, classes, seed, scale, masked):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(scale=scale, size=(rows, classes)), rng.integers(classes, size=rows)
    mask = rng.random(rows) < 0.5 if masked else None
    value, gradient = value_and_gradient(logits, labels, mask)
    expected, slope = xd_paper.tuning(logits, labels, mask)
    assert value == pytest.approx(expected, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(gradient, slope, rtol=1e-9, atol=1e-9)


def test_masked_rows_change_nothing():
    rng = np.random.default_rng(0)
    logits, labels, mask = rng.normal(size=(4, 3)), np.array([0, 1, 2, 0]), np.array([True, False, True, False])
    value, gradient = value_and_gradient(logits, labels, mask)
    logits[~mask], labels[~mask] = 500.0, 2
    again, gradient_again = value_and_gradient(logits, labels, mask)
    assert again == value
    np.testing.assert_array_equal(gradient_again, gradient)
    assert not gradient[~mask].any()


def test_no_row_counts():
    value, gradient = value_and_gradient(np.ones((2, 3)), np.array([0, 1]), np.zeros(2, dtype=bool))
    assert value == 0.0
    assert not gradient.any()


def test_known_values():
    assert value_and_gradient(np.zeros((2, 4)), np.array([1, 3]))[0] == pytest.approx(np.log(4))
    assert value_and_gradient(np.array([[np.log(3.0), 0.0]]), np.array([0]))[0] == pytest.approx(np.log(4 / 3))


def test_the_masked_lm_reference_reads_hidden_positions_only():
    scores = np.zeros((1, 3, 4))
    scores[0, 1, 2] = np.log(9.0)
    scores[0, 0, 0] = scores[0, 2, 3] = 50.0
    assert masked_lm.masked_lm(scores, np.array([[-100, 2, -100]])) == pytest.approx(np.log(12 / 9))


def test_soft_labels_teach_what_their_teacher_does():
    drawn = torch.Generator().manual_seed(0)
    said, teacher = torch.randn(2, 5, 4, generator=drawn, dtype=torch.float64)
    living = hinton(said, teacher, 1.0, "cross_entropy")
    stored = torch.tensor(torch.softmax(teacher, -1).tolist(), dtype=torch.float32)
    assert abs(float(soft_cross_entropy(said, stored)) - float(living)) < 1e-6


def test_labels_that_share_the_rest_count_as_one():
    said = torch.tensor([[1.0, 0.0, -1.0]], dtype=torch.float64)
    q = torch.softmax(said, -1)[0]
    shares = torch.tensor([[0.6, torch.nan, torch.nan]])
    wanted = -0.6 * q[0].log() - 0.4 * (q[1] + q[2]).log()
    assert abs(float(soft_cross_entropy(said, shares)) - float(wanted)) < 1e-6
