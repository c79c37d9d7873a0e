"""Monolingual components of a multilingual transformer (thesis, 2022): its systems and its tables of zero-shot tasks.

A row has a run for every column: its students are tuned on English labels (`FULL TRG`: the target student itself learns
from English rows, Sec. 3.3.1) and scored on their own language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from polydistill.defaults import LossName
from polydistill.errors import unknown
from polydistill.methods.monolingual import Monolingual, Student
from polydistill.methods.tuning import Tune
from polydistill.objectives.layer_maps import LayerMapName
from polydistill.recipes.mono_losses import named_loss
from polydistill.recipes.mono_scales import Setting, setting
from polydistill.recipes.mono_transfer import few_shot, strategies, task_distilled
from polydistill.recipes.tables import RecipeGroup, RecipeRow, RunsOfSeed, TableRecipe
from polydistill.reports.published import Layout, PublishedTable, published_table
from polydistill.training.run import Cut, Pretrained, ResultOf, Run, Start
from polydistill.training.settings import Judging

SOURCE = "en"


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
        method = Monolingual(
            **{
                "students": tuple(Student(name=code, languages=(code,)) for code in where.languages),
                "data": where.text,
                "depth": where.depth,
                "max_length": where.max_length,
                **named_loss(loss).settings,
                **changes,
            }
        )
        return Run(name=f"{loss} students", method=method, start=where.teacher(seed), training=where.distil, seed=seed)

    def tuned(self, start: Start, name: str, task: str, seed: int) -> Run:
        """A model tuned on English labels of a task, selected on English dev."""
        exercise = self.where.exercises[task]
        length = exercise.max_length
        return Run(
            name=f"{name}, {task}",
            method=Tune(task=exercise.task, languages=(SOURCE,), data=exercise.train, max_length=length),
            start=start,
            training=exercise.training,
            selection=Judging(task=exercise.task, languages=(SOURCE,), data=exercise.dev, max_length=length),
            evaluation=Judging(
                task=exercise.task, languages=self.where.languages, data=exercise.test, max_length=length
            ),
            seed=seed,
        )

    def row(self, name: str, start: Callable[[str, int], Start]) -> RunsOfSeed:
        """The runs of a row by column; `start` gives the model of a target language."""

        def runs(seed: int) -> Mapping[str, Run]:
            return {
                f"{task} {code}": self.tuned(start(code, seed), name, task, seed)
                for task in self.where.exercises
                for code in self.targets
            }

        return runs

    def teacher(self) -> RunsOfSeed:
        """The teacher itself."""
        return self.row("teacher", lambda _, seed: self.where.teacher(seed))

    def cut(self, layers: LayerMapName) -> RunsOfSeed:
        """Some of the teacher's blocks, without distillation."""

        def start(_: str, seed: int) -> Start:
            teacher = self.where.teacher(seed)
            assert isinstance(teacher, Pretrained | ResultOf), "a teacher has learned something"
            return Cut(of=teacher, depth=self.where.depth, map=layers)

        return self.row(f"teacher's {layers} blocks", start)

    def distilled(self, loss: LossName = "MonoShot", **changes: Any) -> RunsOfSeed:
        """Students of single languages."""
        return self.row(loss, lambda code, seed: ResultOf(run=self.students(seed, loss, **changes), student=code))

    def bilingual(self, loss: LossName) -> RunsOfSeed:
        """A student for each pair of English and a target language, distilled on both."""
        students = {code: Student(name=f"{SOURCE}-{code}", languages=(SOURCE, code)) for code in self.targets}

        def start(code: str, seed: int) -> Start:
            pairs = self.students(seed, loss, students=tuple(students.values()), share=())
            return ResultOf(run=pairs, student=students[code].name)

        return self.row(f"bilingual {loss}", start)


MONOSHOT = "Hinton+Hid_MSE+ATT_MSE+Emb_MSE (Uniform)=MonoShot"
MONOALIGNMENT = "Hinton+Hid_MSE+ATT_MSE+Emb_MSE (Last)=MonoAlignment"
_LOSSES: Mapping[str, LossName] = {
    "Hinton": "Hinton",
    "Hinton+Hid_MSE (Uniform)": "Hinton+Hid",
    "Hinton+Hid_MSE+ATT_MSE (Uniform)": "Hinton+Hid+Att",
    MONOSHOT: "MonoShot",
    "Hid_MSE+ATT_MSE+Emb_MSE (Uniform)": "Hid+Att+Emb",
    "Hinton+Hid_COS+ATT_MSE+Emb_MSE (Uniform)": "MonoShot-cosine",
    "Hinton+Hid_COS+ATT_MSE+Emb_MSE (Bottom)": "MonoShot-cosine-bottom",
    "Hinton+Hid_MSE+ATT_MSE+Emb_MSE (Top)": "MonoShot-top",
    "Hinton+Hid_MSE+ATT_MSE+Emb_MSE (Bottom)": "MonoShot-bottom",
    MONOALIGNMENT: "MonoAlignment",
}


def _baselines(of: Systems) -> dict[str, RunsOfSeed]:
    return {
        "XLM-R base": of.teacher(),
        "XLM-R6 (Uniform)": of.cut("uniform"),
        "XLM-R6 (Bottom)": of.cut("bottom"),
        "XLM-R6 (Top)": of.cut("top"),
        "MonoShot-XLM-R6": of.distilled(),
        "MonoShot-XLM-R6 +TD": task_distilled(of),
    }


def _few_shot(of: Systems) -> dict[str, RunsOfSeed]:
    return {name: few_shot(of, runs) for name, runs in _baselines(of).items() if not name.endswith("+TD")}


def _strategies(of: Systems) -> dict[str, RunsOfSeed]:
    return strategies(of, SOURCE)


def _losses(of: Systems) -> dict[str, RunsOfSeed]:
    return {name: of.distilled(loss) for name, loss in _LOSSES.items()}


def _ablations(of: Systems) -> dict[str, RunsOfSeed]:
    return {
        "MonoShot-XLM-R6": of.distilled(),
        "MonoShot-XLM-R6 w/o Emb Sharing": of.distilled(share=()),
        "MonoShot-XLM-R6 w/o Teacher Init": of.distilled(init="random"),
        # "Through the weight untying, we also do not share the MLM head between students anymore" (Sec. 4.4.3)
        "MonoShot-XLM-R6 w/o Output Tie": of.distilled(share=("embeddings",), tie_head=False),
    }


def _bilingual(of: Systems) -> dict[str, RunsOfSeed]:
    return {
        "XLM-R base": of.teacher(),
        MONOSHOT: of.distilled(),
        MONOALIGNMENT: of.distilled("MonoAlignment"),
        "Bilingual-Hinton+Hid_MSE+ATT_MSE+Emb_MSE (Uniform)": of.bilingual("MonoShot"),
        "Bilingual-Hinton+Hid_COS+ATT_MSE+Emb_MSE (Uniform)": of.bilingual("MonoShot-cosine"),
        "Bilingual-Hinton+Hid_MSE+ATT_MSE+Emb_MSE (Last)": of.bilingual("MonoAlignment"),
    }


@dataclass(frozen=True)
class _Table:
    """How a table is made: its rows' runs by the paper's name, and the row that the others are compared with."""

    runs: Callable[[Systems], Mapping[str, RunsOfSeed]]
    reference: str


TABLES: Mapping[str, _Table] = {
    "4.4": _Table(_baselines, "XLM-R6 (Uniform)"),
    "4.5": _Table(_few_shot, "XLM-R6 (Uniform)"),
    "4.6": _Table(_strategies, "FULL TRG"),
    "4.7": _Table(_losses, MONOSHOT),
    "4.8": _Table(_ablations, "MonoShot-XLM-R6"),
    "4.9": _Table(_bilingual, MONOSHOT),
    "4.10": _Table(_bilingual, "XLM-R base"),
}


def table(number: str, scale: str) -> TableRecipe:
    """One of the tables 4.4 to 4.10 of the thesis."""
    if number not in TABLES:
        raise unknown("table of mono", number, TABLES)
    printed, made = published_table(f"mono/{number}"), TABLES[number]
    where = setting(scale)
    runs = made.runs(Systems(where))
    groups = [
        RecipeGroup(group.name, [RecipeRow(row.name, row, runs.get(row.name)) for row in group.rows])
        for group in printed.groups
    ]
    return TableRecipe(
        id=printed.id,
        title=printed.title,
        groups=groups,
        setting=f"mini-world ({where.scale} scale), students {where.depth} deep; ours on the test split",
        reference=made.reference,
        layout=_on_test(printed),
    )


def _on_test(printed: PublishedTable) -> Layout:
    """The paper's columns; ours are all scored on the test split, from which nothing is chosen."""
    columns = tuple(column.model_copy(update={"split": None}) for column in printed.columns)
    return Layout(columns=columns, average_over=printed.average_over, claims=printed.claims, remarks=printed.remarks)
