"""The losses of sentence distillation are the reference's in value, their gradients its slopes; masks and measures."""

import numpy as np
import pytest
import torch

from polydistill.objectives import sentences, vectors
from reference import sentences as reference

B, D = 5, 6
COUNTS = np.array([True, True, False, True, True])
ALL = np.ones(B, dtype=bool)
LOSSES = {
    "contrast": (
        lambda s, t, mask: sentences.in_batch_contrast(s, t, 0.3, mask),
        lambda s, t, counts: reference.contrast(s, t, 0.3, counts),
    ),
    "relation": (sentences.relation_mse, reference.relation),
}
every_loss = pytest.mark.parametrize("name", LOSSES)


def drawn(seed=0):
    """The last sentence stands there twice."""
    rng = np.random.default_rng(seed)
    student, teacher = rng.normal(size=(B, D)), rng.normal(size=(B, D))
    teacher[-1] = 2 * teacher[0]
    return student, teacher


def slope(function, at, step=1e-6):
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[place] += step
        down[place] -= step
        found[place] = (function(up) - function(down)) / (2 * step)
    return found


@every_loss
@pytest.mark.parametrize("counts", [None, COUNTS])
def test_value_and_gradient_are_the_references(name, counts):
    (ours, theirs), (student, teacher) = LOSSES[name], drawn()
    leaf = torch.tensor(student, requires_grad=True)
    value = ours(leaf, torch.tensor(teacher), None if counts is None else torch.tensor(counts))
    value.backward()
    real = ALL if counts is None else counts
    assert value.item() == pytest.approx(theirs(student, teacher, real), abs=1e-9)
    np.testing.assert_allclose(leaf.grad, slope(lambda s: theirs(s, teacher, real), student), atol=1e-7)


@every_loss
def test_rows_that_do_not_count_change_nothing(name):
    (ours, _), (student, teacher) = LOSSES[name], drawn()
    mask = torch.tensor(COUNTS)
    whole = ours(torch.tensor(student), torch.tensor(teacher), mask)
    alone = ours(torch.tensor(student[COUNTS]), torch.tensor(teacher[COUNTS]), None)
    assert whole.item() == pytest.approx(alone.item(), rel=1e-12)
    assert ours(torch.tensor(student), torch.tensor(teacher), torch.zeros(B)).item() == 0


@every_loss
def test_the_teachers_own_vectors_are_the_least(name):
    (ours, _), (student, teacher) = LOSSES[name], drawn()
    at_best = ours(torch.tensor(teacher), torch.tensor(teacher), None)
    assert at_best < ours(torch.tensor(student), torch.tensor(teacher), None)
    assert name == "contrast" or at_best.item() == pytest.approx(0, abs=1e-12)


def test_matryoshka_is_the_mean_over_widths():
    student, teacher = (torch.tensor(one) for one in drawn())
    found = sentences.at_widths(vectors.mse, student, teacher, (2, 6))
    wanted = (vectors.mse(student[:, :2], teacher[:, :2]) + vectors.mse(student, teacher)) / 2
    assert found.item() == pytest.approx(wanted.item(), rel=1e-12)


def test_measures_are_the_references_and_tell_what_has_collapsed():
    student, teacher = drawn()
    given = torch.tensor(student), torch.tensor(teacher)
    assert sentences.explained(*given).item() == pytest.approx(reference.explained(student, teacher), abs=1e-12)
    assert sentences.uniformity(given[0]).item() == pytest.approx(reference.uniformity(student), abs=1e-9)
    unit = torch.nn.functional.normalize(given[1], dim=-1)
    collapsed = unit.mean(0).expand_as(unit)
    assert sentences.explained(unit, unit).item() == pytest.approx(1)
    assert sentences.explained(collapsed, unit).item() < 0.05
    assert sentences.uniformity(collapsed).item() == pytest.approx(0, abs=1e-12)


def test_a_temperature_is_above_zero():
    with pytest.raises(ValueError, match="temperature is 0, but must be above 0"):
        sentences.in_batch_contrast(torch.ones(2, 2), torch.ones(2, 2), 0)
