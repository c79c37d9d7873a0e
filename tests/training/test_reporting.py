"""Who is told of a run beside its log: TensorBoard and wandb, without a network."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from training_tools import pretrain_run, tune_run
from wandb.proto.wandb_internal_pb2 import Record

import polydistill
from polydistill.jobs.placing import reporters, taken
from polydistill.jobs.run import do
from polydistill.training.execute import execute
from polydistill.training.store import Store

QUIET = Console(quiet=True)


@pytest.fixture
def offline(monkeypatch):
    """No account, no network."""
    for name in ("WANDB_DIR", "WANDB_PROJECT", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")


def logged(folder: Path) -> list[dict[str, float]]:
    return json.loads((folder / "log.json").read_text())


def records(file: Path) -> Iterator[Record]:
    """What wandb wrote, in the way of LevelDB's log: blocks of 32 KiB, of pieces of records that are numbered by place.

    wandb's own reader is no longer part of its Python package.
    """
    data, at, whole = file.read_bytes(), 7, b""
    while at + 7 <= len(data):
        if (left := 32_768 - at % 32_768) < 7:
            at += left
            continue
        _, length, place = struct.unpack("<IHB", data[at : at + 7])
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if place in (1, 4):  # all of a record, or its last piece
            yield Record.FromString(whole)
            whole = b""


def written(folder: Path) -> tuple[str, list[dict[str, float]]]:
    """The name of the one wandb run of a folder, and what it was told, as wandb wrote it down."""
    (file,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    name, told = "", []
    for record in records(file):
        name = record.run.display_name or name
        items = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
        if items:
            told.append(items)
    return name, told


def test_tensorboard_gets_every_term(tmp_path, fixed_numerics):
    run, store = pretrain_run(steps=4), Store(tmp_path, ["tensorboard"])
    execute(run, store, QUIET)
    events_of_run = EventAccumulator(str(store.folder(run) / "tensorboard")).Reload()
    terms = [line["mlm"] for line in logged(store.folder(run))]
    found = [(event.step, event.value) for event in events_of_run.Scalars("train/mlm")]
    assert found == [(step, pytest.approx(value)) for step, value in enumerate(terms, start=1)]


def test_wandb_gets_every_term_of_each_run_offline(tmp_path, fixed_numerics, offline):
    """A run that is done first is a run of wandb's of its own."""
    first = pretrain_run(steps=3)
    run, store = tune_run(first, steps=4), Store(tmp_path, ["wandb"])
    execute(run, store, QUIET)
    assert wandb.run is None
    for one, term in ((first, "mlm"), (run, "task")):
        name, told = written(store.folder(one))
        assert name == one.name
        found = [items[f"train/{term}"] for items in told if f"train/{term}" in items]
        assert found == pytest.approx([line[term] for line in logged(store.folder(one)) if term in line])
    assert [items["eval/score"] for items in told if "eval/score" in items] == [
        line["eval_score"] for line in logged(store.folder(run)) if "eval_score" in line
    ]


def test_wandb_ends_with_a_run_that_fails(tmp_path, fixed_numerics, offline, monkeypatch):
    def fails(*_, **__):
        raise KeyboardInterrupt

    run, store = pretrain_run(steps=3), Store(tmp_path, ["wandb"])
    monkeypatch.setattr("polydistill.training.execute.ShowProgress.on_step_end", fails)
    with pytest.raises(KeyboardInterrupt):
        execute(run, store, QUIET)
    assert wandb.run is None


def test_both_from_python_and_the_identity_is_the_same(tmp_path, fixed_numerics, offline):
    run = pretrain_run(steps=2)
    plain = do(run, tmp_path / "plain", console=QUIET)
    told = do(run, tmp_path / "told", report_to="tensorboard,wandb", console=QUIET)
    assert plain.result.run_id == told.result.run_id
    assert plain.result.model_fingerprint == told.result.model_fingerprint
    assert (plain.folder / "run.json").read_bytes() == (told.folder / "run.json").read_bytes()
    assert {"tensorboard", "wandb"} <= {path.name for path in told.folder.iterdir()}
    assert not {"tensorboard", "wandb"} & {path.name for path in plain.folder.iterdir()}


def test_names(offline):
    assert reporters(" wandb,tensorboard,wandb") == ("wandb", "tensorboard")
    assert reporters(["tensorboard"]) == ("tensorboard",)
    given = {"model": "m", "report_to": "wandb", "out": None}
    assert taken(given) == {"report_to": ("wandb",)}
    assert given == {"model": "m", "out": None}
    with pytest.raises(ValueError, match=r"Unknown name to report to 'wanbd'\. Did you mean 'wandb'"):
        reporters("wanbd")


def test_wandb_without_a_login_is_refused_before_anything_is_read(tmp_path, monkeypatch):
    """In the process that was refused the ways out work: the variables are looked at again."""
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was asked"))
    wandb.teardown()

    def refused(why: str) -> None:
        way_out = r"Run `wandb login`, or set WANDB_API_KEY; or set WANDB_MODE=offline"
        with pytest.raises(ValueError, match=f"--report-to wandb needs a login: {why}.* {way_out}"):
            polydistill.tune("no/such/folder", "no/such/rows.tsv", report_to="wandb")

    refused(r"there is none\.")
    monkeypatch.setenv("WANDB_API_KEY", "short")
    refused("WANDB_API_KEY invalid")
    for name, value in (("WANDB_API_KEY", "0" * 40), ("WANDB_MODE", "offline"), ("WANDB_MODE", "disabled")):
        monkeypatch.delenv("WANDB_API_KEY", raising=False)
        monkeypatch.setenv(name, value)
        wandb.teardown()
        assert reporters("wandb") == ("wandb",)
    wandb.teardown()


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_what_is_not_installed_is_named_before_anything_is_read(name, monkeypatch):
    monkeypatch.setattr("polydistill.errors.importlib.util.find_spec", lambda package: None)
    says = rf"--report-to {name} needs {name}, which is not installed: pip install 'polydistill\[{name}\]'"
    for job in (polydistill.tune, polydistill.xd):
        with pytest.raises(ValueError, match=says):
            job("no/such/folder", "no/such/rows.tsv", report_to=name)
    with pytest.raises(ValueError, match=says):
        polydistill.quickstart("no/such/folder", report_to=[name])
    with pytest.raises(ValueError, match=says):
        polydistill.table("xd/3", runs="no/such/folder", report_to=[name])
    assert not Path("no").exists()
