"""A teacher who knows more pieces than its student: the lost mass is shared out, or goes to the student's <unk>."""

import numpy as np
import pytest
import torch
from vocabulary_cases import PIECES, POSITIONS, assert_equal, every_scaling, make_case

from polydistill.objectives.classes import cross_entropy
from polydistill.objectives.vocabulary import mlm_and_hinton
from polydistill.objectives.vocabulary_teachers import Decoder, Reading, Wider
from reference import monolingual

WIDE, UNKNOWN = 29, 3
KEPT = [0, 2, 3, 5, 8, 13, 14, 20, 21, 26, 28]
every_way = pytest.mark.parametrize("lost", ["renormalise", "tail"])


def wide_teacher(seed=7, bias=True):
    generator = torch.Generator().manual_seed(seed)
    vectors, weight, more = (
        torch.randn(*shape, generator=generator).double() for shape in ((POSITIONS, 7), (WIDE, 7), (WIDE,))
    )
    return Reading(vectors, Decoder(weight, more if bias else None))


def on_kept(teacher, lost, kept=KEPT):
    pieces = torch.tensor(kept)
    return teacher.of(pieces) if lost == "renormalise" else Wider(teacher.vectors_ND, teacher.decoder, pieces, UNKNOWN)


def distributions(teacher, lost, temperature):
    """The teacher's, over the student's pieces, by the reference."""
    scores = teacher.decoder.scores(teacher.vectors_ND).numpy()
    unknown = UNKNOWN if lost == "tail" else None
    return np.stack([monolingual.on_kept(monolingual.softened(row, temperature), KEPT, unknown) for row in scores])


def dense(case, lost, teacher, temperature, scaling):
    """Both terms from whole distributions, by autograd."""
    scores = case.vectors @ case.weight.T + (0 if case.bias is None else case.bias)
    mlm = cross_entropy(scores, case.labels.clamp(min=0), case.labels != -100)
    p = torch.from_numpy(distributions(teacher, lost, temperature))
    q = (scores / temperature).log_softmax(-1)
    rows = -(p * q).sum(-1) + (0 if scaling == "cross_entropy" else torch.special.xlogy(p, p).sum(-1))
    count = max(1, int(case.distil.sum()))
    factor = {"hinton": temperature**2 / count, "cross_entropy": 1 / count, "sequence_sum": temperature**2 / 3}
    return mlm, (rows * case.distil).sum() * factor[scaling]


@every_way
@every_scaling
@pytest.mark.parametrize("chunk", [1, 4, 50])
@pytest.mark.parametrize("bias", [True, False])
def test_values_and_gradients_are_the_dense_ones(lost, scaling, chunk, bias):
    case, teacher = make_case(bias=bias), wide_teacher(bias=bias)
    terms = case.chunked(teacher=on_kept(teacher, lost), temperature=3.0, scaling=scaling, chunk=chunk)
    assert_equal(case, terms, dense(case, lost, teacher, 3.0, scaling))


@every_way
def test_equals_the_numpy_reference(lost):
    case, teacher = make_case(distilled=1.0), wide_teacher()
    student = (case.vectors @ case.weight.T + case.bias).detach().numpy()
    rows = [
        monolingual.divergence(p, monolingual.softened(s, 2.0))
        for p, s in zip(distributions(teacher, lost, 2.0), student, strict=True)
    ]
    found = case.chunked(teacher=on_kept(teacher, lost), temperature=2.0, chunk=4).hinton.item()
    assert found == pytest.approx(4 * sum(rows) / POSITIONS, rel=1e-9)


@every_way
def test_the_gradient_is_the_slope(lost):
    case, teacher = make_case(labelled=0.0), on_kept(wide_teacher(), lost)

    def loss(vectors, weight, bias):
        return mlm_and_hinton(vectors, Decoder(weight, bias), None, teacher, case.distil, temperature=2.0).hinton

    assert torch.autograd.gradcheck(loss, case.leaves)


@every_way
def test_with_all_pieces_kept_nothing_is_lost(lost):
    case = make_case()
    teacher = on_kept(case.teacher, lost, list(range(PIECES)))
    assert_equal(case, case.chunked(teacher=teacher, temperature=3.0), case.dense(3.0))


def test_the_two_ways_differ_by_what_unknown_gets():
    teacher = wide_teacher()
    shared, bucket = (distributions(teacher, lost, 1.0) for lost in ("renormalise", "tail"))
    np.testing.assert_allclose(shared.sum(-1), 1)
    np.testing.assert_allclose(bucket.sum(-1), 1)
    assert (bucket[:, UNKNOWN] > shared[:, UNKNOWN]).all()
    others = [own for own in range(PIECES) if own != UNKNOWN]
    assert (bucket[:, others] < shared[:, others]).all()


def test_scores_so_far_apart_that_a_bucket_has_no_mass():
    case, teacher = make_case(), wide_teacher()
    apart = Decoder(
        teacher.decoder.weight_VD, torch.full((WIDE,), -2000.0).double().index_fill(0, torch.tensor(KEPT), 0)
    )
    terms = case.chunked(teacher=on_kept(Reading(teacher.vectors_ND, apart), "tail"), temperature=1.0)
    assert all(torch.isfinite(one).all() for one in (*terms, *case.gradients(terms)))
    shared = case.chunked(teacher=on_kept(Reading(teacher.vectors_ND, apart), "renormalise"), temperature=1.0)
    assert terms.hinton.item() == pytest.approx(shared.hinton.item(), rel=1e-9)


@every_way
def test_in_low_precision_it_is_near(lost):
    case, teacher = make_case(dtype=torch.float32), wide_teacher()
    low = Reading(teacher.vectors_ND.bfloat16(), Decoder(*(one.bfloat16() for one in vars(teacher.decoder).values())))
    found = case.chunked(teacher=on_kept(low, lost), temperature=2.0).hinton.item()
    assert found == pytest.approx(case.chunked(teacher=on_kept(teacher, lost), temperature=2.0).hinton.item(), rel=0.05)


@every_way
def test_pieces_that_are_not_as_many_as_the_students(lost):
    with pytest.raises(ValueError, match="The teacher scores 10 pieces and the student 11"):
        make_case().chunked(teacher=on_kept(wide_teacher(), lost, KEPT[:-1]))
