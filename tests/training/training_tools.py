"""Small runs, methods and batches that the tests of training share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import TrainerCallback

from polydistill.data.batches.batches import Batch, Group, Steps
from polydistill.data.batches.encoding import Encoded, from_lists
from polydistill.data.batches.masking import IGNORED
from polydistill.data.batches.schedule import Batching
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.method import Method
from polydistill.methods.mmkd import MMKDSpec
from polydistill.methods.monolingual import MonolingualSpec, Student
from polydistill.methods.multikd import MultiKDSpec
from polydistill.methods.pretraining import PretrainSpec
from polydistill.methods.sentence import SentenceSpec
from polydistill.methods.transfer_tuning import TaskDistillation, TransferTuneSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.methods.xd import XDSpec
from polydistill.models.mblm_config import Branches
from polydistill.outputs import Loss, Term
from polydistill.starts.origins import Fresh
from polydistill.training.numerics import Numerics
from polydistill.training.run import Branched, ResultOf, Run
from polydistill.training.settings import Judging, Training
from polydistill.training.store import Store

LANGUAGES = ("en", "fr")
NUMERICS = Numerics(matmul="highest", threads=1, speedup=1.0, error=0.0)


def pretrain_run(steps: int = 10, **training: object) -> Run:
    """Masked language modelling with dropout."""
    settings = {"batch_size": 4, "learning_rate": 2e-3, "checkpoint_every": 3, **training}
    return Run(
        name="tiny polyglot",
        method=PretrainSpec(languages=LANGUAGES, data=WorldSource(rows=30)),
        start=Fresh(vocabulary=200, width=16, blocks=2, heads=2, dropout=0.2),
        training=Training(steps=steps, **settings),
    )


def tune_run(start: Run | None = None, steps: int = 10, **training: object) -> Run:
    """Tuning with selection on dev rows; the network has the dropout of its start."""
    settings = {"batch_size": 4, "learning_rate": 2e-3, "checkpoint_every": 3, "evaluate_every": 2, **training}
    return Run(
        name="tiny baseline",
        method=TuneSpec(languages=LANGUAGES, data=WorldSource(rows=30), max_length=64),
        start=ResultOf(run=start or pretrain_run()),
        training=Training(steps=steps, **settings),
        selection=Judging(languages=("en",), data=WorldSource(rows=30, split="dev"), max_length=64),
        evaluation=Judging(languages=LANGUAGES, data=WorldSource(rows=30, split="test"), max_length=64),
    )


def xd_run(start: Run | None = None, steps: int = 10, **training: object) -> Run:
    """Distillation without selection, with a teacher that reads each batch."""
    settings = {"batch_size": 4, "learning_rate": 2e-3, "checkpoint_every": 3, **training}
    return Run(
        name="tiny XD",
        method=XDSpec(languages=LANGUAGES, data=WorldSource(rows=30), max_length=64, store_teacher=False),
        start=ResultOf(run=start or tune_run()),
        training=Training(steps=steps, **settings),
        evaluation=Judging(languages=LANGUAGES, data=WorldSource(rows=30, split="test"), max_length=64),
    )


def monolingual_run(steps: int = 10, selection: Judging | None = None, **training: object) -> Run:
    """Two students of one block that share the embeddings; the teacher has dropout, and so have they."""
    settings = {"batch_size": 4, "learning_rate": 2e-3, "weight_decay": 0.01, "checkpoint_every": 3, **training}
    students = tuple(Student(name=f"small-{code}", languages=(code,)) for code in LANGUAGES)
    return Run(
        name="tiny students",
        method=MonolingualSpec(students=students, data=WorldSource(rows=30), depth=1, max_length=64),
        start=ResultOf(run=pretrain_run()),
        selection=selection,
        training=Training(steps=steps, batching=Batching(sampling="in-turn"), **settings),
    )


def transfer_run(strategy: str, steps: int = 10, **training: object) -> Run:
    """Labels of one language for the student of another, with a tuned teacher and selection."""
    tuned, students = tune_run(), monolingual_run()
    return Run(
        name=f"tiny {strategy}",
        method=TransferTuneSpec(
            strategy=strategy, languages=("en",), data=WorldSource(rows=30), max_length=64, distil=TaskDistillation()
        ),
        start=ResultOf(run=students, student="small-fr"),
        source=ResultOf(run=students, student="small-en"),
        teacher=ResultOf(run=tuned),
        training=tuned.training.model_copy(update={"steps": steps, **training}),
        selection=tuned.selection,
        evaluation=tuned.evaluation,
    )


def teacher_run(language: str) -> Run:
    """A monolingual teacher: pre-trained and tuned on its own language, with a tokenizer of its own."""
    source = WorldSource(rows=30)
    encoder = Run(
        name=f"tiny {language} encoder",
        method=PretrainSpec(languages=(language,), data=source, pairs=0.0),
        start=Fresh(vocabulary=120, width=16 if language == "en" else 8, blocks=1, heads=2),
        training=Training(steps=2, batch_size=4, learning_rate=2e-3),
    )
    return Run(
        name=f"tiny {language} teacher",
        method=TuneSpec(languages=(language,), data=source, max_length=64),
        start=ResultOf(run=encoder),
        training=Training(steps=2, batch_size=4, learning_rate=2e-3),
    )


def multikd_run(steps: int = 10, **training: object) -> Run:
    """An MBLM with dropout that learns from two monolingual teachers."""
    settings = {"batch_size": 4, "learning_rate": 2e-3, "checkpoint_every": 3, **training}
    return Run(
        name="tiny MultiKD",
        method=MultiKDSpec(languages=LANGUAGES, data=WorldSource(rows=30), max_length=64),
        start=Branched(of=ResultOf(run=pretrain_run()), branches=Branches(languages=LANGUAGES, blocks=1)),
        teachers={code: ResultOf(run=teacher_run(code)) for code in LANGUAGES},
        training=Training(steps=steps, **settings),
        evaluation=Judging(languages=(*LANGUAGES, "tr"), data=WorldSource(rows=30, split="test"), max_length=64),
    )


def aligned_run(steps: int = 10, sentence: bool = False, **training: object) -> Run:
    """MMKD (or plain sentence distillation) of a polyglot with dropout, from an encoder unlike it."""
    settings = {"batch_size": 4, "learning_rate": 2e-3, "weight_decay": 0.01, "checkpoint_every": 3, **training}
    rows: dict[str, object] = {"languages": ("fr", "tr"), "data": WorldSource(rows=30), "max_length": 64}
    return Run(
        name="tiny aligned",
        method=SentenceSpec(**rows) if sentence else MMKDSpec(head_hidden=12, head_width=8, **rows),
        start=ResultOf(run=pretrain_run()),
        teacher=teacher_run("fr").start,  # whose width is another than the student's
        training=Training(steps=steps, batching=Batching(batches="balanced"), **settings),
    )


class Regression(Method):
    """Two terms over different numbers of items: squares over all rows, and over the rows that `far` marks."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.student = nn.Linear(3, 2).double()
        self.projector = nn.Linear(2, 2).double().requires_grad_(False)

    def forward(self, x: Tensor, y: Tensor, far: Tensor, **_: object) -> Loss:
        squares = (self.projector(self.student(x)) - y).square().mean(-1)
        return Loss({"near": Term(squares.mean(), 2.0), "far": Term(squares[far].abs().mean(), 0.5)})

    def counts(self, batch: Batch) -> dict[str, int]:
        return {"near": len(batch["x"]), "far": int(batch["far"].sum())}


def sentences(rows: int, seed: int = 0, vocabulary: int = 200) -> Encoded:
    """Token ids of texts of various lengths, between the special tokens of `tiny.py`'s networks."""
    rng = np.random.default_rng(seed)
    texts = [[0, *rng.integers(5, vocabulary, size=rng.integers(3, 12)).tolist(), 2] for _ in range(rows)]
    return from_lists({"input_ids": texts}, {"input_ids": 1})


def hide_by_content(batch: Batch, rng: np.random.Generator) -> Batch:
    """Hide what the row itself decides, so that a row is hidden alike in whatever batch it stands."""
    ids = batch["text"]["input_ids"]
    hidden = (ids >= 5) & ((ids + torch.arange(ids.shape[1])) % 3 == 0)
    hidden[:, 1] = True
    return {
        **batch,
        "text": {**batch["text"], "input_ids": ids.masked_fill(hidden, 4)},
        "labels": ids.masked_fill(~hidden, IGNORED),
    }


class ByLanguage(Method):
    """A shared part and one private part a language: a step of one language leaves the others without gradient."""

    def __init__(self, languages: Sequence[str], seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.student = nn.ModuleDict({name: nn.Linear(3, 2) for name in ("shared", *languages)}).double()

    def forward(self, x: Tensor, y: Tensor, language: str, **_: object) -> Loss:
        said = self.student["shared"](x) + self.student[language](x)
        return Loss({"task": Term((said - y).square().mean())})

    def counts(self, batch: Batch) -> dict[str, int]:
        return {"task": len(batch["x"])}


def numbers(rows: int, seed: int = 0, language: str | None = None) -> Group:
    """Rows for the methods above. Every third row is `far`: of four rows in a row, one or two."""
    rng = np.random.default_rng(seed)
    values = {"x": rng.normal(size=(rows, 3)), "y": rng.normal(size=(rows, 2)), "far": np.arange(rows) % 3 == 0}
    nothing = from_lists({"input_ids": [[1]] * rows}, {"input_ids": 0})
    return Group(language, {"unread": nothing}, values)


@dataclass(frozen=True)
class Given:
    """A schedule that is written down: the rows of group 0 in every micro-batch."""

    rows: Sequence[Sequence[int]]
    seed: int = 0
    rank: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> list[tuple[int, np.ndarray]]:
        return [(0, np.asarray(self.rows[index]))]


def given(rows: Sequence[Sequence[int]], group: Group) -> Steps:
    """Micro-batches of these rows."""
    return Steps(Given(rows), [group])  # type: ignore[arg-type]


@dataclass
class Gradients(TrainerCallback):
    """Keeps every step's gradients, as they are before the optimiser's step."""

    steps: list[dict[str, Tensor]] = field(default_factory=list)

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):
        self.steps.append(
            {name: part.grad.detach().clone() for name, part in model.named_parameters() if part.grad is not None}
        )


@dataclass
class Call(TrainerCallback):
    """Calls a function after every step."""

    function: Callable[[int], None]

    def on_step_end(self, args, state, control, **_):
        self.function(state.global_step)


def assert_close(found: dict[str, Tensor], wanted: dict[str, Tensor], tolerance: float = 1e-12) -> None:
    """Equal names, and values that differ by rounding at most."""
    assert found.keys() == wanted.keys()
    torch.testing.assert_close(found, wanted, rtol=tolerance, atol=tolerance)


def weights(folder: Path) -> dict[str, Tensor]:
    """The weights of a run's model, or of its students; of adapters too."""
    files = sorted([*folder.glob("model/*.safetensors"), *folder.glob("students/*/*.safetensors")])
    assert files
    return {f"{file.parent.name} {name}": value for file in files for name, value in load_file(file).items()}


def assert_same_bits(folder: Path, reference: Path) -> None:
    """Two folders of a run hold the same weights, bit for bit, and the same log."""
    found, wanted = weights(folder), weights(reference)
    assert found.keys() == wanted.keys()
    assert [name for name, value in found.items() if not torch.equal(value, wanted[name])] == []
    assert (folder / "log.json").read_text() == (reference / "log.json").read_text()


def with_starts(done: Store, run: Run, root: Path) -> Store:
    """A new store that holds what the run starts from, as `done` has it."""
    store = Store(root)
    root.mkdir(exist_ok=True)
    needed = list(run.first)
    while needed:
        one = needed.pop()
        place = store.folder(one)
        if not place.is_symlink():
            place.symlink_to(done.folder(one))
            needed.extend(one.first)
    return store
