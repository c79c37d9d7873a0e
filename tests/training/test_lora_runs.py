"""Runs whose student learns through LoRA: every method, selection, resuming, and what is refused."""

import json
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file
from training_tools import (
    NUMERICS,
    aligned_run,
    assert_same_bits,
    monolingual_run,
    multikd_run,
    pretrain_run,
    transfer_run,
    tune_run,
    weights,
    with_starts,
    xd_run,
)
from transformers import AutoModelForSequenceClassification

from polydistill.data.rows.sources import WorldSource
from polydistill.methods.bert_kld import BertKldSpec
from polydistill.models.lora_config import Lora
from polydistill.training import execute
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging, Training
from polydistill.training.store import Store
from polydistill.transfer.strategies import STRATEGIES
from tiers import first_quick

QUIET = Console(quiet=True)
LORA = Lora(rank=2)
BLOCKS = 2


@pytest.fixture(autouse=True)
def same_numerics(fixed_numerics):
    """No folder chooses kernels of its own."""


@pytest.fixture(scope="module")
def started(tmp_path_factory) -> Store:
    """What the runs start from, done once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("polydistill.training.numerics.remembered", lambda width: NUMERICS)
        store = Store(tmp_path_factory.mktemp("started"))
        for run in (*(one for make in RUNS.values() for one in make().first), tune_run()):
            execute.execute(run, store, QUIET)
        return store


def again_run(**training) -> Run:
    """More pre-training of a model that has read before."""
    return pretrain_run(**training).model_copy(update={"start": ResultOf(run=pretrain_run())})


def kld_run(**training) -> Run:
    return Run(
        name="tiny KLD",
        method=BertKldSpec(pair="fr", teacher_pair="en", data=WorldSource(rows=30), max_length=64),
        start=ResultOf(run=pretrain_run()),
        teacher=ResultOf(run=tune_run()),
        training=Training(**{"steps": 10, "batch_size": 4, "learning_rate": 2e-3, "checkpoint_every": 3, **training}),
    )


def plain_multikd_run(**training) -> Run:
    run = multikd_run(**training)
    return run.model_copy(update={"start": run.start.of})


def sentence_run(**training) -> Run:
    return aligned_run(sentence=True, **training)


def few_run(**training) -> Run:
    """Task distillation, where all of one student learns."""
    joint = transfer_run("ADAPT JOINT", **training)
    method = joint.method.model_copy(update={"strategy": STRATEGIES["FULL TRG"]})
    return joint.model_copy(update={"method": method, "source": None, "start": joint.teacher})


RUNS = {
    "pretrain": again_run,
    "tune": tune_run,
    "xd": xd_run,
    "multikd": plain_multikd_run,
    "bert-kld": kld_run,
    "mmkd": aligned_run,
    "sentence": sentence_run,
    "monolingual": monolingual_run,
    "transfer": few_run,
}


def by_lora(run: Run, **more) -> Run:
    """The same run through LoRA."""
    training = Training(**{**run.training.model_dump(), "lora": LORA, "learning_rate": 1e-2, **more})
    return Run(**{**{name: getattr(run, name) for name in Run.model_fields}, "training": training})


def named(folder: Path) -> dict[str, torch.Tensor]:
    """Weights by their names in the encoder, where a head stands beside it or not."""
    return {name.removeprefix("roberta."): value for name, value in load_file(folder / "model.safetensors").items()}


@pytest.mark.parametrize("kind", RUNS)
def test_every_method_learns_through_lora(tmp_path, started, kind):
    """Of the student's encoder only linear layers move; embeddings and norms are those of the start, bit for bit."""
    run = by_lora(RUNS[kind]())
    store = with_starts(started, run, tmp_path / "lora")
    execute.execute(run, store, QUIET)
    folder = store.folder(run)
    start = named(store.folder(run.start.run) / run.start.place)
    found = [named(folder / "model")] if not run.students else [named(one) for one in folder.glob("students/*")]
    assert len(found) == max(1, len(run.students))
    for one in found:
        assert not any("lora" in name or "base_layer" in name for name in one)
        moved = {name for name in one if name in start and not torch.equal(one[name], start[name])}
        if kind != "monolingual":  # whose blocks are others by their numbers
            assert len([name for name in moved if name.startswith("encoder.")]) == 6 * BLOCKS
            assert [name for name in moved if "LayerNorm" in name] == []
        assert [name for name in moved if name.startswith("embeddings.")] == []
        assert any(name.startswith("embeddings.") for name in one)
    assert not (folder / "checkpoints").exists()


MOMENTS = ["step 5", "step 8", "before save_result"]


@pytest.fixture(scope="module")
def uncut(tmp_path_factory) -> Path:
    """Where the runs that nothing cuts off are done, each once."""
    return tmp_path_factory.mktemp("uncut")


class Cut(BaseException):
    """Stands for a kill."""


def cut_at(monkeypatch, moment):
    def reach(here):
        if here == moment:
            raise Cut

    show, save = execute.ShowProgress.on_step_end, execute.save_result

    def on_step_end(callback, args, state, control, **rest):
        reach(f"step {state.global_step}")
        show(callback, args, state, control, **rest)

    def save_result(*given):
        reach("before save_result")
        save(*given)

    monkeypatch.setattr(execute.ShowProgress, "on_step_end", on_step_end)
    monkeypatch.setattr(execute, "save_result", save_result)


@first_quick("moment", MOMENTS)
@pytest.mark.parametrize("kind", ["tune", "xd", "monolingual"])
def test_a_run_that_is_cut_off_ends_with_the_same_bits(tmp_path, started, uncut, kind, moment):
    run = by_lora(RUNS[kind](), lora=Lora(rank=2, dropout=0.3))
    whole, cut = with_starts(started, run, uncut / kind), with_starts(started, run, tmp_path / "cut")
    execute.execute(run, whole, QUIET)
    with pytest.MonkeyPatch.context() as patch:
        cut_at(patch, moment)
        with pytest.raises(Cut):
            execute.execute(run, cut, QUIET)
    kept = sorted((cut.folder(run) / "checkpoints").glob("checkpoint-*/model.safetensors"))
    assert kept
    names = list(load_file(kept[-1]))
    assert names and not any("embeddings" in name or "base_layer" in name for name in names)
    execute.execute(run, cut, QUIET)
    assert_same_bits(cut.folder(run), whole.folder(run))
    assert cut.result(run).model_fingerprint == whole.result(run).model_fingerprint


def test_the_best_weights_are_merged_and_kept(tmp_path, started):
    """Selection scores the adapted student; what is kept scores the same."""
    run = by_lora(tune_run())
    run = run.model_copy(update={"evaluation": Judging(languages=("en",), data=run.selection.data, max_length=64)})
    store = with_starts(started, run, tmp_path / "lora")
    result = execute.execute(run, store, QUIET)
    log = json.loads((store.folder(run) / "log.json").read_text())
    best = max(line["eval_accuracy_en"] for line in log if "eval_accuracy_en" in line)
    assert result.scores[0].value == pytest.approx(best)
    plain = AutoModelForSequenceClassification.from_pretrained(store.folder(run) / "model", trust_remote_code=False)
    assert not [name for name, _ in plain.named_modules() if "lora" in name]


def test_the_mean_of_checkpoints(tmp_path, started):
    run = by_lora(xd_run(), average=2)
    store = with_starts(started, run, tmp_path / "lora")
    execute.execute(run, store, QUIET)
    last = by_lora(xd_run())
    execute.execute(last, store, QUIET)
    found, other = weights(store.folder(run)), weights(store.folder(last))
    assert any(not torch.equal(found[name], other[name]) for name in found)


def test_bf16(tmp_path, started):
    run = by_lora(tune_run(), precision="bf16")
    store = with_starts(started, run, tmp_path / "lora")
    execute.execute(run, store, QUIET)
    found = weights(store.folder(run))
    assert {value.dtype for value in found.values()} == {torch.float32}
    start = weights(store.folder(run.start.run))
    moved = [name for name in found if name in start and not torch.equal(found[name], start[name])]
    assert moved and all(name.endswith(".weight") for name in moved)


def test_the_setting_is_part_of_the_identity():
    run = tune_run()
    known = {by_lora(run, lora=how).identity for how in (None, LORA, Lora(rank=3), Lora(rank=2, layers="query-value"))}
    assert len(known) == 4
    assert "lora" not in json.loads(run.model_dump_json())["training"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (pretrain_run, "A fresh encoder knows nothing yet"),
        (multikd_run, "made with branches, or without attention, must learn whole"),
        (lambda: transfer_run("SFT"), "The strategy says itself what learns"),
    ],
)
def test_what_lora_cannot_adapt_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        by_lora(make())


def test_students_that_begin_at_random_are_refused():
    run = monolingual_run()
    method = run.method.model_copy(update={"init": "random"})
    with pytest.raises(ValueError, match="Parts of the students begin at random"):
        by_lora(run.model_copy(update={"method": method}))


def test_peft_that_is_not_installed_is_named_before_anything_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"LoRA needs peft, which is not installed: pip install 'polydistill\[lora\]'"):
        execute.execute(by_lora(tune_run()), Store(tmp_path / "none"), QUIET)
    assert not (tmp_path / "none").exists() or not list((tmp_path / "none").iterdir())


def test_teachers_are_left_alone(tmp_path, started):
    run = by_lora(xd_run())
    store = with_starts(started, run, tmp_path / "lora")
    before = weights(store.folder(run.start.run))
    execute.execute(run, store, QUIET)
    assert all(torch.equal(value, before[name]) for name, value in weights(store.folder(run.start.run)).items())
