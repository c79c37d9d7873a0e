"""Fifty steps of each method, pinned: a refactoring must give the same losses.

Everything takes part: rows, tokenizer, schedule, masking, stored signals, method and trainer. `trajectories.json` holds
the losses with the versions that gave them. Where they are meant to change (other defaults, another generator of the
mini-world, a new release of a library), write it anew, say in the change log why, and look at the difference:

    PYTHONPATH=tests python tests/methods/test_trajectory.py
"""

import hashlib
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from mmkd_cases import teacher as english
from multikd_cases import teachers
from rich.console import Console
from transformers import set_seed

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES, SENTENCE
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.bert_kld import BertKldSpec
from polydistill.methods.method import Models, Prepared
from polydistill.methods.mmkd import MMKDSpec
from polydistill.methods.monolingual import MonolingualSpec, Student
from polydistill.methods.multikd import MultiKDSpec
from polydistill.methods.pretraining import PretrainSpec
from polydistill.methods.sentence import SentenceSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.methods.xd import XDSpec
from polydistill.models.loaded import Loaded
from polydistill.starts.origins import Fresh, Pretrained
from polydistill.training.distiller import Distiller
from polydistill.training.execute import make_distiller
from polydistill.training.made import versions
from polydistill.training.run import Run
from polydistill.training.settings import Training
from tiny import tiny_network, tiny_tokenizer

PINNED = Path(__file__).with_name("trajectories.json")
AT = (1, 10, 25, 50)
ROWS = {"languages": ("en", "fr", "tr"), "data": WorldSource(rows=60), "max_length": 40}
ALIGNING = ("mmkd", "sentence")
ALIGNED = {**ROWS, "languages": ("fr", "tr")}
METHODS = {
    "pretrain": PretrainSpec(**ROWS),
    "tune": TuneSpec(**ROWS),
    "xd": XDSpec(**ROWS),
    "xd-living-teacher": XDSpec(store_teacher=False, **ROWS),
    "monolingual": MonolingualSpec(
        students=(Student(name="west", languages=("en", "fr")), Student(name="tr", languages=("tr",))),
        data=ROWS["data"],
        depth=1,
        max_length=ROWS["max_length"],
    ),
    "multikd": MultiKDSpec(**ROWS),
    "xd-first-cosine": XDSpec(on="first", distance="cosine", **ROWS),
    "bert-kld": BertKldSpec(pair="fr-tr", teacher_pair="en-fr", data=ROWS["data"], max_length=ROWS["max_length"]),
    "mmkd": MMKDSpec(head_hidden=12, head_width=8, **ALIGNED),
    "sentence": SentenceSpec(**ALIGNED),
}


def distiller_of(name: str, folder: Path, training: Training) -> tuple[Prepared, Distiller]:
    """What trains a method. In float64, so that other processors give the same digits."""
    method = METHODS[name]
    teacher = Pretrained(name="a teacher, given below") if name in ("bert-kld", *ALIGNING) else None
    named = dict.fromkeys(method.languages, Fresh()) if isinstance(method, MultiKDSpec) else {}
    run = Run(name=name, method=method, start=Fresh(), teacher=teacher, teachers=named, training=training, seed=11)
    head = "mlm" if run.method.kind in ("pretrain", "monolingual", "mmkd") else "classes"
    student = Loaded(tiny_network(head=head, seed=1), tiny_tokenizer())
    teacher = english() if name in ALIGNING else Loaded(tiny_network(head=head, seed=2, dropout=0.1), tiny_tokenizer())
    set_seed(run.seed)
    prepared = run.method.prepare(Models(student, teacher, folder, teachers=teachers()), run.seed)
    return prepared, make_distiller(run, prepared, None, folder / "checkpoints", Console(file=io.StringIO()))


def trajectory(name: str, folder: Path) -> dict[str, float]:
    """The losses of some steps."""
    training = Training(steps=50, batch_size=4, learning_rate=3e-3, warmup=0.1, decay="linear")
    prepared, distiller = distiller_of(name, folder, training)
    losses: list[float] = []
    prepared.method.register_forward_hook(lambda _, __, loss: losses.append(loss.total.item()))
    distiller.fit()
    return {str(step): losses[step - 1] for step in AT}


@pytest.mark.parametrize("name", METHODS)
def test_the_same_losses_as_ever(name, tmp_path):
    pinned = json.loads(PINNED.read_text(encoding="utf-8"))
    found = trajectory(name, tmp_path)
    assert _rows() == pinned["rows"], "the mini-world gives other rows now: pin anew, see the top of this file"
    hint = f"pinned with {pinned['versions']}, found with {versions()}; see the top of this file"
    assert found == pytest.approx(pinned["losses"][name], rel=1e-4), hint


def test_every_method_is_pinned():
    assert json.loads(PINNED.read_text(encoding="utf-8"))["losses"].keys() == METHODS.keys()


def _rows() -> str:
    """A hash of the very rows."""
    read = [load_rows(ROWS["data"], shape, ROWS["languages"]).rows for shape in (PAIR_OF_SENTENCES, SENTENCE)]
    texts = [{code: dataset.to_dict() for code, dataset in rows.items()} for rows in read]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def write() -> None:
    """Write `trajectories.json` anew."""
    with TemporaryDirectory() as folder:
        losses = {name: trajectory(name, Path(folder) / name) for name in METHODS}
    content = {"versions": versions(), "rows": _rows(), "losses": losses}
    PINNED.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
