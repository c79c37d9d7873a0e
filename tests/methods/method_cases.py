"""Every method in every variant, on tiny networks and mini-world rows, with what its terms must be by the reference."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import kld_cases
import mmkd_cases
import numpy as np
import static_cases
import torch
from monolingual_cases import SPECS, expected_terms, wanted_counts
from multikd_cases import expected_loss, teachers

from polydistill.data.batches.batches import Batch, Steps
from polydistill.data.batches.masking import IGNORED
from polydistill.data.batches.schedule import Schedule
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.bert_kld import BertKldSpec
from polydistill.methods.method import Method, Models, Prepared
from polydistill.methods.mmkd import MMKDSpec
from polydistill.methods.monolingual import MonolingualSpec
from polydistill.methods.multikd import MultiKDSpec
from polydistill.methods.pretraining import PretrainSpec
from polydistill.methods.sentence import SentenceSpec
from polydistill.methods.spec import MethodSpec
from polydistill.methods.static import StaticSpec
from polydistill.methods.transfer_tuning import TaskDistillation, TransferTuneSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.methods.xd import XDSpec
from polydistill.models.frozen import Frozen
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import Polyglot
from reference.masked_lm import masked_lm
from reference.transfer import squared_distance
from reference.xd_paper import distance, tuning
from tiny import LANGUAGES, outputs, tiny_network, tiny_tokenizer

ROWS, STEPS = 6, 4
_DATA = {"languages": LANGUAGES[::-1], "data": WorldSource(rows=24), "max_length": 40}
_LONGER = {**_DATA, "max_length": 60}  # the networks read 66, pads included
ALIGNING = MMKDSpec | SentenceSpec


@dataclass(frozen=True)
class Case:
    """A method's spec and the family of its networks."""

    spec: MethodSpec
    family: str = "xlm-roberta"

    def __str__(self) -> str:
        if isinstance(self.spec, MonolingualSpec):
            return f"monolingual-{next(name for name, spec in SPECS.items() if spec == self.spec)}-{self.family}"
        if isinstance(self.spec, TransferTuneSpec):
            distilled = () if self.spec.distil is None else ("distilled",)
            return "-".join([self.spec.kind, *self.task, self.spec.strategy.learns_on, *distilled, self.family])
        if isinstance(self.spec, BertKldSpec):
            return f"{next(name for name, spec in kld_cases.SPECS.items() if spec == self.spec)}-{self.family}"
        if isinstance(self.spec, ALIGNING):
            return f"{next(name for name, spec in mmkd_cases.SPECS.items() if spec == self.spec)}-{self.family}"
        if isinstance(self.spec, StaticSpec):
            return next(name for name, spec in static_cases.SPECS.items() if spec == self.spec)
        if isinstance(self.spec, PretrainSpec | TuneSpec):
            return "-".join([self.spec.kind, *self.task, self.family])
        stored = "stored" if self.spec.store_teacher else "live"
        if isinstance(self.spec, MultiKDSpec):
            return "-".join([self.spec.kind, *self.task, stored, self.family])
        return (
            f"xd-{''.join(f'{name}-' for name in self.task)}{self.spec.on}-{self.spec.distance}-{stored}-{self.family}"
        )

    @property
    def weights(self) -> dict[str, float]:
        """The names the paper gives the terms (of a batch of the first step's language), and their weights."""
        if isinstance(self.spec, MonolingualSpec):
            return {name: weight for name, weight in self.spec.weights if weight}
        if isinstance(self.spec, TransferTuneSpec):
            weights = {"task": 0.3, "logits": 0.7} if self.spec.distil else {"task": 1.0}
            return {
                name: weight / (2 if self.spec.strategy.learns_on == "both" else 1) for name, weight in weights.items()
            }
        if isinstance(self.spec, BertKldSpec):
            return kld_cases.weights(self.spec)
        if isinstance(self.spec, ALIGNING):
            return mmkd_cases.weights(self.spec)
        if isinstance(self.spec, StaticSpec):
            return static_cases.weights(self.spec)
        return {{"pretrain": "mlm", "tune": "task", "xd": "xd", "multikd": "kd"}[self.spec.kind]: 1.0}

    @property
    def text(self) -> str:
        """What the student reads, as the batch names it."""
        if isinstance(self.spec, TransferTuneSpec):
            return "source" if self.spec.strategy.learns_on == "source" else "target"
        if isinstance(self.spec, ALIGNING):
            return mmkd_cases.text(self.spec)
        if isinstance(self.spec, StaticSpec):
            return static_cases.text(self.spec)
        return "target" if isinstance(self.spec, XDSpec) else "text"

    @property
    def task(self) -> tuple[str, ...]:
        """The task's name, where it is not the commonest."""
        task = getattr(self.spec, "task", "nli")
        return () if task == "nli" else (task,)

    @property
    def head(self) -> str:
        """The head of the networks."""
        if isinstance(self.spec, PretrainSpec | MonolingualSpec | MMKDSpec):
            return "mlm"
        return {"ner": "tags", "choice": "choices", "stars": "stars", "paraphrase": "paraphrase", "qa": "answers"}.get(
            "".join(self.task), "classes"
        )

    @property
    def has_teacher(self) -> bool:
        """Whether one teacher reads along while training."""
        if isinstance(self.spec, MonolingualSpec):
            return self.spec.has_teacher
        if isinstance(self.spec, TransferTuneSpec):
            return self.spec.distil is not None and self.spec.task == "ner"  # elsewhere what it says is stored
        if isinstance(self.spec, MMKDSpec):
            return mmkd_cases.weights(self.spec).keys() != {"tlm"}
        return isinstance(self.spec, XDSpec | BertKldSpec) and not self.spec.store_teacher


def _xd(on: Any, how: Any, stored: bool) -> XDSpec:
    return XDSpec(on=on, distance=how, store_teacher=stored, **_DATA)


def _transfer(name: str, distilled: bool = False, task: Any = "nli") -> TransferTuneSpec:
    """Weights that differ, so that terms cannot change places."""
    distil = TaskDistillation(task=0.3, logits=0.7) if distilled else None
    return TransferTuneSpec(strategy=name, task=task, distil=distil, **(_LONGER if task == "choice" else _DATA))


CASES = (
    *(Case(PretrainSpec(**_DATA), family) for family in ("xlm-roberta", "bert")),
    *(Case(TuneSpec(**_DATA), family) for family in ("xlm-roberta", "bert", "xlm")),
    *(Case(TuneSpec(task="ner", **_DATA), family) for family in ("xlm-roberta", "bert")),
    *(Case(TuneSpec(task="choice", **_LONGER), family) for family in ("xlm-roberta", "bert", "xlm")),
    *(Case(_transfer(name)) for name in ("FULL TRG", "FULL SRC", "SFT", "ADAPT JOINT")),
    *(
        Case(_transfer("FULL TRG", True, task), family)
        for task in ("nli", "ner", "choice")
        for family in ("xlm-roberta", "bert")
    ),
    *(Case(_transfer("ADAPT JOINT", True, task)) for task in ("nli", "ner", "choice")),
    Case(TuneSpec(task="stars", **_LONGER)),
    *(
        Case(TuneSpec(task=task, **_LONGER), family)
        for task in ("paraphrase", "qa")
        for family in ("xlm-roberta", "bert")
    ),
    *(Case(XDSpec(task="choice", store_teacher=stored, **_LONGER)) for stored in (False, True)),
    *(
        Case(_xd(on, how, stored))
        for on, how, stored in product(("logits", "first"), ("mse", "l1", "cosine", "smooth-l1"), (False, True))
    ),
    *(
        Case(_xd(on, "mse", stored), f)
        for on, stored, f in product(("logits", "first"), (False, True), ("bert", "xlm"))
    ),
    *(Case(MultiKDSpec(store_teacher=stored, **_DATA), f) for stored in (False, True) for f in ("xlm-roberta", "bert")),
    Case(MultiKDSpec(task="choice", **_LONGER)),
    *(Case(spec) for spec in SPECS.values()),
    *(Case(SPECS["MonoShot"], family) for family in ("bert", "distilbert")),
    *(Case(spec) for spec in kld_cases.SPECS.values()),
    Case(kld_cases.SPECS["kld"], "bert"),
    *(Case(spec) for spec in mmkd_cases.SPECS.values()),
    *(Case(mmkd_cases.SPECS[name], "bert") for name in ("mmkd", "sentence-mean")),
    *(Case(spec) for spec in static_cases.SPECS.values()),
)


@cache
def shared(case: Case) -> Prepared:
    """The method and its rows, for tests that only ask it."""
    return prepare(case)


def prepare(case: Case) -> Prepared:
    """The method, a copy of one's own, and its rows."""
    prepared = _prepared(case)
    return replace(prepared, method=copy.deepcopy(prepared.method).train())


@cache
def _prepared(case: Case) -> Prepared:
    """Student and teacher differ in weights; the teacher has dropout, so that its waking would show."""
    student = Loaded(tiny_network(case.family, case.head, seed=1), tiny_tokenizer())
    teacher = Loaded(tiny_network(case.family, case.head, seed=2, dropout=0.5), tiny_tokenizer())
    with TemporaryDirectory() as folder:
        source = Loaded(tiny_network(case.family, case.head, seed=3), tiny_tokenizer())
        if isinstance(case.spec, ALIGNING | StaticSpec):
            teacher = copy.deepcopy(mmkd_cases.teacher())
        if isinstance(case.spec, StaticSpec):
            student = copy.deepcopy(static_cases.student())
        return case.spec.prepare(Models(student, teacher, Path(folder), source, teachers(case.head)), seed=0)


def batch_of(prepared: Prepared, step: int = 0) -> Batch:
    """The batch of a step. All lengths count as one, so that rows do not depend on which texts a method reads."""
    lengths = [np.ones_like(group.lengths) for group in prepared.groups]
    schedule = Schedule(lengths, ROWS, STEPS, seed=0)
    return Steps(schedule, prepared.groups, prepared.transform)[step]


def expected(case: Case, method: Method, batch: Batch) -> dict[str, float]:
    """The values of the case's terms, by the reference, from what the networks say when asked plainly."""
    if isinstance(case.spec, MonolingualSpec):
        return expected_terms(case.spec, method, batch)
    if isinstance(case.spec, TransferTuneSpec):
        return _expected_of_transfer(case.spec, method, batch)
    if isinstance(case.spec, BertKldSpec):
        return kld_cases.expected_terms(case.spec, method, batch)
    if isinstance(case.spec, ALIGNING):
        return mmkd_cases.expected_terms(case.spec, method, batch)
    if isinstance(case.spec, StaticSpec):
        return static_cases.expected_terms(case.spec, method, batch)
    return {name: _expected(case, method, batch) for name in case.weights}


def _expected(case: Case, method: Method, batch: Batch) -> float:
    if isinstance(case.spec, PretrainSpec):
        scores = outputs_of_masked_lm(method.student, batch["text"])
        return masked_lm(scores, batch["labels"].numpy())
    student = method.student
    assert isinstance(student, Polyglot)
    if isinstance(case.spec, TuneSpec):
        said = outputs(student.network, batch["text"], batch["language"])
        labels = batch["labels"].numpy()
        if case.spec.task == "ner":  # every tagged token is a row of its own
            return tuning(said["logits"].reshape(labels.size, -1), labels.reshape(-1), labels.reshape(-1) != IGNORED)[0]
        if case.head == "answers":
            return sum(tuning(said["logits"][..., end], labels[:, end])[0] for end in (0, 1)) / 2
        return tuning(said["logits"], labels)[0]
    if isinstance(case.spec, MultiKDSpec):
        said = outputs(student.network, batch["text"], batch["language"])["logits"]
        return expected_loss(case.spec, method, batch, said)
    said = outputs(student.network, batch["target"], batch["language"])[case.spec.on]
    return distance(case.spec.distance, said, _signal(case.spec, method, batch))[0]


def _expected_of_transfer(spec: TransferTuneSpec, method: Any, batch: Batch) -> dict[str, float]:
    """The terms of each student, one a labelled row or word."""
    joint = spec.strategy.learns_on == "both"
    students = {"source": method.student.source, "target": method.student.target} if joint else {"": method.student}
    values = {}
    for name, student in students.items():
        role = name or ("source" if spec.strategy.learns_on == "source" else "target")
        said, labels = _labelled(student, batch, role)
        values["task" + f"/{name}" * joint] = tuning(said, labels)[0]
        if spec.distil:
            taught = (
                batch["signal"].numpy() if "signal" in batch else _labelled(method.teacher.network, batch, "teacher")[0]
            )
            values["logits" + f"/{name}" * joint] = squared_distance(said, taught)
    return values


def _labelled(reader: Any, batch: Batch, role: str) -> tuple[Any, Any]:
    """What a network says of all that has a label, and the labels."""
    labels = batch[f"{role}_labels"].numpy()
    counts = labels != IGNORED
    return outputs(reader.network, batch[role], batch["language"])["logits"][counts], labels[counts]


def _signal(spec: XDSpec, method: Method, batch: Batch) -> Any:
    if spec.store_teacher:
        return batch["signal"].numpy()
    teacher = method.teacher
    assert isinstance(teacher, Frozen) and isinstance(teacher.network, Polyglot)
    return outputs(teacher.network.network, batch["source"], "en")[spec.on]


def outputs_of_masked_lm(network: Any, text: Mapping[str, torch.Tensor]) -> Any:
    """Scores of every position, by the network's own way through its head."""
    with torch.no_grad():
        return network(**text).logits.numpy()


def expected_counts(case: Case, batch: Batch) -> dict[str, int]:
    """How many items each term is a mean over."""
    if isinstance(case.spec, MonolingualSpec):
        return wanted_counts(case.spec, batch)
    if isinstance(case.spec, TransferTuneSpec):
        return _counts_of_transfer(case, batch)
    if isinstance(case.spec, ALIGNING):
        return mmkd_cases.wanted_counts(case.spec, batch)
    if isinstance(case.spec, StaticSpec):
        return static_cases.wanted_counts(batch)
    of_tokens = case.head in ("mlm", "tags")
    count = sum(label != IGNORED for label in batch["labels"].flatten().tolist()) if of_tokens else ROWS
    return dict.fromkeys(case.weights, count)


def _counts_of_transfer(case: Case, batch: Batch) -> dict[str, int]:
    learns_on = case.spec.strategy.learns_on
    roles = ("source", "target") if learns_on == "both" else (learns_on,)
    return {
        (f"{name}/{role}" if len(roles) > 1 else name): sum(
            label != IGNORED for label in batch[f"{role}_labels"].flatten().tolist()
        )
        for name in case.weights
        for role in roles
    }


def gradients(method: Method, batch: Batch, shares: Mapping[str, float] | None = None) -> dict[str, torch.Tensor]:
    """The gradient of the loss (or of this share of each of its terms), by parameter; unreached ones are left out."""
    method.zero_grad(set_to_none=True)
    terms = method(**batch).terms
    sum((shares[name] if shares else 1.0) * term.weight * term.value for name, term in terms.items()).backward()
    return {name: value.grad.clone() for name, value in method.named_parameters() if value.grad is not None}


def part(batch: Batch, rows: slice) -> Batch:
    """Some rows of a batch."""
    return {name: _rows(value, rows) for name, value in batch.items()}


def _rows(value: Any, rows: slice) -> Any:
    if isinstance(value, Mapping):
        return {name: column[rows] for name, column in value.items()}
    return value[rows] if isinstance(value, torch.Tensor) else value


def with_more_pads(prepared: Prepared, batch: Batch, columns: int = 5) -> Batch:
    """The same batch with pad columns at the end of every text."""
    texts = {name: text for group in prepared.groups for name, text in group.texts.items()}
    pads = {name: {**text.pad, "attention_mask": 0} for name, text in texts.items()}
    pads |= dict.fromkeys(("tlm", "xwcl"), pads.get("pair"))  # made of it by the transform
    wider = dict(batch)
    for name, pad in pads.items():
        if name not in batch:
            continue
        wider[name] = {key: _append(column, pad[key], columns) for key, column in batch[name].items()}
    for name in batch:
        if name.endswith("labels") and batch[name].ndim == 2:  # of tokens, not of rows
            wider[name] = _append(batch[name], IGNORED, columns)
    return wider


def _append(column: torch.Tensor, value: int, columns: int) -> torch.Tensor:
    return torch.nn.functional.pad(column, (0, columns), value=value)
