"""Each distance is the reference's in value and gradient, whatever its shape; rows that do not count do not count."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from polydistill.objectives import vectors
from reference import xd_paper

DISTANCES = {"mse": vectors.mse, "l1": vectors.l1, "smooth-l1": vectors.smooth_l1, "cosine": vectors.cosine}
every_distance = pytest.mark.parametrize("name", DISTANCES)


def value_and_gradient(name, student, teacher, mask=None):
    leaf = torch.tensor(student, requires_grad=True)
    value = DISTANCES[name](leaf, torch.tensor(teacher), None if mask is None else torch.tensor(mask))
    value.backward()
    return value.item(), leaf.grad.numpy()


@st.composite
def vectors_and_mask(draw):
    rows, width = draw(st.integers(1, 7)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    scale = draw(st.sampled_from([0.01, 1.0, 30.0]))
    student, teacher = (rng.normal(scale=scale, size=(rows, width)) for _ in range(2))
    return student, teacher, np.array(draw(st.lists(st.booleans(), min_size=rows, max_size=rows)))


@every_distance
@settings(max_examples=40, deadline=None)
@given(drawn=vectors_and_mask())
def test_equals_the_reference(name, drawn):
    student, teacher, mask = drawn
    for counts in (None, mask):
        value, gradient = value_and_gradient(name, student, teacher, counts)
        expected, slope = xd_paper.distance(name, student, teacher, counts)
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-9)
        np.testing.assert_allclose(gradient, slope, rtol=1e-9, atol=1e-9)


@every_distance
def test_the_references_gradient_is_the_slope_of_its_value(name):
    rng = np.random.default_rng(0)
    student, teacher = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    counts, step = np.array([True, False, True]), 1e-6
    _, gradient = xd_paper.distance(name, student, teacher, counts)
    for at in np.ndindex(student.shape):
        up, down = student.copy(), student.copy()
        up[at] += step
        down[at] -= step
        rise = xd_paper.distance(name, up, teacher, counts)[0] - xd_paper.distance(name, down, teacher, counts)[0]
        assert gradient[at] == pytest.approx(rise / (2 * step), abs=1e-8)


@every_distance
def test_masked_rows_change_nothing(name):
    rng = np.random.default_rng(1)
    student, teacher = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    mask = np.array([True, False, True, True, False])
    value, gradient = value_and_gradient(name, student, teacher, mask)
    student[~mask], teacher[~mask] = 1e6, -1e6
    again, gradient_again = value_and_gradient(name, student, teacher, mask)
    assert again == value
    np.testing.assert_array_equal(gradient_again, gradient)
    assert not gradient[~mask].any()
    only, gradient_only = value_and_gradient(name, student[mask], teacher[mask])
    assert only == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(gradient_only, gradient[mask], rtol=1e-12)


@every_distance
@pytest.mark.parametrize("mask", [np.zeros(3, dtype=bool), np.zeros(3), np.zeros(3, dtype=np.int64)])
def test_no_row_counts(name, mask):
    rng = np.random.default_rng(2)
    value, gradient = value_and_gradient(name, rng.normal(size=(3, 4)), rng.normal(size=(3, 4)), mask)
    assert value == 0.0
    assert not gradient.any()
    assert np.isfinite(gradient).all()


@every_distance
def test_no_rows_at_all(name):
    value, gradient = value_and_gradient(name, np.zeros((0, 4)), np.zeros((0, 4)))
    assert value == 0.0
    assert gradient.shape == (0, 4)


@every_distance
def test_equal_vectors_are_at_no_distance(name):
    same = np.random.default_rng(3).normal(size=(4, 6))
    value, gradient = value_and_gradient(name, same, same)
    assert value == pytest.approx(0.0, abs=1e-15)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-15)


@every_distance
def test_vectors_of_zeros_have_finite_gradients(name):
    value, gradient = value_and_gradient(name, np.zeros((2, 3)), np.ones((2, 3)))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_known_values():
    student, teacher = np.array([[3.0, 0.5]]), np.array([[1.0, 0.0]])
    assert value_and_gradient("mse", student, teacher)[0] == (4 + 0.25) / 2
    assert value_and_gradient("l1", student, teacher)[0] == (2 + 0.5) / 2
    assert value_and_gradient("smooth-l1", student, teacher)[0] == (1.5 + 0.125) / 2
    opposite = value_and_gradient("cosine", np.array([[2.0, 0.0]]), np.array([[-5.0, 0.0]]))[0]
    assert opposite == pytest.approx(2.0)
