"""Stored top pieces of a teacher: what was not stored counts as one bucket, so that no mass is lost."""

import numpy as np
import pytest
import torch
from vocabulary_cases import PIECES, POSITIONS, assert_equal, every_scaling, make_case

from polydistill.objectives.vocabulary import mlm_and_hinton
from polydistill.objectives.vocabulary_teachers import Decoder, top_pieces
from reference import monolingual


@pytest.mark.parametrize("pieces", [1, 4, PIECES])
@every_scaling
def test_stored_pieces_keep_the_weight_of_the_rest(pieces, scaling):
    case, temperature = make_case(distilled=1.0), 2.0
    stored = top_pieces(case.teacher, pieces, temperature, chunk=5)
    student = (case.vectors @ case.weight.T + case.bias).detach().numpy()
    teacher = case.teacher.decoder.scores(case.teacher.vectors_ND).numpy()
    entropy = scaling != "cross_entropy"
    rows = [monolingual.bucketed(s, t, pieces, temperature, entropy) for s, t in zip(student, teacher, strict=True)]
    factor = {"hinton": 4 / POSITIONS, "cross_entropy": 1 / POSITIONS, "sequence_sum": 4 / 3}[scaling]
    found = case.chunked(teacher=stored, temperature=temperature, scaling=scaling, chunk=4).hinton
    assert found.item() == pytest.approx(factor * sum(rows), rel=1e-9)


@pytest.mark.parametrize("pieces", [1, 4, PIECES])
def test_the_gradient_of_stored_pieces_is_the_slope(pieces):
    case = make_case(labelled=0.0)
    stored = top_pieces(case.teacher, pieces, 2.0, chunk=50)

    def loss(vectors, weight, bias):
        return mlm_and_hinton(vectors, Decoder(weight, bias), None, stored, case.distil, temperature=2.0).hinton

    assert torch.autograd.gradcheck(loss, case.leaves)


def test_all_pieces_stored_is_the_teacher_itself():
    case = make_case()
    stored = top_pieces(case.teacher, PIECES, 3.0, chunk=4)
    assert torch.isneginf(stored.rest_N).all()
    assert_equal(case, case.chunked(teacher=stored, temperature=3.0), case.dense(3.0))


def test_fewer_pieces_never_diverge_more():
    case = make_case()
    found = [
        case.chunked(teacher=top_pieces(case.teacher, pieces, 1.0, chunk=4)).hinton.item()
        for pieces in range(1, PIECES + 1)
    ]
    assert (np.diff(found) > -1e-12).all()


def test_a_student_sure_of_the_stored_pieces_has_finite_gradients():
    case = make_case(scale=60.0)
    stored = top_pieces(case.teacher, 2, 1.0, chunk=4)
    terms = case.chunked(teacher=stored)
    assert all(torch.isfinite(one).all() for one in (*terms, *case.gradients(terms)))


def test_pieces_stored_at_another_temperature_are_refused():
    case = make_case()
    with pytest.raises(ValueError, match=r"stored at temperature 2\.0, but 4\.0 is asked for.*store them again"):
        case.chunked(teacher=top_pieces(case.teacher, 2, 2.0, chunk=4), temperature=4.0)


@pytest.mark.parametrize("pieces", [0, PIECES + 1])
def test_a_number_of_pieces_that_the_vocabulary_does_not_have(pieces):
    with pytest.raises(ValueError, match=f"Cannot store {pieces} pieces a position: choose 1 to {PIECES}"):
        top_pieces(make_case().teacher, pieces, 1.0, chunk=4)
