"""The kernel of fp32 matrix products: measured, kept, applied and put back."""

import json

import pytest
import torch
from training_tools import NUMERICS

from polydistill.errors import DataError
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
    found = probe(64)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert 0 < found.error < 1e-2
    assert found.speedup > 0
    assert found.threads in (1, torch.get_num_threads())
    if found.matmul == "medium":
        assert found.error < 2e-6


def probed(monkeypatch, threads, medium_seconds=1.0, error=0.0, several_seconds=1.0):
    """The probe, with a step whose time and a product whose error depend on the kernel and the threads as given."""
    now = 0.0

    def medium():
        return torch.get_float32_matmul_precision() == "medium"

    def step():
        nonlocal now
        now += (medium_seconds if medium() else 1.0) * (several_seconds if torch.get_num_threads() > 1 else 1.0)

    monkeypatch.setattr(numerics, "_block_step", lambda width: step)
    monkeypatch.setattr(numerics, "_speedup_of_bf16", lambda a, b, now: 1.0)
    monkeypatch.setattr(numerics, "relative_error", lambda a, b: error if medium() else 0.0)
    for clock in ("perf_counter", "process_time"):
        monkeypatch.setattr(numerics.time, clock, lambda: now)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return probe()
    finally:
        assert torch.get_num_threads() == threads
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("medium_seconds", "error", "chosen"),
    [(1.0, 0.0, "highest"), (0.5, 0.0, "medium"), (0.5, 1e-3, "highest"), (0.95, 0.0, "highest")],
)
def test_a_faster_kernel_is_taken_only_if_it_is_as_accurate(monkeypatch, medium_seconds, error, chosen):
    found = probed(monkeypatch, 1, medium_seconds=medium_seconds, error=error)
    assert found.matmul == chosen
    assert found.speedup == pytest.approx(1 / medium_seconds, abs=0.01)


@pytest.mark.parametrize(("several_seconds", "chosen"), [(0.6, 2), (0.8, 1), (5.0, 1)])
def test_several_threads_are_taken_only_if_they_are_faster(monkeypatch, several_seconds, chosen):
    assert probed(monkeypatch, 2, several_seconds=several_seconds).threads == chosen


def test_products_in_bf16_are_measured(monkeypatch):
    a, b = torch.randn(8, 8), torch.randn(8, 8)
    passed = {torch.float32: 6.0, torch.bfloat16: 2.0}
    now = 0.0

    def product(one, other):
        nonlocal now
        now += passed[one.dtype]
        return one

    monkeypatch.setattr(torch.Tensor, "__matmul__", product)
    monkeypatch.setattr(numerics.time, "perf_counter", lambda: 0.0)
    assert numerics._speedup_of_bf16(a, b, lambda: now) == 3.0


@pytest.mark.parametrize(("speedup", "chosen"), [(2.0, "bf16"), (1.05, "fp32"), (0.04, "fp32"), (None, "fp32")])
def test_the_real_scale_computes_in_what_is_faster(monkeypatch, speedup, chosen):
    found = NUMERICS.model_copy(update={"bf16": speedup})
    monkeypatch.setattr(numerics, "remembered", lambda width: found)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert numerics.faster_precision(8) == chosen


@pytest.mark.parametrize(
    ("precision", "device", "speedup", "warned"),
    [
        ("bf16", "cpu", 0.04, True),
        ("fp32", "cpu", 0.04, False),
        ("bf16", "cuda", 0.04, False),
        ("bf16", "cpu", 0.95, False),
    ],
)
def test_a_precision_that_is_slow_here_is_said(precision, device, speedup, warned):
    said = NUMERICS.model_copy(update={"bf16": speedup}).slow(precision, torch.device(device))
    assert said == ("bf16 is 25 times as slow as fp32 on this processor. Take --precision fp32." if warned else None)


def test_the_error_is_that_of_the_product():
    a, b = torch.randn(64, 32), torch.randn(32, 16)
    assert 0 < numerics.relative_error(a, b) < 1e-5
    assert numerics.relative_error(a.double(), b.double()) == 0


def test_what_was_settled_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(numerics, "remembered", lambda width: NUMERICS)
    first = settled(tmp_path, 8)
    monkeypatch.setattr(numerics, "remembered", lambda width: pytest.fail("probed again"))
    assert settled(tmp_path, 8) == first == NUMERICS
    assert json.loads((tmp_path / "numerics.json").read_text())["matmul"] == "highest"
    assert [path.name for path in tmp_path.iterdir()] == ["numerics.json"]


@pytest.mark.parametrize("content", [b"\xff{", b"", b"[]"])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "numerics.json").write_bytes(content)
    with pytest.raises(DataError, match=r"numerics\.json: found .*; expected threads and precision.*Remove it"):
        settled(tmp_path, 8)


def test_it_holds_within_and_not_after():
    other = 3 if torch.get_num_threads() != 3 else 2
    with pytest.raises(KeyError), NUMERICS.model_copy(update={"matmul": "medium", "threads": other}).applied():
        assert torch.get_float32_matmul_precision() == "medium"
        assert torch.get_num_threads() == other
        raise KeyError


def test_another_number_of_processes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(numerics, "remembered", lambda width: NUMERICS)
    assert settled(tmp_path, 8, 2).processes == 2
    assert settled(tmp_path, 8, 2).processes == 2
    with pytest.raises(ValueError, match="begun by 2 processes and cannot go on in 3"):
        settled(tmp_path, 8, 3)


def test_a_busy_moment_does_not_change_what_the_same_command_gives(tmp_path, monkeypatch):
    monkeypatch.setenv("POLYDISTILL_CACHE", str(tmp_path / "cache"))
    answers = iter([NUMERICS, NUMERICS.model_copy(update={"matmul": "medium", "threads": 2}), NUMERICS])
    monkeypatch.setattr(numerics, "probe", lambda width: next(answers))
    folders = [tmp_path / name for name in ("first", "again", "wider")]
    for folder in folders:
        folder.mkdir()
    assert settled(folders[0], 8) == settled(folders[1], 8) == NUMERICS
    assert settled(folders[2], 16).threads == 2  # of another width it says another thing
    (kept,) = [file for file in (tmp_path / "cache" / "numerics").iterdir() if '"medium"' in file.read_text()]
    kept.write_text("{")
    folders[2].joinpath("numerics.json").unlink()
    assert settled(folders[2], 16) == NUMERICS  # what cannot be read is measured again


def test_where_nothing_can_be_remembered_it_is_measured(tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("POLYDISTILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(numerics, "probe", lambda width: NUMERICS)
    assert settled(tmp_path, 8) == NUMERICS
