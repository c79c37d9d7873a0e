"""Predictions come back in the order of the rows, and leave the student as it was."""

import numpy as np
import pytest
import torch

from polydistill.data.batches.encoding import encode
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.data.rows.sources import WorldSource
from polydistill.models.polyglot import Polyglot
from polydistill.tasks import NLI, TASKS
from polydistill.tasks.classification import accuracy
from polydistill.tasks.reading import row_logits
from tiny import tiny_network


@pytest.fixture(scope="module")
def text(tokenizer):
    rows = load_rows(WorldSource(rows=30), PAIR_OF_SENTENCES, ["fr"]).rows["fr"]
    return encode(tokenizer, rows, PAIR_OF_SENTENCES, 64)


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_logits_are_in_the_order_of_the_rows(text, batch_size):
    student = Polyglot(tiny_network(dropout=0.4)).train()
    assert len(set(text.lengths)) > 3  # batches are by length: the order must be restored
    logits = row_logits(student, text, "fr", batch_size)
    student.eval()
    for row in range(len(text)):
        ids = torch.from_numpy(text.take(np.array([row]))[0]["input_ids"])[None]
        with torch.no_grad():
            alone = student({"input_ids": ids, "attention_mask": torch.ones_like(ids)}).logits_BC[0]
        np.testing.assert_allclose(logits[row], alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_the_student_is_left_as_it_was(text, training):
    student = Polyglot(tiny_network(dropout=0.4)).train(training)
    before = torch.get_rng_state()
    first, second = row_logits(student, text, None), row_logits(student, text, None)
    assert student.training is training
    assert all(part.training is training for part in student.modules())
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(first, second)
    assert all(value.grad is None for value in student.parameters())


def test_the_language_reaches_families_that_use_it(text):
    student = Polyglot(tiny_network("xlm"))
    assert (row_logits(student, text, "fr") != row_logits(student, text, "en")).any()


def test_accuracy():
    assert accuracy([0, 1, 2, 1], [0, 1, 1, 1]) == 0.75
    assert accuracy(np.array([2, 2]), np.array([2, 2])) == 1.0
    assert accuracy([0], [1]) == 0.0


def test_tasks_by_name():
    assert TASKS["nli"] is NLI
    assert NLI.shape.labels == ("entailment", "neutral", "contradiction")
    assert all(task.name == name for name, task in TASKS.items())
