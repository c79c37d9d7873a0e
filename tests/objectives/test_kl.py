"""BERT-KLD's divergence is the poster's in both directions; it is what it should be where it is known."""

import math

import numpy as np
import pytest
import torch

from polydistill.objectives.logits import hinton
from polydistill.objectives.vectors import kl
from reference import bert_kld

both_ways = pytest.mark.parametrize("target", ["teacher", "student"])


def drawn(scale=2.0, seed=0):
    student, teacher = np.random.default_rng(seed).normal(scale=scale, size=(2, 5, 8))
    return student, teacher


def value_and_gradient(student, teacher, *how, counts=None):
    leaf = torch.tensor(student, requires_grad=True)
    value = kl(leaf, torch.tensor(teacher), *how, mask_B=None if counts is None else torch.tensor(counts))
    value.backward()
    return value.item(), leaf.grad.numpy()


@both_ways
@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("scale", [0.1, 2.0, 20.0])
def test_equals_the_reference(target, temperature, scale):
    student, teacher = drawn(scale)
    value, gradient = value_and_gradient(student, teacher, temperature, target)
    assert value == pytest.approx(bert_kld.kl(student, teacher, temperature, target), rel=1e-9)
    if scale != 2.0:
        return
    for place in np.ndindex(student.shape):
        moved = [student.copy(), student.copy()]
        moved[0][place] += 1e-6
        moved[1][place] -= 1e-6
        up, down = (bert_kld.kl(one, teacher, temperature, target) for one in moved)
        assert gradient[place] == pytest.approx((up - down) / 2e-6, abs=1e-7)


def test_cross_entropy_leaves_out_the_teachers_entropy_alone():
    student, teacher = drawn()
    value, gradient = value_and_gradient(student, teacher, 2.0, "teacher", "cross_entropy")
    assert value == pytest.approx(bert_kld.kl(student, teacher, 2.0, scaling="cross_entropy"), rel=1e-9)
    np.testing.assert_allclose(4 * gradient, value_and_gradient(student, teacher, 2.0)[1], atol=1e-12)


def test_golden_values_differ_by_direction():
    """Teacher 3 : 1, student 1 : 1."""
    teacher, student = torch.tensor([[math.log(3.0), 0.0]], dtype=torch.float64), torch.zeros(1, 2).double()
    assert kl(student, teacher).item() == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    assert kl(student, teacher, target="student").item() == pytest.approx(0.5 * math.log(2 / 3) + 0.5 * math.log(2))


def test_of_the_teacher_it_is_hintons():
    student, teacher = map(torch.tensor, drawn())
    assert kl(student, teacher, 3.0).item() == hinton(student, teacher, 3.0).item()
    assert kl(student, teacher, 3.0, "student").item() != pytest.approx(hinton(student, teacher, 3.0).item(), rel=0.01)


@both_ways
def test_one_constant_on_all_features_says_nothing(target):
    student, teacher = drawn()
    value, gradient = value_and_gradient(student, teacher, 1.0, target)
    again, gradient_again = value_and_gradient(student + 7.0, teacher - 3.0, 1.0, target)
    assert again == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(gradient_again, gradient, atol=1e-12)
    np.testing.assert_allclose(gradient.sum(-1), 0.0, atol=1e-15)


@both_ways
def test_a_student_like_its_teacher_has_nothing_to_learn(target):
    student, _ = drawn()
    value, gradient = value_and_gradient(student, student, 2.0, target)
    assert value == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-12)


@both_ways
def test_rows_that_do_not_count_change_nothing(target):
    student, teacher = drawn()
    counts = np.array([True, False, True, True, False])
    value, gradient = value_and_gradient(student, teacher, 2.0, target, counts=counts)
    assert value == pytest.approx(bert_kld.kl(student[counts], teacher[counts], 2.0, target), rel=1e-9)
    assert not gradient[~counts].any()
    student[~counts], teacher[~counts] = 30.0, -4.0
    again, gradient_again = value_and_gradient(student, teacher, 2.0, target, counts=counts)
    assert again == value
    np.testing.assert_array_equal(gradient_again, gradient)
