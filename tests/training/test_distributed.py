"""Two processes learn what one with twice the batch learns."""

from pathlib import Path
from typing import Any

import pytest
import torch
from distributed_worker import NAMES, STEPS, learn, small_run, write_start
from rich.console import Console
from training_tools import NUMERICS, assert_close, assert_same_bits, weights

from polydistill.results import RunResult
from polydistill.training.execute import execute
from polydistill.training.store import Store
from several import torchrun

WORKER = Path(__file__).with_name("distributed_worker.py")
pytestmark = pytest.mark.slow


def settle(out: Path) -> None:
    """Fix the kernel, so that runs in different folders can be compared."""
    folder = Store(out / "store").folder(small_run(out / "start", 4))
    folder.mkdir(parents=True)
    (folder / "numerics.json").write_text(NUMERICS.model_copy(update={"processes": 2}).model_dump_json())


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A folder in which two processes have learned all that `distributed_worker.py` names, and done a run."""
    out = tmp_path_factory.mktemp("two")
    write_start(out / "start")
    settle(out)
    torchrun(WORKER, out, "all")
    return out


@pytest.fixture(scope="module")
def learned(whole, tmp_path_factory) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What each of two processes learned, and what one process with twice the batch learned."""
    two = [torch.load(whole / f"learned-{rank}.pt", weights_only=True) for rank in range(2)]
    return two, {name: learn(name, tmp_path_factory.mktemp("one")) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_have_the_gradients_of_twice_the_batch(learned, name):
    two, one = learned
    for step in range(STEPS):
        for process in two:
            assert_close(process[name]["gradients"][step], one[name]["gradients"][step], 1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_have_the_weights_of_twice_the_batch(learned, name):
    two, one = learned
    for step in range(STEPS):
        assert_close(two[0][name]["weights"][step], one[name]["weights"][step], 1e-9)
        assert_close(two[1][name]["weights"][step], two[0][name]["weights"][step], 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_terms_in_the_log_are_those_of_twice_the_batch(learned, name):
    two, one = learned
    lines = [line for line in one[name]["log"] if "loss" in line]
    assert len(lines) == STEPS
    for found, wanted in zip(two[0][name]["log"], lines, strict=True):
        assert found == {key: pytest.approx(value, rel=1e-5) for key, value in wanted.items()}


def test_the_processes_hide_different_numbers_of_tokens(learned):
    two, _ = learned
    assert two[0]["masked"]["counts"] != two[1]["masked"]["counts"]  # else the tests above show too little


def test_both_processes_take_the_same_language(learned):
    two, one = learned
    for name in ("tuning", "private", "monolingual", "monolingual, accumulated", "stream"):
        assert two[0][name]["languages"] == two[1][name]["languages"] == one[name]["languages"]
        assert len(set(one[name]["languages"])) > 1


def test_a_private_part_that_a_step_does_not_use_stays_as_it_is(learned):
    two, _ = learned
    for process in two:
        learned_by = process["private"]
        codes = learned_by["languages"]
        for step, code in enumerate(codes):
            private = {name.split(".")[1] for name in learned_by["gradients"][step]}
            assert private == {"shared", code}
            for other in {"en", "fr", "de"} - {code}:
                if step and other not in codes[:step]:  # not met yet: not even decayed
                    name = f"student.{other}.weight"
                    assert torch.equal(learned_by["weights"][step][name], learned_by["weights"][step - 1][name])


# A whole run


def test_two_processes_do_a_run_together(whole, fixed_numerics):
    store, run = Store(whole / "store"), small_run(whole / "start", 4)
    results = [RunResult.model_validate_json((whole / f"result-{rank}.json").read_text()) for rank in range(2)]
    assert results[0] == results[1] == store.result(run)
    assert "2 processes" in results[0].machine
    assert (whole / "said-0.txt").read_text().startswith("small: step 12 of 12")
    assert (whole / "said-1.txt").read_text() == ""


def test_they_end_where_one_process_with_twice_the_batch_ends(whole, fixed_numerics):
    store = Store(whole / "store")
    double = small_run(whole / "start", 8)
    alone = execute(double, store, Console(quiet=True))
    found, wanted = (
        # A key's bias moves no attention: its gradient is rounding alone, which Adam blows up to whole steps.
        {name: value for name, value in weights(store.folder(run)).items() if not name.endswith("key.bias")}
        for run in (small_run(whole / "start", 4), double)
    )
    assert_close(found, wanted, 1e-4)
    together = store.result(small_run(whole / "start", 4))
    assert [score.value for score in together.scores] == [score.value for score in alone.scores]


def test_two_processes_that_die_are_taken_up_by_two_others(whole, tmp_path):
    (tmp_path / "start").symlink_to(whole / "start")
    settle(tmp_path)
    run = small_run(tmp_path / "start", 4)
    torchrun(WORKER, tmp_path, "8", fails=True)
    folder = Store(tmp_path / "store").folder(run)
    assert [path.name for path in (folder / "checkpoints").glob("checkpoint-*")] == ["checkpoint-5"]
    torchrun(WORKER, tmp_path, "run")
    assert_same_bits(folder, Store(whole / "store").folder(small_run(whole / "start", 4)))


def test_a_process_that_dies_ends_the_other_and_is_taken_up(whole, tmp_path):
    (tmp_path / "start").symlink_to(whole / "start")
    settle(tmp_path)
    torchrun(WORKER, tmp_path, "8 of 1", fails=True)  # which would wait for ever, if the other lived on
    folder = Store(tmp_path / "store").folder(small_run(tmp_path / "start", 4))
    assert [path.name for path in (folder / "checkpoints").glob("checkpoint-*")] == ["checkpoint-5"]
    torchrun(WORKER, tmp_path, "run")
    assert_same_bits(folder, Store(whole / "store").folder(small_run(whole / "start", 4)))
