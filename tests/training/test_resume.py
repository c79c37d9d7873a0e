"""A run that is cut off, wherever, and started again ends with the bits of one that was not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
import torch
from rich.console import Console
from training_tools import (
    NUMERICS,
    Call,
    Regression,
    aligned_run,
    assert_same_bits,
    given,
    monolingual_run,
    multikd_run,
    numbers,
    pretrain_run,
    transfer_run,
    tune_run,
    with_starts,
    xd_run,
)

from polydistill import whole as writing
from polydistill.training import checkpoints, distiller, execute
from polydistill.training.distiller import Distiller
from polydistill.training.run import Run
from polydistill.training.settings import Training
from polydistill.training.store import Store
from tiers import first_quick

QUIET = Console(quiet=True)
TRANSFERS = ("FREEZE +2", "SFT", "ADAPT JOINT")  # what they learn is copied, added, shared


class Cut(BaseException):
    """Stands for a kill: nothing in the engine catches it on purpose."""


class Knife:
    """Cuts a run off before or after the n-th passing of a point."""

    def __init__(self, monkeypatch) -> None:
        self.passed: dict[str, int] = {}
        self.should_cut = lambda point, times: False
        self._patch(monkeypatch)

    def at(self, point: str, times: int = 1) -> None:
        """Cut at one moment, once."""
        self.passed.clear()
        self.should_cut = lambda here, count: (here, count) == (point, times)

    def at_random(self, rng: Random, chance: float) -> None:
        self.should_cut = lambda here, count: rng.random() < chance

    def off(self) -> None:
        self.should_cut = lambda here, count: False

    def reach(self, point: str) -> None:
        self.passed[point] = self.passed.get(point, 0) + 1
        if self.should_cut(point, self.passed[point]):
            raise Cut(point)

    def _patch(self, monkeypatch) -> None:
        for module, name in POINTS:
            monkeypatch.setattr(module, name, self._around(name, getattr(module, name)))
        show = execute.ShowProgress.on_step_end

        def on_step_end(callback, args, state, control, **rest):
            self.reach("step")
            show(callback, args, state, control, **rest)

        monkeypatch.setattr(execute.ShowProgress, "on_step_end", on_step_end)

    def _around(self, name: str, function):
        def wrapped(*args, **kwargs):
            self.reach(f"before {name}")
            result = function(*args, **kwargs)
            self.reach(f"after {name}")
            return result

        return wrapped


POINTS = [
    (distiller, "save_model"),  # of a checkpoint, and of the best weights
    (distiller, "install"),
    (distiller, "discard"),
    (writing, "flush"),
    (distiller, "load_model"),
    (execute, "install"),  # of the student
    (execute, "save_result"),
]


@pytest.fixture
def knife(monkeypatch, fixed_numerics) -> Knife:
    return Knife(monkeypatch)


def whole(run: Run, root: Path) -> Store:
    """A store with the run done in one go."""
    store = Store(root)
    execute.execute(run, store, QUIET)
    return store


@pytest.fixture(scope="module")
def references(tmp_path_factory) -> Store:
    """Runs done without interruption, each when it is first asked for (`copied`)."""
    return Store(tmp_path_factory.mktemp("whole"))


def copied(references: Store, run: Run, root: Path) -> Store:
    """A new store that holds what the run starts from; the references have the run itself. No knife cuts yet."""
    execute.execute(run, references, QUIET)
    return with_starts(references, run, root)


MOMENTS = [
    ("step", 1),  # before any checkpoint
    ("step", 4),  # after the first, at step 3
    ("step", 10),  # the last step is done, and its checkpoint not yet
    ("before save_model", 2),
    ("after save_model", 2),  # the rest of the checkpoint is missing
    ("before install", 2),  # between staging and install
    ("after install", 2),  # the older one still lies there
    ("before discard", 1),
    ("after discard", 1),  # the best weights that nobody needs still lie there
    ("before flush", 9),  # amid install
    ("after install", 4),  # the last checkpoint; nothing left to learn
    ("before save_result", 1),  # the student is written
    ("after save_result", 1),  # the run is done; its checkpoints still lie there
]


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment[0]} {moment[1]}")
def test_tuning_with_selection_resumes(tmp_path, knife, references, moment):
    run = tune_run()
    store = copied(references, run, tmp_path / "cut")
    knife.at(*moment)
    with pytest.raises(Cut):
        execute.execute(run, store, QUIET)
    knife.off()
    result = execute.execute(run, store, QUIET)
    assert_same_bits(store.folder(run), references.folder(run))
    assert result.scores == references.result(run).scores
    assert result.model_fingerprint == references.result(run).model_fingerprint
    assert not (store.folder(run) / "checkpoints").exists()


@first_quick("moment", [("step", 5), ("before install", 2), ("after flush", 20)], ids=str)
@first_quick("make", [xd_run, pretrain_run, aligned_run, monolingual_run, multikd_run], quick=3)
def test_masking_dropout_and_distillation_resume(tmp_path, knife, references, make, moment):
    run = make()
    store = copied(references, run, tmp_path / "cut")
    knife.at(*moment)
    with pytest.raises(Cut):
        execute.execute(run, store, QUIET)
    knife.off()
    execute.execute(run, store, QUIET)
    assert_same_bits(store.folder(run), references.folder(run))


@first_quick("moment", [("before load_model", 1), ("step", 8), ("before save_result", 1)], ids=str)
@first_quick("strategy", TRANSFERS)
def test_zero_shot_strategies_resume(tmp_path, knife, references, strategy, moment):
    """Also when all is learned and not yet carried, and when it is carried and not yet scored."""
    run = transfer_run(strategy)
    store = copied(references, run, tmp_path / "cut")
    knife.at(*moment)
    with pytest.raises(Cut):
        execute.execute(run, store, QUIET)
    knife.off()
    result = execute.execute(run, store, QUIET)
    assert_same_bits(store.folder(run), references.folder(run))
    assert result.scores == references.result(run).scores
    assert result.model_fingerprint == references.result(run).model_fingerprint


def test_a_resumed_run_does_not_begin_anew(tmp_path, knife, references):
    run = tune_run()
    store = copied(references, run, tmp_path / "cut")
    knife.at("step", 8)
    with pytest.raises(Cut):
        execute.execute(run, store, QUIET)
    knife.off()
    knife.passed.clear()
    execute.execute(run, store, QUIET)
    assert knife.passed["step"] == 4  # from step 6 to step 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("make", [pretrain_run, tune_run, xd_run, monolingual_run, multikd_run])
def test_cuts_at_random_moments(tmp_path, knife, references, make, seed):
    run, rng, cuts = make(), Random(seed), 0
    store = copied(references, run, tmp_path / "cut")
    knife.at_random(rng, 0.05)
    while store.result(run) is None:
        try:
            execute.execute(run, store, QUIET)
        except Cut:
            cuts += 1
            if cuts == 12:
                knife.off()
    assert cuts > 0
    assert_same_bits(store.folder(run), references.folder(run))


@pytest.mark.slow
@pytest.mark.parametrize("cut", [1, 4, 7])
def test_log_lines_over_many_steps_survive(tmp_path, knife, cut):
    """Terms are averaged over several steps, and a checkpoint lies amid them."""
    run = pretrain_run(steps=60, checkpoint_every=7)
    reference = whole(run, tmp_path / "whole")
    store = Store(tmp_path / "cut")
    knife.at("step", 8 * cut)
    with pytest.raises(Cut):
        execute.execute(run, store, QUIET)
    knife.off()
    execute.execute(run, store, QUIET)
    assert_same_bits(store.folder(run), reference.folder(run))


# Selection and patience


SCORES = {2: 0.5, 4: 0.9, 6: 0.1, 8: 0.2, 10: 0.95}


def fit(folder: Path, cut_at: int | None = None) -> tuple[Distiller, Regression]:
    """Twelve steps with an evaluation every second, of which the fourth exhausts the patience."""
    method = Regression()

    def stop(step: int) -> None:
        if step == cut_at:
            raise Cut

    steps = given([[4 * step + i for i in range(4)] for step in range(12)], numbers(48))
    settings = Training(
        steps=12, batch_size=4, learning_rate=0.1, evaluate_every=2, patience=2, checkpoint_every=4, clip=0.0
    )
    trainer = Distiller(
        method, steps, settings, folder, 0, lambda: {"score": SCORES[trainer.state.global_step]}, [Call(stop)]
    )
    trainer.fit()
    return trainer, method


def test_a_run_out_of_patience_does_not_go_on_when_it_is_started_again(tmp_path):
    """Its last checkpoint is of the step at which it stopped: step 10 would be a new best."""
    first, method = fit(tmp_path)
    assert (first.state.global_step, first.state.best_global_step) == (8, 4)
    again, resumed = fit(tmp_path)
    assert again.state.global_step == 8
    assert torch.equal(resumed.student.weight, method.student.weight)
    assert again.state.log_history == first.state.log_history


@pytest.mark.parametrize("cut_at", [5, 7, 8])
def test_patience_counts_on_over_an_interruption(tmp_path, cut_at):
    reference, method = fit(tmp_path / "whole")
    with pytest.raises(Cut):
        fit(tmp_path / "cut", cut_at)
    trainer, resumed = fit(tmp_path / "cut")
    assert (trainer.state.global_step, trainer.state.best_global_step) == (8, 4)
    assert torch.equal(resumed.student.weight, method.student.weight)
    assert trainer.state.log_history == reference.state.log_history


# Leftovers


def test_leftovers_of_a_kill_are_removed(tmp_path):
    for leftover in ("unfinished/checkpoint-4", ".checkpoint-2.removed"):
        (tmp_path / leftover).mkdir(parents=True)
        (tmp_path / leftover / "model.safetensors").write_bytes(b"half")
    (tmp_path / ".best-4.safetensors.unfinished").write_bytes(b"half")
    assert checkpoints.checkpoints(tmp_path) == []
    fit(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best-4.safetensors", "checkpoint-8", "unfinished"]
    assert list((tmp_path / "unfinished").iterdir()) == []


def test_resuming_says_nothing(tmp_path, capfd):
    with pytest.raises(Cut):
        fit(tmp_path, 6)
    fit(tmp_path)
    assert capfd.readouterr() == ("", "")


# A real kill


CHILD = """
import sys
from polydistill.training.execute import execute
from polydistill.training.run import Run
from polydistill.training.store import Store
execute(Run.model_validate_json(open(sys.argv[1]).read()), Store(sys.argv[2]))
"""


def kill_at_the_first_checkpoint(run: Run, root: Path) -> None:
    (file := root / "wanted.json").write_text(run.model_dump_json())
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(file), str(root)], stderr=subprocess.DEVNULL)
    folder = Store(root).folder(run) / "checkpoints"
    deadline = time.monotonic() + 120
    while not list(folder.glob("checkpoint-*")):
        assert child.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.001)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL


@pytest.mark.slow
def test_a_killed_process_is_taken_up_by_another(tmp_path, fixed_numerics):
    run = pretrain_run(steps=300, checkpoint_every=5)
    reference = whole(run, tmp_path / "whole")
    store = Store(tmp_path / "killed")
    store.folder(run).mkdir(parents=True)
    (store.folder(run) / "numerics.json").write_text(NUMERICS.model_dump_json())
    kill_at_the_first_checkpoint(run, store.root)
    assert store.unfinished() == [store.folder(run)]
    assert checkpoints.checkpoints(store.folder(run) / "checkpoints")
    execute.execute(run, store, QUIET)
    assert_same_bits(store.folder(run), reference.folder(run))
