"""Where a model comes from, as plain data: fresh, downloaded, left by a run, or made of another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from polydistill.errors import unknown
from polydistill.models.mblm_config import Branches
from polydistill.objectives.layer_maps import LayerMap
from polydistill.results import MODEL, RESULTS_FILE, RUN_FILE, SEEN_FILE, STUDENTS, LabelsSeen, RunResult, load_result
from polydistill.specs import Spec
from polydistill.training.model_folders import model_content, run_folder

if TYPE_CHECKING:
    from polydistill.training.run import Run


class Fresh(Spec):
    """A new XLM-R encoder with random weights, and a tokenizer learned on the method's text."""

    kind: Literal["fresh"] = "fresh"
    vocabulary: PositiveInt = 800
    width: PositiveInt = 128
    blocks: PositiveInt = 4
    heads: PositiveInt = 4
    dropout: NonNegativeFloat = 0.0
    max_length: PositiveInt = 128


class Pretrained(Spec):
    """A model of `transformers`: a folder, or a repository of the hub at a pinned commit."""

    kind: Literal["pretrained"] = "pretrained"
    name: str
    revision: str | None = None


class ResultOf(Spec):
    """What another run leaves behind; that run is done first if it is not done yet."""

    kind: Literal["result"] = "result"
    run: Run
    student: str | None = None
    """Which of its students, where it leaves several."""

    @model_validator(mode="after")
    def _a_student_that_is_there(self) -> ResultOf:
        if (self.student or self.run.students) and self.student not in self.run.students:
            raise unknown(f"student of the run {self.run.name!r}", self.student, self.run.students)
        return self

    @property
    def place(self) -> Path:
        """Where the model lies in the run's folder."""
        return Path(MODEL) if self.student is None else Path(STUDENTS, self.student)


class Cut(Spec):
    """Some blocks of another model, as they are: a small student without a teacher."""

    kind: Literal["cut"] = "cut"
    of: Annotated[Pretrained | ResultOf, Field(discriminator="kind")]
    depth: PositiveInt
    map: LayerMap = "uniform"
    """Which of the old blocks each block is."""


class Branched(Spec):
    """Another model with language branches: an MBLM, which says what the other one says until it learns."""

    kind: Literal["branched"] = "branched"
    of: Annotated[Pretrained | ResultOf, Field(discriminator="kind")]
    branches: Branches


AnyStart = Fresh | Pretrained | ResultOf | Cut | Branched
Start = Annotated[AnyStart, Field(discriminator="kind")]


def before(start: AnyStart | None) -> Run | None:
    """The run that must be done first."""
    if isinstance(start, Cut | Branched):
        return before(start.of)
    return start.run if isinstance(start, ResultOf) else None


def made_by(start: AnyStart | None) -> Run | RunResult | LabelsSeen | None:
    """What is known of where a start comes from: its run, the record beside the model's folder, or one handed on."""
    if (run := before(start)) is not None:
        return run
    if isinstance(start, Cut | Branched):
        return made_by(start.of)
    if isinstance(start, Pretrained):
        folder = run_folder(Path(start.name))
        if folder is not None and all((folder / file).is_file() for file in (RUN_FILE, RESULTS_FILE)):
            return load_result(folder)
        if (handed_on := Path(start.name) / SEEN_FILE).is_file():
            return LabelsSeen.model_validate_json(handed_on.read_bytes())
    return None


def hand_on(start: AnyStart, folder: Path) -> None:
    """Let a model that was made of another without training say, too, whose labels are in it, where that is known."""
    if (made := made_by(start)) is not None:
        seen = LabelsSeen(labels_seen=made.labels_seen, selected_on=made.selected_on)
        (folder / SEEN_FILE).write_text(seen.model_dump_json() + "\n", encoding="utf-8")


def resolved_start(start: AnyStart | None, of_run: Callable[[Run], str] = lambda run: run.identity) -> Any:
    """What decides a model: of a run's result that run's identity, of a folder its content."""
    if start is None:
        return None
    if isinstance(start, Cut | Branched):
        return {**start.model_dump(mode="json", exclude={"of"}), "of": resolved_start(start.of, of_run)}
    if isinstance(start, ResultOf):
        return {"result": of_run(start.run), **({"student": start.student} if start.student else {})}
    if isinstance(start, Pretrained) and Path(start.name).is_dir():
        return {"folder": hashed(model_content(Path(start.name)))}
    return start.model_dump(mode="json")


def hashed(content: Any) -> str:
    """A name for plain data, equal for equal data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def rebuild(run: type[Run]) -> None:
    """Complete what refers to runs, which refer to it: a run may begin with another run's result."""
    for spec in (ResultOf, Cut, Branched, run):
        spec.model_rebuild(_types_namespace={"Run": run, **globals()})
