"""Two and four processes learn of each method, with dropout, what one with the whole batch learns."""

from pathlib import Path

import pytest
import torch
from every_process_worker import CASES, QUICK, all_learned

from several import torchrun

WORKER = Path(__file__).with_name("every_process_worker.py")
pytestmark = pytest.mark.slow
NAMES = [*map(str, CASES), *(f"{case}, accumulated" for case in QUICK)]


@pytest.fixture(scope="module")
def one():
    """What one process learns."""
    return all_learned()


@pytest.fixture(scope="module", params=[2, 4])
def several(request, tmp_path_factory):
    """What several processes learn together."""
    out = tmp_path_factory.mktemp("several") / "learned.pt"
    torchrun(WORKER, out, processes=request.param)
    return torch.load(out, weights_only=True)


def test_every_method_has_the_gradients_and_terms_of_one_process(one, several):
    wrong = [name for name in NAMES if name in several and not alike(several[name], one[name], name)]
    assert wrong == [] and len(several) > 20


def test_with_dropout_of_a_batch_they_would_not(one, several):
    assert [name for name in one if name.endswith("by batch") and alike(several[name], one[name], name)] == []


def alike(found, wanted, name) -> bool:
    """Whether gradients are equal but for rounding (float64), and so are the terms of the log, which are rounded."""
    rounding = 1e-6 if name.endswith("-xlm") else 1e-9  # the softmax of XLM is in fp32
    try:
        for some, others in zip(found["gradients"], wanted["gradients"], strict=True):
            torch.testing.assert_close(some, others, rtol=1e-9, atol=rounding)
        for some, others in zip(found["log"], wanted["log"], strict=True):
            assert some == {name: pytest.approx(value, rel=1e-5, abs=1e-9) for name, value in others.items()}
    except AssertionError as error:
        print(error)
        return False
    return True
