"""Every term that matches token by token: hidden states, embeddings, attention, relations.

Each is the reference's in value and in gradient (by finite differences of the reference), is zero at student = teacher,
and does not see pads: more columns or rows of them change nothing.
"""

import numpy as np
import pytest
import torch

from polydistill.objectives import attention, hidden, relations
from reference import monolingual

TEXTS, TOKENS, HEADS, WIDTH = 3, 4, 2, 4
COUNTS = np.array([[True, True, True, False], [True, True, False, False], [True, True, True, True]])


def attended(scores, mask):
    return attention.probabilities(scores, mask)


# By name: the objective and the reference (of student, teacher, counts), and the shape of what is matched.
VECTORS, MAPS = (TEXTS, TOKENS, WIDTH), (TEXTS, HEADS, TOKENS, TOKENS)
TERMS = {
    "hidden mse": (hidden.mse, monolingual.hidden_mse, VECTORS),
    "hidden cosine": (hidden.cosine, monolingual.hidden_cosine, VECTORS),
    "scores": (attention.scores_mse, monolingual.scores_mse, MAPS),
    "probabilities": (
        lambda s, t, mask: attention.probabilities_mse(attended(s, mask), attended(t, mask), mask),
        lambda s, t, counts: monolingual.probabilities_mse(
            monolingual.attended(s, counts), monolingual.attended(t, counts), counts
        ),
        MAPS,
    ),
    "relations": (
        lambda s, t, mask: relations.relation_kl(s, t, HEADS, mask),
        lambda s, t, counts: monolingual.relation_kl(s, t, HEADS, counts),
        VECTORS,
    ),
}
every_term = pytest.mark.parametrize("name", TERMS)


def value_and_gradient(name, student, teacher, counts=COUNTS):
    leaf = torch.tensor(student, requires_grad=True)
    value = TERMS[name][0](leaf, torch.tensor(teacher), None if counts is None else torch.tensor(counts))
    value.backward()
    return value.item(), leaf.grad.numpy()


def drawn(name, seed=0, scale=2.0):
    rng = np.random.default_rng(seed)
    return [rng.normal(scale=scale, size=TERMS[name][2]) for _ in range(2)]


def slope(function, at, step=1e-6):
    """The gradient of a function of an array, by central differences."""
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        moved = [at.copy(), at.copy()]
        moved[0][place] += step
        moved[1][place] -= step
        found[place] = (function(moved[0]) - function(moved[1])) / (2 * step)
    return found


@every_term
@pytest.mark.parametrize("seed", range(4))
def test_equals_the_reference(name, seed):
    student, teacher = drawn(name, seed)
    for counts in (COUNTS, np.ones_like(COUNTS)):
        value, _ = value_and_gradient(name, student, teacher, counts)
        assert value == pytest.approx(TERMS[name][1](student, teacher, counts), rel=1e-9, abs=1e-12)
    assert value == value_and_gradient(name, student, teacher, None)[0] == pytest.approx(value, rel=1e-12)


@every_term
def test_the_gradient_is_the_slope_of_the_reference(name):
    student, teacher = drawn(name)
    _, gradient = value_and_gradient(name, student, teacher)
    expected = slope(lambda moved: TERMS[name][1](moved, teacher, COUNTS), student)
    np.testing.assert_allclose(gradient, expected, atol=1e-7)
    assert np.abs(gradient).max() > 1e-3


@every_term
def test_more_padding_changes_nothing(name):
    student, teacher = drawn(name)
    value, gradient = value_and_gradient(name, student, teacher)
    grown = [TOKENS + 2 if size == TOKENS and axis != 0 else size for axis, size in enumerate(student.shape)]
    if TERMS[name][2] == VECTORS:
        grown[-1] = WIDTH
    grown[0] += 1
    counts = np.zeros((TEXTS + 1, TOKENS + 2), dtype=bool)
    counts[:TEXTS, :TOKENS] = COUNTS
    inside = tuple(slice(0, size) for size in student.shape)
    rng = np.random.default_rng(1)
    wider = [rng.normal(scale=30, size=grown) for _ in range(2)]
    for big, small in zip(wider, (student, teacher), strict=True):
        big[inside] = small
    again, gradient_again = value_and_gradient(name, *wider, counts)
    assert again == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(gradient_again[inside], gradient, rtol=1e-9, atol=1e-15)
    gradient_again[inside] = 0
    assert not gradient_again.any()


@every_term
def test_what_stands_at_pads_changes_nothing(name):
    student, teacher = drawn(name)
    before = value_and_gradient(name, student, teacher)
    pads = ~COUNTS if TERMS[name][2] == VECTORS else ~(COUNTS[:, None, :, None] & COUNTS[:, None, None, :])
    pads = np.broadcast_to(pads[..., None] if pads.ndim == 2 else pads, student.shape)
    student[pads], teacher[pads] = 50.0, -70.0
    value, gradient = value_and_gradient(name, student, teacher)
    assert value == pytest.approx(before[0], rel=1e-12)
    np.testing.assert_allclose(gradient, before[1], rtol=1e-9, atol=1e-15)


@every_term
def test_equal_student_and_teacher_start_at_zero(name):
    same, _ = drawn(name)
    value, gradient = value_and_gradient(name, same, same)
    assert value == pytest.approx(0.0, abs=1e-15)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-15)


@every_term
def test_no_token_counts(name):
    value, gradient = value_and_gradient(name, *drawn(name), np.zeros_like(COUNTS))
    assert value == 0.0
    assert not gradient.any()


@every_term
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_other_precisions(name, dtype):
    student, teacher = drawn(name, scale=1.0)
    term, mask = TERMS[name][0], torch.tensor(COUNTS)
    value = term(torch.tensor(student, dtype=dtype), torch.tensor(teacher, dtype=dtype), mask)
    assert value.item() == pytest.approx(value_and_gradient(name, student, teacher)[0], rel=4 * torch.finfo(dtype).eps)


def test_scores_are_scaled_products_of_queries_and_keys():
    rng = np.random.default_rng(0)
    queries, keys = rng.normal(size=(2, TEXTS, HEADS, TOKENS, 9))
    found = attention.scores(torch.tensor(queries), torch.tensor(keys))
    np.testing.assert_allclose(found.numpy(), monolingual.scores(queries, keys), rtol=1e-12)


def test_scores_of_minus_infinity_at_pads_do_not_matter():
    student, teacher = drawn("scores")
    value, gradient = value_and_gradient("scores", student, teacher)
    pads = np.broadcast_to(~COUNTS[:, None, None, :], student.shape)
    student[pads] = teacher[pads] = -np.inf
    again, gradient_again = value_and_gradient("scores", student, teacher)
    assert again == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(gradient_again, gradient, rtol=1e-12)


def test_small_probabilities_are_cut():
    student, teacher = torch.tensor([[[[0.995, 0.005]]]]), torch.tensor([[[[0.992, 0.008]]]])
    assert attention.probabilities_mse(student, teacher).item() == pytest.approx(0.003**2 / 2, rel=1e-3)
    assert attention.probabilities_mse(student, teacher, smallest=0.0).item() == pytest.approx(0.003**2, rel=1e-3)


def test_heads_are_averaged_after_the_square():
    student = torch.tensor([1.0, -1.0]).reshape(1, 2, 1, 1)
    assert attention.scores_mse(student, torch.zeros(1, 2, 1, 1)).item() == 1.0


def test_relations_of_unequal_widths():
    rng = np.random.default_rng(0)
    student, teacher = rng.normal(size=(TEXTS, TOKENS, 6)), rng.normal(size=(TEXTS, TOKENS, 12))
    for heads in (1, 2, 3, 6):
        found = relations.relation_kl(torch.tensor(student), torch.tensor(teacher), heads, torch.tensor(COUNTS))
        assert found.item() == pytest.approx(monolingual.relation_kl(student, teacher, heads, COUNTS), rel=1e-9)


def test_unfit_shapes_are_refused():
    with pytest.raises(ValueError, match=r"width 6 cannot be cut into 4 relation heads; \[1, 2, 3, 6\] would fit"):
        relations.relation_kl(torch.zeros(1, 2, 6), torch.zeros(1, 2, 8), 4)
    with pytest.raises(ValueError, match=r"student's is \(1, 2, 3, 3\) and the teacher's \(1, 4, 3, 3\).*relations"):
        attention.scores_mse(torch.zeros(1, 2, 3, 3), torch.zeros(1, 4, 3, 3))
