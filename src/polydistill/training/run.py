"""A run as plain data: everything that decides its result, and nothing that does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from polydistill.bounds import Seed, Some
from polydistill.data.rows.load import fingerprint
from polydistill.errors import unknown
from polydistill.methods.known import AnyMethod
from polydistill.models.mblm_config import Branches
from polydistill.models.static_config import Bagging
from polydistill.objectives.layer_maps import LayerMap
from polydistill.results import (
    MODEL,
    RESULTS_FILE,
    RUN_FILE,
    SEEN_FILE,
    STUDENTS,
    LabelsSeen,
    LanguageCode,
    RunResult,
    load_result,
)
from polydistill.specs import Spec, hashed
from polydistill.starts.folders import here, model_content, run_folder
from polydistill.starts.origins import Fresh, Pretrained
from polydistill.tasks import task_of
from polydistill.training.settings import Judging, Training

_FORMAT = 2  # raise it when the same run would no longer give the same result


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
    depth: Some
    map: LayerMap = "uniform"
    """Which of the old blocks each block is."""


class Branched(Spec):
    """Another model with language branches: an MBLM, which says what the other one says until it learns."""

    kind: Literal["branched"] = "branched"
    of: Annotated[Pretrained | ResultOf, Field(discriminator="kind")]
    branches: Branches


class Bag(Spec):
    """A student without attention: what another model says of each piece of the text that is learned from."""

    kind: Literal["bag"] = "bag"
    of: Annotated[Pretrained | ResultOf, Field(discriminator="kind")]
    how: Bagging = Bagging()


AnyStart = Fresh | Pretrained | ResultOf | Cut | Branched | Bag
Start = Annotated[AnyStart, Field(discriminator="kind")]


class Run(Spec):
    """One training of one method from one seed. The name only labels it; all else is its identity."""

    name: str
    method: AnyMethod
    start: Start
    teacher: Start | None = None
    """Who teaches; a method that has a teacher takes the student's own start where this is not set."""
    source: Start | None = Field(default=None, exclude_if=lambda source: source is None)
    """Who reads the language that has labels, where another student, the `start`, is judged."""
    teachers: Mapping[LanguageCode, Start] = Field(default={}, exclude_if=lambda teachers: not teachers)
    """Who teaches each language, for a method with several teachers."""
    training: Training
    selection: Judging | None = None
    """What chooses the weights that are kept; the mean over its languages counts."""
    evaluation: Judging | None = None
    """What the result is scored on."""
    seed: Seed = 0

    @model_validator(mode="after")
    def _selection_needs_both(self) -> Run:
        if (self.selection is None) != (self.training.evaluate_every is None):
            raise ValueError("Selection needs both `selection` (on what) and `training.evaluate_every` (how often).")
        return self

    @model_validator(mode="after")
    def _evaluation_reads_labels(self) -> Run:
        if self.evaluation is None:
            return self
        metric = task_of(self.evaluation.task).metric
        if self.evaluation.measure != metric:
            raise ValueError(
                f"evaluation.measure is {self.evaluation.measure!r}, but a result is scored by {metric}, which reads "
                "labels. Leave it out."
            )
        return self

    @model_validator(mode="after")
    def _what_the_method_takes(self) -> Run:
        self.method.check(self)
        measure = None if self.selection is None else self.selection.measure
        self.method.check_judged(measure, self.evaluation is not None)
        return self

    @model_validator(mode="after")
    def _lora_adapts_what_is_there(self) -> Run:
        why = self.method.against_lora
        if isinstance(self.start, Fresh):
            why = "A fresh encoder knows nothing yet, and would stay as it was drawn."
        elif isinstance(self.start, Bag | Branched):
            why = "A student that is made with branches, or without attention, must learn whole."
        if self.training.lora is not None and why:
            raise ValueError(
                f"training.lora is set, but LoRA adapts a student that is trained already. {why} Leave it out."
            )
        return self

    @property
    def models(self) -> dict[str, Start]:
        """All that the run loads: what the student begins as, who teaches it, who reads the labels for it."""
        roles = ("start", "teacher", "source")
        single = {name: model for name in roles if (model := getattr(self, name)) is not None}
        return {**single, **{f"teacher/{code}": model for code, model in self.teachers.items()}}

    @property
    def first(self) -> tuple[Run, ...]:
        """The runs that must be done before this one."""
        return tuple(run for model in self.models.values() if (run := before(model)) is not None)

    @property
    def students(self) -> tuple[str, ...]:
        """The names of the students this run leaves; none where it leaves one that has no name."""
        return self.method.leaves

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """Languages whose task labels were used in training, by this run or by one it starts from."""
        before = [made.labels_seen for made in map(made_by, self.models.values()) if made is not None]
        return tuple(dict.fromkeys([language for seen in (*before, self.method.labels_seen) for language in seen]))

    @property
    def selected_on(self) -> tuple[str, ...]:
        """What chose the weights, here or in a run this one starts from, such as `dev/en`."""
        before = [made.selected_on for made in map(made_by, self.models.values()) if made is not None]
        mine = [] if self.selection is None else _names(self.selection)
        return tuple(dict.fromkeys([name for names in (*before, mine) for name in names]))

    def resolved(self) -> dict[str, Any]:
        """All that decides the result: runs this one starts from by their identity, data by its content."""
        return self._resolved(lambda run: run.identity) | {"data": self.data_fingerprint, "format": _FORMAT}

    def _resolved(self, of_run: Callable[[Run], str]) -> dict[str, Any]:
        content = self.model_dump(mode="json", exclude={"name", "teachers", *self.models})
        starts = {name: resolved_start(model, of_run) for name, model in self.models.items()}
        return {**content, **starts, "code": self.method.code}

    @property
    def data_fingerprint(self) -> str:
        """A hash of the content of every row this run reads."""
        learned = [fingerprint(source, languages, self.method.shape) for source, languages in self.method.reads]
        judged = [
            fingerprint(judging.data, judging.languages, judging.shape)
            for judging in (self.selection, self.evaluation)
            if judging
        ]
        return hashed([*learned, *judged])

    @property
    def identity(self) -> str:
        """The name of this run's result: equal for runs that must give the same result, else different."""
        return hashed(self.resolved())

    @property
    def outline(self) -> str:
        """As `identity`, but data counts by where it comes from and not by its content, so that it need not be here."""
        return hashed(self._resolved(lambda run: run.outline))


_HOW = {
    "agreement": " (agreement with the teacher, no labels)",
    "perplexity": " (perplexity, no labels)",
    "retrieval": " (retrieval of translations, no labels)",
    "similarity": " (similarity of pairs)",
}


def _names(selection: Judging) -> list[str]:
    split = getattr(selection.data, "split", "dev")
    return [f"{split}/{language}{_HOW.get(selection.measure, '')}" for language in selection.languages]


def before(start: AnyStart | None) -> Run | None:
    """The run that must be done first."""
    if isinstance(start, Cut | Branched | Bag):
        return before(start.of)
    return start.run if isinstance(start, ResultOf) else None


def made_by(start: AnyStart | None) -> Run | RunResult | LabelsSeen | None:
    """What is known of where a start comes from: its run, the record beside the model's folder, or one handed on."""
    if (run := before(start)) is not None:
        return run
    if isinstance(start, Cut | Branched | Bag):
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
    if isinstance(start, Cut | Branched | Bag):
        return {**start.model_dump(mode="json", exclude={"of"}), "of": resolved_start(start.of, of_run)}
    if isinstance(start, ResultOf):
        return {"result": of_run(start.run), **({"student": start.student} if start.student else {})}
    if isinstance(start, Pretrained) and (folder := Path(here(start.name))).is_dir():
        return {"folder": hashed(model_content(folder))}
    return start.model_dump(mode="json")
