"""Every objective in bf16 is that objective of the same numbers in float32: bf16 is how inputs are stored, no more."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest
import torch

from polydistill import objectives
from polydistill.objectives import attention, classes, contrast, hidden, logits, relations, sentences, vectors

ROWS, TOKENS, HEADS, WIDTH = 6, 7, 2, 8
VECTORS, TOKENWISE, MAPS = (ROWS, WIDTH), (ROWS, TOKENS, WIDTH), (ROWS, HEADS, TOKENS, TOKENS)
LABELS = torch.arange(ROWS) % WIDTH
TOKENS_THAT_COUNT = torch.arange(TOKENS) < torch.tensor([7, 5, 3, 7, 1, 2])[:, None]
ROWS_THAT_COUNT = torch.tensor([True, True, False, True, True, False])


def some_left_out(teacher_NC):
    """Log-probabilities of which a teacher gives the first five alone."""
    log_NC = teacher_NC.float().log_softmax(-1)
    return log_NC.masked_fill(torch.arange(WIDTH) >= 5, float("nan"))


# By name: the function of student and teacher, and what the two are
OBJECTIVES = {
    "attention.scores_mse": (lambda s, t: attention.scores_mse(s, t, TOKENS_THAT_COUNT), MAPS),
    "attention.probabilities_mse": (
        lambda s, t: attention.probabilities_mse(
            attention.probabilities(s, TOKENS_THAT_COUNT),
            attention.probabilities(t, TOKENS_THAT_COUNT),
            TOKENS_THAT_COUNT,
        ),
        MAPS,
    ),
    "classes.cross_entropy": (lambda s, _: classes.cross_entropy(s, LABELS, ROWS_THAT_COUNT), VECTORS),
    "classes.each_alone": (lambda s, t: classes.each_alone(s, t.float().sigmoid()), VECTORS),
    "classes.soft_cross_entropy": (lambda s, t: classes.soft_cross_entropy(s, t.float().softmax(-1)), VECTORS),
    "classes.squared_error": (classes.squared_error, VECTORS),
    "contrast.word_contrast": (
        lambda s, t: contrast.word_contrast(s, t, TOKENS_THAT_COUNT, TOKENS_THAT_COUNT, 4.0),
        TOKENWISE,
    ),
    "hidden.mse": (lambda s, t: hidden.mse(s, t, TOKENS_THAT_COUNT), TOKENWISE),
    "hidden.cosine": (lambda s, t: hidden.cosine(s, t, TOKENS_THAT_COUNT), TOKENWISE),
    "logits.hinton": (lambda s, t: logits.hinton(s, t, 2.0, mask_N=ROWS_THAT_COUNT), VECTORS),
    "logits.from_shares": (lambda s, t: logits.from_shares(s, t.float().softmax(-1), 2.0), VECTORS),
    "logits.rest_as_one": (lambda s, t: logits.hinton(*logits.rest_as_one(s, some_left_out(t)), 2.0), VECTORS),
    "relations.relation_kl": (lambda s, t: relations.relation_kl(s, t, HEADS, TOKENS_THAT_COUNT), TOKENWISE),
    "sentences.sentence_alignment": (
        lambda s, t: sentences.sentence_alignment(s, t, mask_B=ROWS_THAT_COUNT),
        VECTORS,
    ),
    "sentences.in_batch_contrast": (
        lambda s, t: sentences.in_batch_contrast(s, t, mask_B=ROWS_THAT_COUNT),
        VECTORS,
    ),
    "sentences.relation_mse": (lambda s, t: sentences.relation_mse(s, t, ROWS_THAT_COUNT), VECTORS),
    "sentences.structure_alignment": (
        lambda s, t: sentences.structure_alignment(s, t, 0.5, mask_B=ROWS_THAT_COUNT),
        VECTORS,
    ),
    **{
        f"vectors.{name}": (lambda s, t, name=name: getattr(vectors, name)(s, t, mask_B=ROWS_THAT_COUNT), VECTORS)
        for name in ("mse", "squared_distance", "l1", "smooth_l1", "cosine", "kl")
    },
}
every_objective = pytest.mark.parametrize("name", OBJECTIVES)


def value_and_gradient(name, student, teacher):
    leaf = student.clone().requires_grad_()
    value = OBJECTIVES[name][0](leaf, teacher)
    value.backward()
    return value, leaf.grad


def drawn(name):
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(OBJECTIVES[name][1], generator=generator).bfloat16() for _ in range(2)]


@every_objective
def test_of_bf16_it_is_that_of_the_same_numbers_in_fp32(name):
    student, teacher = drawn(name)
    wanted, slope = value_and_gradient(name, student.float(), teacher.float())
    found, its_slope = value_and_gradient(name, student, teacher)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(its_slope.float(), slope, rtol=2**-7, atol=float(slope.abs().max()) * 2**-7)


@every_objective
def test_autocast_changes_nothing(name):
    student, teacher = (one.float() for one in drawn(name))
    wanted, slope = value_and_gradient(name, student, teacher)
    leaf = student.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        found = OBJECTIVES[name][0](leaf, teacher)
    found.backward()  # outside, as the trainer does
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(leaf.grad, slope, rtol=1e-5, atol=1e-7)


def test_no_objective_is_missing():
    """Those over a vocabulary have tests of their own: they multiply in bf16 and sum in fp32."""
    rooms = [file.stem for file in Path(objectives.__file__).parent.glob("[a-z]*.py")]
    found = {
        f"{room}.{name}"
        for room in rooms
        if not room.startswith("vocabulary")
        for name, one in vars(import_module(f"polydistill.objectives.{room}")).items()
        if inspect.isfunction(one)
        and one.__module__.endswith(f"objectives.{room}")
        and not name.startswith("_")
        and next(iter(inspect.signature(one).parameters), "").startswith(("student_", "logits_", "numbers_"))
    }
    assert found == set(OBJECTIVES)
