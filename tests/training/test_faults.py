"""What has diverged or is damaged is found, named, and never kept."""

import io
import json
import shutil

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from rich.console import Console
from training_tools import NUMERICS, Regression, given, numbers, pretrain_run, tune_run

from polydistill.data.batches.signals import SignalStore
from polydistill.errors import DataError
from polydistill.training.checkpoints import FILES, checkpoints, damage, seal
from polydistill.training.distiller import Distiller
from polydistill.training.diverging import GRADIENT, DivergedError, Watch, refuse_lost_weights
from polydistill.training.execute import execute
from polydistill.training.finished import changes
from polydistill.training.out import claim, made_whole
from polydistill.training.settings import Training
from polydistill.training.store import Store


class Bursting(Regression):
    """Its term `far` is no number from the given step on; or its gradient alone is not."""

    def __init__(self, step: int, gradient: bool = False) -> None:
        super().__init__()
        self.step, self.gradient, self.seen = step, gradient, 0

    def forward(self, x, y, far, **more):
        self.seen += 1
        loss = super().forward(x, y, far, **more)
        if self.seen < self.step:
            return loss
        terms = dict(loss.terms)
        value = terms["far"].value
        broken = (value - value.detach()).sqrt() if self.gradient else value * torch.nan
        terms["far"] = type(terms["far"])(value + broken if self.gradient else broken, 0.5)
        return type(loss)(terms)


def fitted(folder, method, say=None, steps=8, **settings):
    training = Training(steps=steps, batch_size=2, learning_rate=0.01, **{"checkpoint_every": 3, **settings})
    trainer = Distiller(method, given([[0, 1]] * steps, numbers(4)), training, folder, 0, say=say)
    trainer.fit()
    return trainer


@pytest.mark.parametrize("gradient, named", [(False, "far"), (True, GRADIENT)])
def test_a_diverged_training_stops_at_once_and_keeps_the_last_good_checkpoint(tmp_path, gradient, named):
    message = (
        rf"{named} is not a finite number at step 5 of 8 \(peak learning rate 0.01\).*checkpoint-3, is from before"
    )
    with pytest.raises(DivergedError, match=message):
        fitted(tmp_path, Bursting(5, gradient))
    assert [path.name for path in checkpoints(tmp_path)] == ["checkpoint-3"]
    assert damage(tmp_path / "checkpoint-3") is None


def test_a_diverged_run_leaves_no_result(tmp_path, fixed_numerics):
    run, store = tune_run(learning_rate=1e9), Store(tmp_path)
    with pytest.raises(DivergedError, match="no result was written"):
        execute(run, store, Console(file=io.StringIO()))
    assert store.result(run) is None and not (store.folder(run) / "model").exists()


def test_the_watch_names_terms_before_the_gradient():
    watch = Watch()
    watch.see("task", torch.tensor(1.0), 3)
    assert watch.found() is None
    watch.see("task", torch.tensor(torch.inf), 4)
    watch.see(GRADIENT, float("nan"), 4)
    watch.see("task", torch.tensor(torch.nan), 5)
    assert watch.found() == (4, ("task",))


def test_lost_weights_are_named():
    network = torch.nn.Linear(2, 2)
    refuse_lost_weights(network, "it")
    network.weight.data[0, 0] = torch.nan
    with pytest.raises(DivergedError, match=r"it: 1 of its weights are not finite numbers \(weight\)"):
        refuse_lost_weights(network, "it")


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_settings_are_finite(value):
    with pytest.raises(ValidationError, match="finite"):
        Training(steps=1, learning_rate=value)


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.pt", "scheduler.pt", "trainer_state.json"])
def test_a_flipped_bit_in_a_checkpoint_is_found(tmp_path, name):
    fitted(tmp_path, Regression())
    flip(tmp_path / "checkpoint-8" / name)
    with pytest.raises(DataError, match=rf"checkpoint-8: found {name} was changed.*Remove it"):
        fitted(tmp_path, Regression())


def test_the_checkpoint_before_a_damaged_one_is_taken_and_that_is_said(tmp_path):
    reference = fitted(tmp_path / "whole", Regression()).model.state_dict()
    fitted(tmp_path / "cut", Regression(), steps=8, checkpoint_every=8)
    place = tmp_path / "cut"
    with pytest.raises(DivergedError):
        fitted(tmp_path / "other", Bursting(7))
    (tmp_path / "other" / "checkpoint-6").rename(place / "checkpoint-6")
    (place / "checkpoint-8" / "optimizer.pt").write_bytes(b"")
    heard = []
    found = fitted(place, Regression(), heard.append).model.state_dict()
    assert heard == [
        f"{place / 'checkpoint-8'} is damaged (optimizer.pt was changed since it was written); training goes on from "
        "checkpoint-6."
    ]
    assert all(torch.equal(found[name], value) for name, value in reference.items())


def test_a_seal_sees_what_is_missing_and_what_lies_beside(tmp_path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a").write_text("a")
    (tmp_path / "best").write_text("b")
    seal(tmp_path / "c", [tmp_path / "best"])
    assert damage(tmp_path / "c") is None
    flip(tmp_path / "best")
    assert damage(tmp_path / "c") == "best was changed since it was written"
    (tmp_path / "best").unlink()
    assert damage(tmp_path / "c") == "best is missing"
    (tmp_path / "c" / FILES).write_text("[]")
    assert "cannot be read" in damage(tmp_path / "c")


@pytest.mark.parametrize("content", [b"", b"junk", None], ids=["empty", "junk", "cut off"])
def test_damaged_signals_are_read_again(tmp_path, content):
    keys, said = np.array([b"a" * 16], dtype="S16"), np.ones((1, 2), dtype=np.float32)
    SignalStore(tmp_path).add(keys, said)
    (file,) = tmp_path.glob("*.arrow")
    file.write_bytes(file.read_bytes()[:40] if content is None else content)
    store = SignalStore(tmp_path)
    assert store.find(keys).tolist() == [[-1, -1]] and not file.exists()


def test_a_second_export_to_one_folder_says_so(tmp_path):
    with pytest.raises(ValueError, match="Another process has written"), made_whole(tmp_path / "out") as mine:
        (mine / "a").write_text("mine")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "a").write_text("theirs")
    assert (tmp_path / "out" / "a").read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_claim_is_written_in_one_step(tmp_path, monkeypatch):
    run = tune_run()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".identity.17.unfinished").write_text("")  # of another process, which just begins
    claim(tmp_path / "out", run)
    assert json.loads(f'"{(tmp_path / "out" / "identity").read_text().strip()}"') == run.identity


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("polydistill.training.numerics.remembered", lambda width: NUMERICS)
        store = Store(tmp_path_factory.mktemp("done"))
        execute(pretrain_run(steps=2), store, Console(file=io.StringIO()))
    return store


@pytest.mark.parametrize("fault", ["removed", "cut off", "foreign", "foreign model", "foreign run", "damaged log"])
def test_a_finished_run_without_its_model_is_not_done(done, tmp_path, fault):
    run = pretrain_run(steps=2)
    shutil.copytree(done.root, tmp_path / "runs")
    store = Store(tmp_path / "runs")
    folder = store.folder(run)
    assert execute(run, store).run_id == run.identity
    weights = folder / "model" / "model.safetensors"
    if fault == "removed":
        shutil.rmtree(folder / "model")
    elif fault == "cut off":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif fault == "foreign model":  # as large to the byte
        flip(weights)
    elif fault == "foreign run":
        (folder / "run.json").write_text(run.model_copy(update={"name": "another"}).model_dump_json(indent=2) + "\n")
    elif fault == "damaged log":
        (folder / "log.json").write_bytes(b"{")
    else:
        file = folder / "results.json"
        file.write_text(file.read_text().replace(run.identity, "0" * 16))
    with pytest.raises(DataError, match=r"Remove results.json there, and the run is done again"):
        execute(run, store)


def test_a_flipped_bit_of_a_model_is_found_when_it_is_looked_for(done, tmp_path):
    folder = shutil.copytree(done.folder(pretrain_run(steps=2)), tmp_path / "run")
    assert list(changes(folder)) == []
    flip(folder / "model" / "model.safetensors")
    assert list(changes(folder, most=0)) == []
    (found,) = changes(folder)
    assert "another content" in str(found)


def test_a_folder_that_is_removed_meanwhile_keeps_no_result(tmp_path, fixed_numerics, monkeypatch):
    run, store = pretrain_run(steps=2), Store(tmp_path)
    fit = Distiller.fit
    monkeypatch.setattr(Distiller, "fit", lambda self: (fit(self), shutil.rmtree(store.folder(run))))
    with pytest.raises(DataError, match="removed or replaced while the run was trained"):
        execute(run, store, Console(file=io.StringIO()))
    assert not (store.folder(run) / "results.json").exists() and not (store.folder(run) / "model").exists()
