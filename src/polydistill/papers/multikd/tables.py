"""MultiKD and MBLM: the paper's systems, its tables 2 to 8, and figure 5.

Every model is scored on test by its run; the tables that the paper has on dev score its student again on dev rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from polydistill.data.rows.sources import Source
from polydistill.errors import unknown
from polydistill.methods.multikd import MultiKDSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.models.mblm_config import Branches
from polydistill.papers.combined import Best, Made, Together
from polydistill.papers.multikd.real import setting as real_setting
from polydistill.papers.multikd.scales import Setting, Way, comparable, in_our_languages, setting
from polydistill.papers.published import published_table
from polydistill.papers.real import HUB, Real
from polydistill.papers.recipe import RecipeGroup, RecipeRow, RunsOfSeed, TableRecipe
from polydistill.papers.scales import StartOf
from polydistill.starts.origins import Pretrained
from polydistill.tasks import TaskName
from polydistill.training.run import Branched, ResultOf, Run, Start
from polydistill.training.settings import Judging

Select = Literal["supervised", "all"]
System = Callable[[int, Way], Run]
_TASKS: Mapping[str, TaskName] = {"XNLI": "nli", "MARC": "stars"}
_SECOND = 1_000  # ours: how far the seed of an ensemble's second model is from its first's


@dataclass(frozen=True)
class Systems:
    """The paper's systems at one scale, on one student encoder: functions of the seed and of how they are trained."""

    where: Setting
    student: StartOf
    select: Select = "supervised"
    """Whose dev rows choose the weights: the paper's are those of all languages, zero-shot ones among them."""

    @property
    def chosen_on(self) -> tuple[str, ...]:
        """The languages whose dev rows choose."""
        return self.where.languages if self.select == "all" else self.where.supervised

    def teacher(self, code: str, seed: int, way: Way | None = None) -> Run:
        """A monolingual teacher, tuned on the labels of its language and selected on its dev rows."""
        return self._run(
            f"teacher {code}",
            TuneSpec(task=self.where.task, languages=(code,), data=self.where.train, max_length=self.where.max_length),
            self.where.teachers[code](seed),
            seed,
            way or self.where.teacher_way,
            judged=(code,),
            scored=(code,),
        )

    def tuned(self, seed: int, way: Way, branches: Branches | None = None) -> Run:
        """MultiTrain: the labels of the supervised languages, no teacher."""
        where = self.where
        method = TuneSpec(task=where.task, languages=where.supervised, data=where.train, max_length=where.max_length)
        return self._run("MultiTrain", method, self._student(seed, branches), seed, way)

    def distilled(
        self, seed: int, way: Way, languages: Sequence[str] | None = None, branches: Branches | None = None
    ) -> Run:
        """MultiKD with a teacher for each supervised language; MonoKD with one."""
        where, taught = self.where, tuple(languages or self.where.supervised)
        return self._run(
            "MultiKD" if len(taught) > 1 else "MonoKD",
            MultiKDSpec(task=where.task, languages=taught, data=where.train, max_length=where.max_length),
            self._student(seed, branches),
            seed,
            way,
            teachers={code: ResultOf(run=self.teacher(code, seed)) for code in taught},
        )

    def mono(self, seed: int, way: Way) -> Run:
        """MonoKD: the English teacher alone."""
        return self.distilled(seed, way, languages=("en",))

    def branches(self, **layout: Any) -> Branches:
        """Branches of the supervised languages."""
        return Branches.model_validate({"languages": self.where.supervised, "blocks": self.where.blocks, **layout})

    def mblm(self, **layout: Any) -> System:
        """MultiKD into an MBLM."""
        return partial(self.distilled, branches=self.branches(**layout))

    def deep(self, blocks: int) -> System:
        """MultiTrain of an MBLM with branches of so many blocks; of none, of its encoder."""
        return partial(self.tuned, branches=self.branches(blocks=blocks) if blocks else None)

    def _student(self, seed: int, branches: Branches | None) -> Start:
        start = self.student(seed)
        if branches is None:
            return start
        assert isinstance(start, Pretrained | ResultOf), "students begin as encoders that have learned something"
        return Branched(of=start, branches=branches)

    def _run(
        self,
        name: str,
        method: TuneSpec | MultiKDSpec,
        start: Start,
        seed: int,
        way: Way,
        judged: tuple[str, ...] = (),
        scored: tuple[str, ...] = (),
        teachers: Mapping[str, Start] | None = None,
    ) -> Run:
        return Run(
            name=name,
            method=method,
            start=start,
            teachers=teachers or {},
            training=self.where.trained(way, len(method.languages)),
            selection=self.on_dev(judged or self.chosen_on),
            evaluation=self._judging(scored or self.where.languages, self.where.test),
            seed=seed,
        )

    def on_dev(self, languages: tuple[str, ...] | None = None) -> Judging:
        """Dev rows."""
        return self._judging(languages or self.where.languages, self.where.dev)

    def _judging(self, languages: tuple[str, ...], data: Source) -> Judging:
        return Judging(task=self.where.task, languages=languages, data=data, max_length=self.where.max_length)


@dataclass(frozen=True)
class _Options:
    """How a table is made of systems."""

    of: Systems
    search: bool
    dev: bool

    def row(self, system: System) -> RunsOfSeed:
        """One model for all languages, trained in the one way or in the best of all that are tried."""
        return lambda seed: dict.fromkeys(self.of.where.languages, self._made(system, seed))

    def _made(self, system: System, seed: int) -> Made:
        where, scored = self.of.where, self.of.on_dev() if self.dev else None
        if self.search:
            tried = tuple(system(seed, way) for way in where.ways)
            return Best(tried, self.of.on_dev(self.of.chosen_on), scored)
        run = system(seed, where.way)
        return run if scored is None else Together((run,), scored, "dev")

    def ensemble(self, system: System) -> RunsOfSeed:
        """Two models of the same kind that answer together."""
        if self.search:
            raise ValueError("The two models of an ensemble are not searched for; make table 6 without the search.")

        def runs(seed: int) -> Mapping[str, Made]:
            one = system(seed, self.of.where.way)
            other = one.model_copy(update={"seed": seed + _SECOND})  # of the same encoder and teachers
            return dict.fromkeys(self.of.where.languages, Together((one, other), self.of.on_dev(), "dev"))

        return runs


def _systems(made: _Options) -> dict[str, RunsOfSeed]:
    of = made.of
    return {
        "MonoKD": made.row(of.mono),
        "MultiTrain": made.row(of.tuned),
        "MultiKD": made.row(of.distilled),
        "MultiKD + MBLM": made.row(of.mblm()),
    }


def _teachers(made: _Options) -> dict[str, RunsOfSeed]:
    def row(task: TaskName) -> RunsOfSeed:
        where = setting(made.of.where.scale, task)
        return lambda seed: {code: teacher(replace(made.of, where=where), code, seed) for code in where.supervised}

    def teacher(of: Systems, code: str, seed: int) -> Made:
        if not made.search:
            return of.teacher(code, seed)
        return Best(tuple(of.teacher(code, seed, way) for way in of.where.ways), of.on_dev((code,)))

    return {name: row(task) for name, task in _TASKS.items()}


def _ablations(made: _Options) -> dict[str, RunsOfSeed]:
    of = made.of
    return {
        "mBERT": made.row(of.distilled),
        "+ MBLM": made.row(of.mblm()),
        "- inner-mixers": made.row(of.mblm(mixers="outer")),
        "- all mixers (single)": made.row(of.mblm(mixers="none", supervised_route="own")),
        "- all mixers (all)": made.row(of.mblm(mixers="none")),
        "- detaching": made.row(of.mblm(detach=False)),
        "+ branches at the top": made.row(of.mblm(place="top")),
        "+ multi-classifier": made.row(of.mblm(place="top", heads="own")),
    }


def _sizes(made: _Options) -> dict[str, RunsOfSeed]:
    of = made.of
    return {
        "Single": made.row(of.distilled),
        "Ens_2": made.ensemble(of.distilled),
        "MBLM": made.row(of.mblm()),
    }


def _depths(made: _Options) -> dict[str, RunsOfSeed]:
    return {name: made.row(made.of.deep(blocks)) for name, blocks in made.of.where.depths.items()}


@dataclass(frozen=True)
class _Table:
    """How a table is made: its rows' runs by the paper's name, the row that others are compared with, and where."""

    runs: Callable[[_Options], Mapping[str, RunsOfSeed]]
    reference: str | None
    dev: bool = False
    task: TaskName = "nli"


TABLES: Mapping[str, _Table] = {
    "2": _Table(_teachers, None),
    "3": _Table(_systems, "MultiKD"),
    "4": _Table(_systems, "MultiKD", task="stars"),
    "5": _Table(_ablations, "mBERT", dev=True),
    "6": _Table(_sizes, "Single", dev=True),
    "7": _Table(_systems, "MultiKD", dev=True),
    "8": _Table(_systems, "MultiKD", task="stars"),
    "figure5": _Table(_depths, "K = 0", dev=True),
}


def table(
    number: str, scale: str, select: Select = "supervised", search: bool = False, real: Real = HUB
) -> TableRecipe:
    """Table 2 to 8 of the paper, or its figure 5.

    With `search` every row is the best of all learning rates and numbers of epochs that the paper tries, by the same
    dev rows that choose the weights.
    """
    if number not in TABLES:
        raise unknown("table of multikd", number, TABLES)
    printed, made = published_table(f"multikd/{number}"), TABLES[number]
    if scale == "real" and number in _OF_OTHER_TASKS:
        raise unknown("table of multikd at the scale real, which has one task", number, TABLES.keys() - _OF_OTHER_TASKS)
    where = real_setting(real) if scale == "real" else setting(scale, made.task)
    groups = []
    for group in printed.groups:
        student = where.students.get(group.name, next(iter(where.students.values())))
        if len(printed.groups) > 1 and group.name not in where.students:
            continue  # the mini-world has one polyglot
        runs = made.runs(_Options(Systems(where, student, select), search, made.dev))
        rows = [RecipeRow(row.name, comparable(row, where), runs.get(row.name)) for row in group.rows]
        groups.append(RecipeGroup(group.name, rows))
    return TableRecipe(
        id=printed.id,
        title=printed.title,
        groups=groups,
        setting=_describe(where, made, select, search),
        reference=made.reference,
        published_over=len(printed.average_over) if where.scale != "paper" and number != "2" else None,
        layout=printed if where.scale == "paper" else in_our_languages(printed, where),
        needs=where.needs,
    )


def _describe(where: Setting, made: _Table, select: Select, search: bool) -> str:
    rows = "dev rows, which also chose the weights" if made.dev else "test rows"
    chosen = "all languages" if select == "all" else "the supervised languages"
    said = [where.said, f"ours on {rows}; selected on dev of {chosen}"]
    if search:
        said.append(f"best of {len(where.ways)} learning rates and epochs")
    if where.scale != "paper" and made.runs is _depths:
        said.append(
            f"of {max(where.depths.values())} blocks here: "
            + ", ".join(f"{name} is {deep}" for name, deep in where.depths.items())
        )
    return "; ".join(said)


_OF_OTHER_TASKS = {"2", "8"}  # both of the paper's tasks, and errors of stars
