"""A method, an objective and a task of one's own: they stand in this file alone, and all that ours can they can.

warmth = mean over rows of |student(text) - (1 - smoothing) onehot(label)|^2
"""

import json
import subprocess
import sys
import textwrap
from typing import Any, ClassVar, Literal

import pytest
import torch
from rich.console import Console
from torch import Tensor, nn

import polydistill
from polydistill.data.rows.labelled import labelled_rows
from polydistill.data.rows.sources import FileSource, Source, WorldSource
from polydistill.exports.provenance import method_of
from polydistill.methods import xd as xd_method
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.spec import TaskMethodSpec
from polydistill.methods.xd import XDSpec
from polydistill.models.polyglot import Polyglot
from polydistill.objectives import vectors
from polydistill.outputs import Loss, Term
from polydistill.starts.origins import Fresh, Pretrained
from polydistill.tasks import TaskSpec
from polydistill.training import execute as engine
from polydistill.training.edit import changed, read_run
from polydistill.training.execute import execute
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging, Training
from polydistill.training.store import Store
from tiny import tiny_network, tiny_tokenizer

QUIET = Console(quiet=True)
MOODS = TaskSpec(kind="text", labels=("cold", "mild", "hot"))
SMOOTHING = 0.1


def smoothed_distance(logits_BC: Tensor, labels_B: Tensor) -> Tensor:
    """An objective of one's own."""
    wanted_BC = nn.functional.one_hot(labels_B, logits_BC.shape[-1]) * (1 - SMOOTHING)
    return ((logits_BC - wanted_BC) ** 2).sum(-1).mean()


class Warmth(Method):
    """Learns moods by the distance above."""

    def __init__(self, student: Polyglot) -> None:
        super().__init__()
        self.student = student

    def forward(self, text: Any, labels: Tensor, language: str | None = None, **_: Any) -> Loss:
        return Loss({"warmth": Term(smoothed_distance(self.student(text, language).logits_BC, labels))})

    def counts(self, batch: Any) -> dict[str, int]:
        return {"warmth": len(batch["labels"])}


class WarmthSpec(TaskMethodSpec):
    """Learn moods. The label counts a little less than 1.

        warmth = |student(text) - label|^2

    That is all.
    """

    kind: Literal["warmth"] = "warmth"
    languages: tuple[str, ...]
    data: Source
    reach: ClassVar[int] = 32

    @property
    def reads(self):
        return ((self.data, self.languages),)

    @property
    def labels_seen(self):
        return self.languages

    def prepare(self, models: Models, seed: int) -> Prepared:
        rows = labelled_rows(self.data, self.task_learned.shape, self.languages).items()
        groups = [self.task_learned.group(models.student.tokenizer, some, code, self.reach) for code, some in rows]
        return Prepared(Warmth(Polyglot(models.student.network)), groups)


@pytest.fixture
def moods(tmp_path):
    """Rows with labels that no task of ours has, in two languages."""
    for code, words in {"en": ("ice", "rain", "fire"), "fr": ("glace", "pluie", "feu")}.items():
        for split, count in (("train", 12), ("dev", 6)):
            rows = [
                {"text": " ".join([words[i % 3]] * (1 + i // 3)), "label": MOODS.labels[i % 3]} for i in range(count)
            ]
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (tmp_path / f"{split}.{code}.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def run_of(folder, **training) -> Run:
    model = folder / "encoder"
    if not model.exists():
        tiny_network(head="mlm", seed=3, dropout=0.1).save_pretrained(model)
        tiny_tokenizer().save_pretrained(model)
    dev = Judging(task=MOODS, languages=("en", "fr"), data=FileSource(path=str(folder / "dev.{lang}.jsonl")))
    return Run(
        name="moods",
        method=WarmthSpec(task=MOODS, languages=("en", "fr"), data=FileSource(path=str(folder / "train.{lang}.jsonl"))),
        start=Pretrained(name=str(model)),
        training=Training(
            **{
                "steps": 8,
                "batch_size": 4,
                "learning_rate": 1e-3,
                "evaluate_every": 2,
                "checkpoint_every": 2,
                **training,
            }
        ),
        selection=dev,
        evaluation=dev,
    )


class Kill(BaseException):
    """Nothing catches it."""


def test_it_trains_is_killed_resumes_bit_for_bit_is_selected_and_exported(moods, monkeypatch):
    run = run_of(moods)
    whole = polydistill.run(run, out=moods / "whole")
    assert "accuracy" in {score.metric for score in whole.result.scores}
    assert whole.result.labels_seen == ("en", "fr")
    assert whole.result.selected_on

    shown = engine.ShowProgress.on_step_end

    def dies(self, args, state, control, **rest):
        shown(self, args, state, control, **rest)
        if state.global_step == 5:
            raise Kill

    with monkeypatch.context() as patch:
        patch.setattr(engine.ShowProgress, "on_step_end", dies)
        with pytest.raises(Kill):
            polydistill.run(run, out=moods / "cut")
    assert (moods / "cut" / "checkpoints").is_dir()
    resumed = polydistill.run(run, out=moods / "cut")
    first, second = ((one.model / "model.safetensors").read_bytes() for one in (whole, resumed))
    assert first == second
    assert whole.result.scores == resumed.result.scores

    exported = polydistill.export(
        moods / "cut", moods / "exported", check=str(moods / "dev.{lang}.jsonl"), check_langs=("en",)
    )
    card = (moods / "exported" / "README.md").read_text(encoding="utf-8")
    assert "Learn moods" in card and "warmth = |student(text) - label|^2" in card
    assert exported is not None


@pytest.mark.slow
def test_it_is_listed_and_its_file_is_not_executed(moods):
    store = Store(moods / "runs")
    run = run_of(moods, steps=2)
    execute(run, store, QUIET)
    folder = store.folder(run)
    assert folder.name == f"warmth-{run.identity}"
    polydistill_ = [sys.executable, "-m", "polydistill"]
    listed = subprocess.run(
        [*polydistill_, "list", "runs", "--runs", store.root], capture_output=True, text=True, check=True
    )
    assert "moods" in listed.stdout, listed.stderr
    command = [*polydistill_, "run", folder / "run.json"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    said = " ".join(refused.stderr.replace("│", " ").split())
    assert "Unknown method 'warmth'" in said and "polydistill.methods" in said
    assert read_run(folder / "run.json") == run  # in this program, which has it
    assert changed(run, ["method.languages=en", "training.steps=3"]).method.languages == ("en",)


def test_a_run_that_starts_from_it(moods):
    after = run_of(moods).model_copy(update={"start": ResultOf(run=run_of(moods))})
    assert Run.model_validate_json(after.model_dump_json()) == after


def test_a_changed_line_is_another_run(moods, monkeypatch):
    run = run_of(moods)
    first = run.identity
    assert run_of(moods).identity == first
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[__name__], "SMOOTHING", 0.2)
        assert run.identity != first
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[__name__], "smoothed_distance", lambda logits, labels: logits.sum())
        assert run.identity != first
    with monkeypatch.context() as patch:
        patch.setattr(Warmth, "counts", lambda self, batch: {"warmth": 1})
        assert run.identity != first
    assert run.identity == first


def test_a_patched_objective_of_ours_is_another_run(monkeypatch):
    run = Run(
        name="xd",
        method=XDSpec(languages=("fr",), data=WorldSource(rows=6)),
        start=Fresh(),
        training=Training(steps=1),
    )
    first = run.identity
    with monkeypatch.context() as patch:
        patch.setitem(xd_method.DISTANCES, "mse", lambda student, teacher: (student - teacher).abs().mean())
        assert run.identity != first
    with monkeypatch.context() as patch:
        patch.setattr(vectors, "mse", lambda student, teacher: student.mean())
        patch.setitem(xd_method.DISTANCES, "mse", vectors.mse)
        assert run.identity != first
    assert run.identity == first


def test_comments_and_layout_do_not_count(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    hashes = {}
    for name, body in {
        "bare_loss": "return student - teacher + WEIGHT",
        "remarked_loss": '"""What it says."""\n    # a remark\n    return (student - teacher\n            + WEIGHT)',
        "other_loss": "return teacher - student + WEIGHT",
    }.items():
        (tmp_path / f"{name}.py").write_text(f"WEIGHT = 2\n\n\ndef loss(student, teacher):\n    {body}\n")
        from importlib import import_module

        from polydistill.methods.source import source_hash

        hashes[name] = source_hash(import_module(name).loss)
    assert hashes["bare_loss"] == hashes["remarked_loss"] != hashes["other_loss"]


def distance(student: Tensor, teacher: Tensor) -> Tensor:
    return (student - teacher).abs().max(-1).values.mean()


def test_xd_takes_a_function(tmp_path):
    spec = XDSpec(languages=("fr",), data=WorldSource(rows=6), distance=distance)
    run = Run(name="xd", method=spec, start=Fresh(), training=Training(steps=1))
    said = json.loads(run.model_dump_json())["method"]["distance"]
    assert said["function"] == f"{__name__}.distance"
    plain = run.model_copy(update={"method": spec.model_copy(update={"distance": "mse"})})
    assert run.identity != plain.identity
    with pytest.raises(ValueError, match=r"distance of 'xd' is the function .*\.distance.* Do this run from Python"):
        Run.model_validate_json(run.model_dump_json())
    assert changed(run, ["method.max_length=9"]).method.distance is distance
    method = xd_method.XD(Polyglot(tiny_network()), None, distance=spec.distance)
    assert method.distance(torch.ones(2, 3), torch.zeros(2, 3)) == 1


def test_a_kind_of_ours_is_not_taken(moods):
    class Mine(XDSpec):
        pass

    with pytest.raises(ValueError, match="'xd' is a method of ours: give Mine a kind of its own"):
        Run(name="x", method=Mine(languages=("fr",), data=WorldSource()), start=Fresh(), training=Training(steps=1))


@pytest.mark.slow
def test_an_installed_package_names_its_methods(tmp_path):
    """An entry point, and nothing else, lets the command line find a method of another package."""
    (tmp_path / "warm.py").write_text(
        textwrap.dedent("""
        '''Warm, of another package.'''
        from typing import Literal
        from polydistill.methods.tuning import TuneSpec

        class WarmSpec(TuneSpec):
            kind: Literal["warm"] = "warm"
        """)
    )
    info = tmp_path / "warm-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: warm\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[polydistill.methods]\nwarm = warm:WarmSpec\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from polydistill.methods.known import spec_class\n"
        "from polydistill.methods.table import entries, summary\n"
        "print(spec_class('warm').__name__, summary(entries()['warm']))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "WarmSpec Warm, of another package."


def test_the_card_says_what_its_own_docstring_says(moods):
    assert method_of(run_of(moods)) == (
        "Learn moods. The label counts a little less than 1",
        "warmth = |student(text) - label|^2",
    )
