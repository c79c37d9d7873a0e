"""Hinton is the reference's in all three scalings, which differ by factors of T^2 and of the number of positions."""

import math

import numpy as np
import pytest
import torch

from polydistill.objectives.logits import hinton
from reference import monolingual

SCALINGS = ["hinton", "cross_entropy", "sequence_sum"]
every_scaling = pytest.mark.parametrize("scaling", SCALINGS)


def drawn(scale=2.0, seed=0):
    rng = np.random.default_rng(seed)
    student, teacher = rng.normal(scale=scale, size=(2, 6, 5))
    return student, teacher, np.array([True, False, True, True, False, True])


def value_and_gradient(student, teacher, temperature, scaling, counts):
    leaf = torch.tensor(student, requires_grad=True)
    value = hinton(leaf, torch.tensor(teacher), temperature, scaling, torch.tensor(counts), sequences=2)
    value.backward()
    return value.item(), leaf.grad.numpy()


@every_scaling
@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("scale", [0.1, 2.0, 60.0])
def test_equals_the_reference(scaling, temperature, scale):
    student, teacher, counts = drawn(scale)
    value, gradient = value_and_gradient(student, teacher, temperature, scaling, counts)
    assert value == pytest.approx(monolingual.hinton(student, teacher, temperature, scaling, counts, 2), rel=1e-9)
    if scale != 2.0:
        return
    for place in np.ndindex(student.shape):
        moved = [student.copy(), student.copy()]
        moved[0][place] += 1e-6
        moved[1][place] -= 1e-6
        up, down = (monolingual.hinton(one, teacher, temperature, scaling, counts, 2) for one in moved)
        assert gradient[place] == pytest.approx((up - down) / 2e-6, abs=1e-7)


def test_golden_values():
    """Two positions of one text; teacher 3 : 1, student 1 : 1, at T = 2 after the scores are halved."""
    teacher, student = torch.tensor([[2 * math.log(3.0), 0.0]] * 2, dtype=torch.float64), torch.zeros(2, 2).double()
    kl = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)  # 0.130812...
    assert hinton(student, teacher, 2.0).item() == pytest.approx(4 * kl) == pytest.approx(0.523248143764548)
    assert hinton(student, teacher, 2.0, "cross_entropy").item() == pytest.approx(math.log(2))
    assert hinton(student, teacher, 2.0, "sequence_sum", sequences=1).item() == pytest.approx(4 * 2 * kl)
    assert hinton(student, teacher, 2.0, "sequence_sum", sequences=2).item() == pytest.approx(4 * kl)


@every_scaling
def test_rows_that_do_not_count_change_nothing(scaling):
    student, teacher, counts = drawn()
    value, gradient = value_and_gradient(student, teacher, 2.0, scaling, counts)
    assert not gradient[~counts].any()
    student[~counts], teacher[~counts] = 300.0, -40.0
    again, gradient_again = value_and_gradient(student, teacher, 2.0, scaling, counts)
    assert again == value
    np.testing.assert_array_equal(gradient_again, gradient)


@every_scaling
def test_no_row_counts(scaling):
    student, teacher, counts = drawn()
    value, gradient = value_and_gradient(student, teacher, 2.0, scaling, np.zeros_like(counts))
    assert value == 0.0
    assert not gradient.any()


@every_scaling
def test_a_student_like_its_teacher_has_zero_or_the_entropy(scaling):
    _, same, counts = drawn()
    value, gradient = value_and_gradient(same, same, 3.0, scaling, counts)
    entropies = [-sum(p * np.log(p)) for p in (monolingual.softened(row, 3.0) for row in same[counts])]
    assert value == pytest.approx(np.mean(entropies) if scaling == "cross_entropy" else 0.0, abs=1e-12)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-15)


def test_bf16_is_worked_out_in_fp32():
    student, teacher = (torch.tensor(one, dtype=torch.bfloat16) for one in drawn()[:2])
    assert hinton(student, teacher, 4.0).dtype == torch.float32
    assert hinton(student, teacher, 4.0).item() == pytest.approx(
        hinton(student.double(), teacher.double(), 4.0).item(), rel=1e-4
    )


def test_bad_settings_are_refused():
    some = torch.zeros(2, 3)
    with pytest.raises(ValueError, match="divides by the number of sequences; give it as `sequences`"):
        hinton(some, some, 4.0, "sequence_sum")
    with pytest.raises(ValueError, match=r"Unknown scaling 'hintn'\. Did you mean 'hinton'"):
        hinton(some, some, 4.0, "hintn")
    with pytest.raises(ValueError, match="temperature is 0, but must be above 0"):
        hinton(some, some, 0)
