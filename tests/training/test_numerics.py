"""The kernel of fp32 matrix products: measured, kept, applied and put back."""

import json

import pytest
import torch
from training_tools import NUMERICS

from polydistill.training import numerics
from polydistill.training.numerics import probe, settled


@pytest.fixture(autouse=True)
def unchanged():
    """No test here leaves the process computing otherwise than before."""
    before = torch.get_float32_matmul_precision(), torch.get_num_threads()
    yield
    assert (torch.get_float32_matmul_precision(), torch.get_num_threads()) == before


def test_the_probe_measures_and_leaves_no_trace():
    state = torch.random.get_rng_state()
    found = probe()
    assert torch.equal(torch.random.get_rng_state(), state)
    assert 0 < found.error < 1e-2
    assert found.speedup > 0
    assert found.threads == torch.get_num_threads()
    if found.matmul == "medium":
        assert found.error < 2e-6


@pytest.mark.parametrize(
    ("medium_seconds", "error", "chosen"),
    [(1.0, 0.0, "highest"), (0.5, 0.0, "medium"), (0.5, 1e-3, "highest"), (0.95, 0.0, "highest")],
)
def test_a_faster_kernel_is_taken_only_if_it_is_as_accurate(monkeypatch, medium_seconds, error, chosen):
    now = 0.0

    class Product:
        """A matrix product with a clock and an error of our own."""

        def __init__(self, value):
            self.value = value

        def double(self):
            return self.value.double()

        def __matmul__(self, other):
            nonlocal now
            medium = torch.get_float32_matmul_precision() == "medium"
            now += medium_seconds if medium else 1.0
            return (self.value @ other.value) * (1 + error if medium else 1)

    draw = torch.randn
    monkeypatch.setattr(torch, "randn", lambda *size, generator: Product(draw(8, 8, generator=generator)))
    monkeypatch.setattr(numerics.time, "perf_counter", lambda: now)
    found = probe()
    assert found.matmul == chosen
    assert found.speedup == pytest.approx(1 / medium_seconds, abs=0.01)


def test_what_was_settled_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(numerics, "probe", lambda: NUMERICS)
    first = settled(tmp_path)
    monkeypatch.setattr(numerics, "probe", lambda: pytest.fail("probed again"))
    assert settled(tmp_path) == first == NUMERICS
    assert json.loads((tmp_path / "numerics.json").read_text())["matmul"] == "highest"
    assert [path.name for path in tmp_path.iterdir()] == ["numerics.json"]


def test_it_holds_within_and_not_after():
    other = 3 if torch.get_num_threads() != 3 else 2
    with pytest.raises(KeyError), NUMERICS.model_copy(update={"matmul": "medium", "threads": other}).applied():
        assert torch.get_float32_matmul_precision() == "medium"
        assert torch.get_num_threads() == other
        raise KeyError


def test_another_number_of_processes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(numerics, "probe", lambda: NUMERICS)
    assert settled(tmp_path, 2).processes == 2
    assert settled(tmp_path, 2).processes == 2
    with pytest.raises(ValueError, match="begun by 2 processes and cannot go on in 3"):
        settled(tmp_path, 3)
