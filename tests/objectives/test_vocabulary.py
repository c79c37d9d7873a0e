"""The chunked losses over a large vocabulary are the dense ones, in value and gradient, however they are cut."""

import dataclasses

import numpy as np
import pytest
import torch
from vocabulary_cases import PIECES, POSITIONS, WIDTH, assert_equal, every_scaling, make_case

from polydistill.objectives import vocabulary_pass
from polydistill.objectives.logits import hinton
from polydistill.objectives.vocabulary import mlm_and_hinton
from polydistill.objectives.vocabulary_teachers import Decoder, Reading, top_pieces
from reference import monolingual


@pytest.fixture
def passes(monkeypatch):
    """How many positions each pass reads, and how many of them with the teacher."""
    done = []
    run = vocabulary_pass.run

    def noted(work, *others):
        done.append((len(work.rows), work.distilled))
        return run(work, *others)

    monkeypatch.setattr(vocabulary_pass, "run", noted)
    return done


@every_scaling
@pytest.mark.parametrize("chunk", [1, 4, POSITIONS, 50])
@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_equals_the_dense_losses(scaling, chunk, temperature):
    for seed in range(3):
        case = make_case(seed, bias=seed != 1)
        terms = case.chunked(temperature=temperature, scaling=scaling, chunk=chunk)
        assert_equal(case, terms, case.dense(temperature, scaling))


@every_scaling
def test_equals_the_numpy_reference(scaling):
    case = make_case()
    student = (case.vectors @ case.weight.T + case.bias).detach().numpy()
    teacher = case.teacher.decoder.scores(case.teacher.vectors_ND).numpy()
    mlm, distilled = case.chunked(temperature=3.0, scaling=scaling, chunk=4)
    assert mlm.item() == pytest.approx(monolingual.mlm(student, case.labels.numpy()), rel=1e-9)
    expected = monolingual.hinton(student, teacher, 3.0, scaling, case.distil.numpy(), 3)
    assert distilled.item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("labelled", "distilled"), [(0, 1), (1, 0), (0, 0), (1, 1), (0.3, 1), (1, 0.3)])
def test_any_share_of_positions_counts(labelled, distilled):
    case = make_case(labelled=labelled, distilled=distilled)
    for chunk in (1, 5, 50):
        assert_equal(case, case.chunked(temperature=2.0, chunk=chunk), case.dense(2.0))


def test_no_positions_at_all():
    case = make_case()
    nothing = dataclasses.replace(
        case,
        vectors=case.vectors[:0].detach().requires_grad_(),
        labels=case.labels[:0],
        distil=case.distil[:0],
        teacher=Reading(case.teacher.vectors_ND[:0], case.teacher.decoder),
    )
    terms = nothing.chunked()
    assert [term.item() for term in terms] == [0.0, 0.0]
    assert not any(gradient.any() for gradient in nothing.gradients(terms))


def test_the_teacher_may_be_tied_to_the_student():
    case = make_case(bias=False)
    tied = dataclasses.replace(case, teacher=Reading(case.vectors.detach() + 0.3, case.decoder))
    assert_equal(tied, tied.chunked(temperature=4.0, chunk=4), tied.dense(4.0))
    itself = dataclasses.replace(case, teacher=Reading(case.vectors, case.decoder))  # no gradient goes this way
    mlm, distilled = itself.chunked(temperature=4.0, chunk=4)
    assert distilled.item() == pytest.approx(0.0, abs=1e-12)
    assert_equal(itself, (mlm, distilled), itself.dense(4.0))


@pytest.mark.parametrize("arriving", [(1.0, 1.0), (0.2, 0.7), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (-1.0, 2.0)])
@pytest.mark.parametrize("given", [(1.0, 1.0), (0.2, 0.7), (1.0, 0.0), (0.0, 0.0)])
def test_right_whatever_weights_arrive(arriving, given):
    case = make_case()
    assert_equal(case, case.chunked(temperature=2.0, weights=given, chunk=4), case.dense(2.0), arriving)


def test_one_pass_where_the_weights_were_given(passes):
    case = make_case()
    case.gradients(case.chunked(weights=(0.2, 0.7)), (0.2 * 1024, 0.7 * 1024))  # as a loss scaler does
    assert len(passes) == 1


def test_other_weights_cost_a_pass_over_the_labelled_positions_without_the_teacher(passes):
    case = make_case()
    terms = case.chunked(temperature=2.0, weights=(0.2, 0.7))
    assert_equal(case, terms, case.dense(2.0), (0.3, 0.1))
    assert passes[1:] == [(int((case.labels != -100).sum()), 0)]
    case.gradients(case.chunked(weights=(0.2, 0.0)), (0.2, 0.1))  # Hinton cannot be had from nothing
    assert passes[3] == passes[2] == passes[0]


@pytest.mark.parametrize(("labelled", "distilled", "arriving"), [(1, 0, (0.3, 1.0)), (0, 1, (1.0, 0.3))])
def test_a_term_that_nothing_counts_for_costs_no_second_pass(passes, labelled, distilled, arriving):
    case = make_case(labelled=labelled, distilled=distilled)
    assert_equal(case, case.chunked(), case.dense(), arriving)
    assert len(passes) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_other_weights_in_other_precisions(dtype):
    rough, fine = make_case(dtype=dtype, scale=0.5), make_case(scale=0.5)
    found, expected = (case.gradients(case.chunked(temperature=2.0), (0.3, 0.9)) for case in (rough, fine))
    for gradient, other in zip(found, expected, strict=True):
        assert gradient.dtype == dtype
        np.testing.assert_allclose(gradient.double().numpy(), other.numpy(), atol=3e-2 * other.abs().max().item())


def test_backward_twice_through_one_graph(passes):
    case = make_case()
    loss = sum(case.chunked())
    loss.backward(retain_graph=True)
    once = [leaf.grad.clone() for leaf in case.leaves]
    loss.backward()
    for leaf, gradient in zip(case.leaves, once, strict=True):
        np.testing.assert_allclose(leaf.grad.numpy(), 2 * gradient.numpy(), rtol=1e-12)
    assert len(passes) == 2


def test_second_derivatives_are_refused():
    case = make_case()
    with pytest.raises(RuntimeError, match=r"no second derivatives.*Use `logits\.hinton`"):
        torch.autograd.grad(case.chunked().mlm, case.leaves, create_graph=True)


def test_only_wanted_gradients_are_worked_out():
    case = make_case()
    case.weight.requires_grad_(False)
    terms, expected = case.chunked(temperature=2.0), case.dense(2.0)
    found, others = (torch.autograd.grad(sum(some), [case.vectors, case.bias]) for some in (terms, expected))
    for gradient, other in zip(found, others, strict=True):
        np.testing.assert_allclose(gradient.numpy(), other.numpy(), rtol=1e-9)
    with torch.no_grad():
        assert not case.chunked().mlm.requires_grad
        assert case.chunked().hinton.item() == pytest.approx(case.dense()[1].item(), rel=1e-9)


def test_each_term_alone():
    case = make_case()
    mlm, nothing = mlm_and_hinton(case.vectors, case.decoder, case.labels)
    assert nothing.item() == 0.0
    assert mlm.item() == pytest.approx(case.dense()[0].item(), rel=1e-12)
    nothing, distilled = mlm_and_hinton(case.vectors, case.decoder, teacher=case.teacher, temperature=4.0)
    everywhere = dataclasses.replace(case, distil=torch.ones_like(case.distil))
    assert nothing.item() == 0.0
    assert distilled.item() == pytest.approx(everywhere.dense(4.0)[1].item(), rel=1e-12)


def test_positions_that_do_not_count_may_hold_anything():
    case = make_case()
    idle = (case.labels == -100) & ~case.distil
    assert idle.any()
    before = case.gradients(case.chunked(temperature=2.0))
    case.vectors.data[idle] = torch.nan
    case.teacher.vectors_ND[idle] = torch.inf
    after = case.gradients(case.chunked(temperature=2.0))
    for gradient, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(gradient.numpy(), other.numpy())


def test_more_positions_that_do_not_count_change_nothing():
    case = make_case()
    more = dataclasses.replace(
        case,
        vectors=torch.cat([case.vectors.detach(), torch.ones(4, WIDTH)]).requires_grad_(),
        labels=torch.cat([case.labels, torch.full((4,), -100)]),
        distil=torch.cat([case.distil, torch.zeros(4, dtype=torch.bool)]),
        teacher=Reading(torch.cat([case.teacher.vectors_ND, torch.ones(4, 7)]), case.teacher.decoder),
    )
    terms, others = case.chunked(chunk=4), more.chunked(chunk=4)
    assert [term.item() for term in terms] == [term.item() for term in others]
    for gradient, other in zip(case.gradients(terms), more.gradients(others), strict=True):
        np.testing.assert_array_equal(gradient.numpy(), other[: len(gradient)].numpy())
        assert not other[len(gradient) :].any()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-5), (torch.bfloat16, 3e-2)])
@pytest.mark.parametrize("stored", [False, True])
def test_other_precisions(dtype, tolerance, stored):
    rough, fine = make_case(dtype=dtype, scale=0.5), make_case(scale=0.5)
    rough_teacher, fine_teacher = (top_pieces(c.teacher, 4, 2.0, 4) if stored else c.teacher for c in (rough, fine))
    terms = rough.chunked(temperature=2.0, chunk=4, teacher=rough_teacher)
    expected = fine.chunked(temperature=2.0, chunk=4, teacher=fine_teacher)
    assert all(term.dtype == torch.float32 for term in terms)
    for value, other in zip(terms, expected, strict=True):
        assert value.item() == pytest.approx(other.item(), rel=tolerance)
    for gradient, other in zip(rough.gradients(terms), fine.gradients(expected), strict=True):
        assert gradient.dtype == dtype
        np.testing.assert_allclose(gradient.double().numpy(), other.numpy(), atol=tolerance * other.abs().max().item())


def test_autocast_multiplies_in_bf16_and_sums_in_fp32():
    case, fine = make_case(dtype=torch.float32, scale=0.5), make_case(scale=0.5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        terms = case.chunked(temperature=2.0, chunk=4)
    exact = case.chunked(temperature=2.0, chunk=4)
    assert terms.mlm.item() != exact.mlm.item()
    for gradient, other in zip(case.gradients(terms), fine.gradients(fine.dense(2.0)), strict=True):
        assert gradient.dtype == torch.float32
        np.testing.assert_allclose(gradient.numpy(), other.numpy(), atol=3e-2 * other.abs().max().item())


def test_a_student_near_its_teacher_keeps_its_divergence_in_fp32():
    """A divergence of about 1e-4 beside cross-entropies of about 9."""
    generator = torch.Generator().manual_seed(0)
    weight, vectors = torch.randn(5000, 16, generator=generator) * 0.2, torch.randn(8, 16, generator=generator)
    near = vectors + 0.02 * torch.randn(8, 16, generator=generator)
    found = mlm_and_hinton(near, Decoder(weight), None, Reading(vectors, Decoder(weight)), temperature=1.0).hinton
    exact = hinton(near.double() @ weight.T.double(), vectors.double() @ weight.T.double(), 1.0).item()
    assert exact < 2e-4
    assert found.item() == pytest.approx(exact, rel=0.01)


def test_unfit_teachers_are_refused():
    case = make_case()
    small = Decoder(case.teacher.decoder.weight_VD[:-1])
    with pytest.raises(ValueError, match=f"teacher scores {PIECES - 1} pieces and the student {PIECES}"):
        case.chunked(teacher=Reading(case.teacher.vectors_ND, small))
    with pytest.raises(ValueError, match=f"teacher gives 5 positions and the student {POSITIONS}"):
        case.chunked(teacher=Reading(case.teacher.vectors_ND[:5], case.teacher.decoder))


def test_bad_settings_are_refused():
    case = make_case()
    with pytest.raises(ValueError, match="at least 1 position, not 0"):
        case.chunked(chunk=0)
    with pytest.raises(ValueError, match="give it as `sequences`"):
        case.chunked(scaling="sequence_sum", sequences=None)
    with pytest.raises(ValueError, match="temperature is -1"):
        case.chunked(temperature=-1)
