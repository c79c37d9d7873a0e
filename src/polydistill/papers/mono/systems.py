"""The systems of the monolingual-components thesis as runs: its teacher, students, and what they are compared with.

A system is judged on tasks, where a student is tuned on English labels and scored on its own language (`FULL TRG`: the
target student itself learns from English rows, Sec. 3.3.1), and as it is, by retrieval.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from polydistill.defaults import LossName
from polydistill.methods.monolingual import MonolingualSpec, Student
from polydistill.methods.monolingual.named_losses import WITHOUT_TEACHER, named_loss
from polydistill.methods.tuning import TuneSpec
from polydistill.objectives.layer_maps import LayerMapName
from polydistill.papers.mono.scales import Setting
from polydistill.papers.recipe import RunsOfSeed
from polydistill.retrieval.retrieval import Layers, Similarity
from polydistill.starts.origins import Pretrained
from polydistill.training.examination import Examination, Retrieving
from polydistill.training.run import Cut, ResultOf, Run, Start
from polydistill.training.settings import Judging

TuningOfSeed = Callable[[int], Mapping[str, Run]]
SOURCE = "en"
_SIMILARITIES = {"bertscore": "BERTScore", "cosine": "cosine"}  # as columns name them


@dataclass(frozen=True)
class System:
    """A model for each target language and seed, and the one that reads English beside it: the same where not given."""

    name: str
    target: Callable[[str, int], Start]
    source: Callable[[str, int], Start] | None = None
    layers: Layers = "all"
    """Those that retrieval looks at."""

    def english(self, code: str, seed: int) -> Start:
        """Who reads English where `code` is the target language."""
        return (self.source or self.target)(code, seed)


@dataclass(frozen=True)
class Systems:
    """The thesis' systems at one scale, each a function of the seed."""

    where: Setting

    @property
    def targets(self) -> tuple[str, ...]:
        """The languages without labels."""
        return tuple(code for code in self.where.languages if code != SOURCE)

    def students(self, seed: int, loss: LossName = "MonoShot", **changes: Any) -> Run:
        """A student a language, distilled from the teacher."""
        where = self.where
        method = MonolingualSpec(
            **{
                "students": tuple(Student(name=code, languages=(code,)) for code in where.languages),
                "data": where.text,
                "depth": where.depth,
                "max_length": where.max_length,
                "buffer": where.buffer,
                **named_loss(loss).settings,
                **changes,
            }
        )
        return Run(name=f"{loss} students", method=method, start=where.teacher(seed), training=where.distil, seed=seed)

    def watched(self, seed: int, **changes: Any) -> Run:
        """MonoShot's students, whose surprise at held-out text is measured while they learn and chooses the weights."""
        where, run = self.where, self.students(seed, **changes)
        every = max(1, where.distil.steps // 8)
        return run.model_copy(
            update={
                "name": f"{run.name}, watched",
                "training": where.distil.model_copy(update={"evaluate_every": every}),
                "selection": Judging(
                    languages=where.languages, data=where.held_out, max_length=where.max_length, measure="perplexity"
                ),
            }
        )

    def tuned(self, start: Start, name: str, task: str, seed: int) -> Run:
        """A model tuned on English labels of a task, selected on English dev."""
        exercise = self.where.exercises[task]
        length = exercise.max_length
        return Run(
            name=f"{name}, {task}",
            method=TuneSpec(task=exercise.task, languages=(SOURCE,), data=exercise.train, max_length=length),
            start=start,
            training=exercise.training,
            selection=Judging(task=exercise.task, languages=(SOURCE,), data=exercise.dev, max_length=length),
            evaluation=Judging(task=exercise.task, languages=exercise.scored, data=exercise.test, max_length=length),
            seed=seed,
        )

    def teacher(self, layers: Layers = "all") -> System:
        """The teacher itself."""
        return System("teacher", lambda _, seed: self.where.teacher(seed), layers=layers)

    def cut(self, layers: LayerMapName) -> System:
        """Some of the teacher's blocks, without distillation."""

        def start(_: str, seed: int) -> Start:
            teacher = self.where.teacher(seed)
            assert isinstance(teacher, Pretrained | ResultOf), "a teacher has learned something"
            return Cut(of=teacher, depth=self.where.depth, map=layers)

        return System(f"teacher's {layers} blocks", start)

    def distilled(self, loss: LossName = "MonoShot", **changes: Any) -> System:
        """Students of single languages."""

        def student(code: str, seed: int) -> Start:
            return ResultOf(run=self.students(seed, loss, **changes), student=code)

        return System(loss, student, lambda _, seed: student(SOURCE, seed))

    def alone(self) -> System:
        """Students that learn without a teacher for as long as MonoShot's take with one. Not in the thesis."""

        def student(code: str, seed: int) -> Start:
            run = self.students(seed, weights=WITHOUT_TEACHER)
            steps = round(self.where.teacher_price * run.training.steps)
            training = run.training.model_copy(update={"steps": steps})
            return ResultOf(run=run.model_copy(update={"name": "students alone", "training": training}), student=code)

        return System("alone", student, lambda _, seed: student(SOURCE, seed))

    def bilingual(self, loss: LossName) -> System:
        """A student for each pair of English and a target language, distilled on both."""
        students = {code: Student(name=f"{SOURCE}-{code}", languages=(SOURCE, code)) for code in self.targets}

        def start(code: str, seed: int) -> Start:
            pairs = self.students(seed, loss, students=tuple(students.values()), share=())
            return ResultOf(run=pairs, student=students[code].name)

        return System(f"bilingual {loss}", start)

    def tasks(self, system: System) -> TuningOfSeed:
        """Tuned for every task, by column."""

        def runs(seed: int) -> Mapping[str, Run]:
            return {
                f"{task} {code}": self.tuned(system.target(code, seed), system.name, task, seed)
                for task, exercise in self.where.exercises.items()
                for code in self.targets
                if code in exercise.scored
            }

        return runs

    def retrieval(self, system: System) -> RunsOfSeed:
        """As it is, looking for translations by BERTScore and by cosine, by column."""

        def runs(seed: int) -> Mapping[str, Examination]:
            exams = {code: self.examination(system, code, seed) for code in self.targets}
            return {f"{how} {code}-{SOURCE}": exam for code, exam in exams.items() for how in _SIMILARITIES.values()}

        return runs

    def both(self, system: System) -> RunsOfSeed:
        """On all tasks and in retrieval, by column."""
        tasks, retrieval = self.tasks(system), self.retrieval(system)
        return lambda seed: {**tasks(seed), **retrieval(seed)}

    def examination(self, system: System, code: str, seed: int, by_layer: bool = False) -> Examination:
        """Retrieval between a target language and English."""
        return Examination(
            name=system.name,
            models={code: system.target(code, seed), SOURCE: system.english(code, seed)},
            retrieval=Retrieving(
                languages=(code,),
                to=SOURCE,
                data=self.where.sentences(code),
                how=tuple(
                    Similarity.model_validate({"similarity": how, "layers": system.layers}) for how in _SIMILARITIES
                ),
                by_layer=by_layer,
            ),
            seed=seed,
        )
