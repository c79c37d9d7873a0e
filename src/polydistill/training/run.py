"""A run as plain data: everything that decides its result, and nothing that does not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from polydistill.data.load import fingerprint
from polydistill.data.rows import SENTENCE
from polydistill.errors import unknown
from polydistill.methods.monolingual import Monolingual
from polydistill.methods.multikd import MultiKD
from polydistill.methods.pretraining import Pretrain
from polydistill.methods.tuning import Tune
from polydistill.methods.xd import XDistil
from polydistill.objectives.layer_maps import LayerMap
from polydistill.results import MODEL, RESULTS_FILE, RUN_FILE, STUDENTS, LanguageCode, RunResult, load_result
from polydistill.specs import Spec
from polydistill.students.mblm_config import Branches
from polydistill.tasks import TASKS
from polydistill.training.model_folders import model_content, run_folder
from polydistill.training.settings import Judging, Training

MethodSpec = Annotated[Pretrain | Tune | XDistil | Monolingual | MultiKD, Field(discriminator="kind")]

_FORMAT = 1  # raise it when the same run would no longer give the same result


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


class Run(Spec):
    """One training of one method from one seed. The name only labels it; all else is its identity."""

    name: str
    method: MethodSpec
    start: Start
    teacher: Start | None = None
    """Who teaches; a method that has a teacher takes the student's own start where this is not set."""
    teachers: Mapping[LanguageCode, Start] = Field(default={}, exclude_if=lambda teachers: not teachers)
    """Who teaches each language, for a method with several teachers."""
    training: Training
    selection: Judging | None = None
    """What chooses the weights that are kept; the mean over its languages counts."""
    evaluation: Judging | None = None
    """What the result is scored on."""
    seed: int = 0

    @model_validator(mode="after")
    def _selection_needs_both(self) -> Run:
        if (self.selection is None) != (self.training.evaluate_every is None):
            raise ValueError("Selection needs both `selection` (on what) and `training.evaluate_every` (how often).")
        return self

    @model_validator(mode="after")
    def _evaluation_reads_labels(self) -> Run:
        if self.evaluation is None:
            return self
        metric = TASKS[self.evaluation.task].metric
        if self.evaluation.measure != metric:
            raise ValueError(
                f"evaluation.measure is {self.evaluation.measure!r}, but a result is scored by {metric}, which reads "
                "labels. Leave it out."
            )
        return self

    @model_validator(mode="after")
    def _a_teacher_a_language(self) -> Run:
        if not isinstance(self.method, MultiKD):
            if self.teachers:
                raise ValueError(
                    f"`teachers` are for the method 'multikd'; {self.method.kind!r} has none. Leave it out."
                )
        elif set(self.teachers) != set(self.method.languages) or self.teacher is not None:
            raise ValueError(
                f"MultiKD needs a teacher for each of {', '.join(self.method.languages)} under `teachers`, and none "
                f"under `teacher`; there are teachers for {', '.join(self.teachers) or 'no language'}."
            )
        return self

    @model_validator(mode="after")
    def _measures_fit(self) -> Run:
        several = isinstance(self.method, Monolingual)
        if self.selection is not None and several != (self.selection.measure == "perplexity"):
            raise ValueError(
                f"selection.measure is {self.selection.measure!r}, but the method is {self.method.kind!r}: monolingual "
                "students predict hidden words and are selected by 'perplexity'; all others have classes to score."
            )
        if self.evaluation is not None and several:
            raise ValueError(
                "Monolingual students predict hidden words and have no classes to score: leave `evaluation` unset, and "
                "tune a student in a run that starts from this one."
            )
        return self

    @property
    def models(self) -> dict[str, Start]:
        """All that the run loads: what the student begins as, and who teaches it."""
        single = {name: model for name in ("start", "teacher") if (model := getattr(self, name)) is not None}
        return {**single, **{f"teacher/{code}": model for code, model in self.teachers.items()}}

    @property
    def first(self) -> tuple[Run, ...]:
        """The runs that must be done before this one."""
        return tuple(run for model in self.models.values() if (run := before(model)) is not None)

    @property
    def students(self) -> tuple[str, ...]:
        """The names of the students this run leaves; none where it leaves one that has no name."""
        return tuple(one.name for one in self.method.students) if isinstance(self.method, Monolingual) else ()

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """Languages whose task labels were used in training, by this run or by one it starts from."""
        before = [made.labels_seen for made in map(_made_by, self.models.values()) if made is not None]
        return tuple(dict.fromkeys([language for seen in (*before, self.method.labels_seen) for language in seen]))

    @property
    def selected_on(self) -> tuple[str, ...]:
        """What chose the weights, here or in a run this one starts from, such as `dev/en`."""
        before = [made.selected_on for made in map(_made_by, self.models.values()) if made is not None]
        mine = [] if self.selection is None else _names(self.selection)
        return tuple(dict.fromkeys([name for names in (*before, mine) for name in names]))

    def resolved(self) -> dict[str, Any]:
        """All that decides the result: runs this one starts from by their identity, data by its content."""
        content = self.model_dump(mode="json", exclude={"name", "teachers", *self.models})
        content |= {name: _resolved_start(model) for name, model in self.models.items()}
        content["data"] = self.data_fingerprint
        content["format"] = _FORMAT
        return content

    @property
    def data_fingerprint(self) -> str:
        """A hash of the content of every row this run reads."""
        task = getattr(self.method, "task", None)  # a method without one reads sentences
        shape = SENTENCE if task is None else TASKS[task].shape
        learned = [fingerprint(source, languages, shape) for source, languages in self.method.reads]
        judged = [
            fingerprint(judging.data, judging.languages, judging.shape)
            for judging in (self.selection, self.evaluation)
            if judging
        ]
        return _hash([*learned, *judged])

    @property
    def identity(self) -> str:
        """The name of this run's result: equal for runs that must give the same result, else different."""
        return _hash(self.resolved())


def _made_by(start: AnyStart | None) -> Run | RunResult | None:
    """The run that a start comes from, as far as that is known: named, or with its record beside the model's folder."""
    if (run := before(start)) is not None:
        return run
    if isinstance(start, Cut | Branched):
        return _made_by(start.of)
    if isinstance(start, Pretrained):
        folder = run_folder(Path(start.name))
        if folder is not None and all((folder / file).is_file() for file in (RUN_FILE, RESULTS_FILE)):
            return load_result(folder)
    return None


_UNLABELLED = {"agreement": " (agreement with the teacher, no labels)", "perplexity": " (perplexity, no labels)"}


def _names(selection: Judging) -> list[str]:
    split = getattr(selection.data, "split", "dev")
    return [f"{split}/{language}{_UNLABELLED.get(selection.measure, '')}" for language in selection.languages]


def _resolved_start(start: AnyStart | None) -> Any:
    if start is None:
        return None
    if isinstance(start, Cut | Branched):
        return {**start.model_dump(mode="json", exclude={"of"}), "of": _resolved_start(start.of)}
    if isinstance(start, ResultOf):
        return {"result": start.run.identity, **({"student": start.student} if start.student else {})}
    if isinstance(start, Pretrained) and Path(start.name).is_dir():
        return {"folder": _hash(model_content(Path(start.name)))}
    return start.model_dump(mode="json")


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


ResultOf.model_rebuild()
Cut.model_rebuild()
Branched.model_rebuild()
Run.model_rebuild()
