"""Training from streams: a run that is cut off and taken up ends where one does that was left in peace."""

import json
from pathlib import Path

import pytest
import torch
from rich.console import Console
from training_tools import Call, Regression, given, numbers, pretrain_run

from polydistill.data.batches.masking import masking
from polydistill.data.batches.stream_steps import StreamSteps, TextGroup
from polydistill.data.batches.streams import TextStream, open_texts
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.method import Prepared
from polydistill.methods.pretraining import MaskedLanguageModelling
from polydistill.training.checkpoints import seal
from polydistill.training.distiller import Distiller
from polydistill.training.execute import make_distiller
from polydistill.training.settings import Training
from tiny import tiny_network, tiny_tokenizer

STEPS = 12


class Cut(BaseException):
    """Stands for a kill."""


def distiller(folder: Path, packed: bool, **training: object) -> Distiller:
    """Masked language modelling on streamed text in two languages, with dropout."""
    tokenizer, stream = tiny_tokenizer(), TextStream(source=WorldSource(rows=50), buffer=16, packed=packed)
    groups = [TextGroup(code, open_texts(stream, code, seed=0), tokenizer, 32, packed) for code in ("en", "tr")]
    method = MaskedLanguageModelling(tiny_network(head="mlm", dropout=0.2))
    prepared = Prepared(method, transform=masking(tokenizer, 0.3, 0.3), streams=groups)
    run = pretrain_run(STEPS, **training)
    return make_distiller(run, prepared, None, folder, Console(quiet=True))


def cut_at(step: int) -> Call:
    def cut(now: int) -> None:
        if now == step:
            raise Cut

    return Call(cut)


@pytest.mark.parametrize(
    ("accumulation", "packed"),
    [(2, True), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((1, False), (1, True), (2, False)))],
)
def test_a_run_that_is_cut_off_ends_as_one_that_is_not(tmp_path, packed, accumulation):
    torch.manual_seed(0)
    whole = distiller(tmp_path / "whole", packed, accumulation=accumulation)
    whole.fit()
    torch.manual_seed(0)
    broken = distiller(tmp_path / "cut", packed, accumulation=accumulation)
    broken.add_callback(cut_at(8))
    with pytest.raises(Cut):
        broken.fit()
    place = json.loads((tmp_path / "cut" / "checkpoint-6" / "steps-0.json").read_text())
    assert set(place) == {"en", "tr"}
    resumed = distiller(tmp_path / "cut", packed, accumulation=accumulation)
    resumed.fit()
    assert isinstance(resumed.steps, StreamSteps)
    for name, value in whole._method.state_dict().items():
        assert torch.equal(value, resumed._method.state_dict()[name]), name
    assert [line["loss"] for line in resumed.state.log_history] == [line["loss"] for line in whole.state.log_history]


def test_a_resumed_run_begins_with_the_batch_after_its_checkpoint(tmp_path, monkeypatch):
    broken = distiller(tmp_path, packed=True)
    broken.add_callback(cut_at(8))
    with pytest.raises(Cut):
        broken.fit()
    asked, batch = [], StreamSteps.batch

    def counted(steps: StreamSteps, step: int) -> object:
        asked.append(step)
        return batch(steps, step)

    monkeypatch.setattr(StreamSteps, "batch", counted)
    distiller(tmp_path, packed=True).fit()
    assert asked == list(range(6, STEPS))


def test_what_a_checkpoint_holds_of_the_streams_is_taken_over(tmp_path):
    broken = distiller(tmp_path, packed=True)
    broken.add_callback(cut_at(8))
    with pytest.raises(Cut):
        broken.fit()
    file = tmp_path / "checkpoint-6" / "steps-0.json"
    place = json.loads(file.read_text())
    assert place["en"]["sizes"] == [50]  # a first portion is longer than this corpus
    file.write_text(json.dumps({**place, "en": {**place["en"], "sizes": [49]}}))
    seal(file.parent)  # or the change would be found first
    with pytest.raises(ValueError, match="found 50 texts where there were 49"):
        distiller(tmp_path, packed=True).fit()


def test_steps_of_rows_in_memory_leave_no_such_file(tmp_path):
    training = Training(steps=2, batch_size=4, checkpoint_every=1)
    Distiller(Regression(), given([[0, 1, 2, 3]] * 2, numbers(8)), training, tmp_path, seed=0).fit()
    assert (tmp_path / "checkpoint-2").is_dir()
    assert not list(tmp_path.rglob("steps-*.json"))
