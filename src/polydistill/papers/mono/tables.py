"""Monolingual components of a multilingual transformer (thesis, 2022): its tables of zero-shot tasks and retrieval."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from polydistill.defaults import LossName
from polydistill.errors import unknown
from polydistill.papers.combined import Made, Together
from polydistill.papers.mono.real import setting as real_setting
from polydistill.papers.mono.scales import Setting, setting
from polydistill.papers.mono.systems import System, Systems
from polydistill.papers.mono.transfer import few_shot, strategies, task_distilled
from polydistill.papers.published import Layout, PublishedTable, published_table
from polydistill.papers.real import HUB, Real
from polydistill.papers.recipe import RecipeGroup, RecipeRow, RunsOfSeed, TableRecipe
from polydistill.training.run import Run
from polydistill.training.settings import Judging

Split = Literal["test", "dev"]

MONOSHOT = "Hinton+Hid_MSE+ATT_MSE+Emb_MSE (Uniform)=MonoShot"
MONOALIGNMENT = "Hinton+Hid_MSE+ATT_MSE+Emb_MSE (Last)=MonoAlignment"
_BEST = "Bilingual-Hinton+Hid_COS+ATT_MSE+Emb_MSE (Uniform)"
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


def _baselines(of: Systems) -> dict[str, System]:
    return {
        "XLM-R base": of.teacher(),
        "XLM-R6 (Uniform)": of.cut("uniform"),
        "XLM-R6 (Bottom)": of.cut("bottom"),
        "XLM-R6 (Top)": of.cut("top"),
        "MonoShot-XLM-R6": of.distilled(),
    }


def _zero_shot(of: Systems) -> dict[str, RunsOfSeed]:
    return {
        **_each(_baselines, Systems.tasks)(of),
        "MonoShot-XLM-R6 +TD": task_distilled(of),
        "XLM-R6 (Uniform), as long without a teacher (ours)": of.tasks(of.alone()),
    }


def _few_shot(of: Systems) -> dict[str, RunsOfSeed]:
    return {name: few_shot(of, of.tasks(system)) for name, system in _baselines(of).items()}


def _alignment(of: Systems) -> dict[str, System]:
    """The teacher is also looked at in some of its layers: not cut, "just different subsets" (Sec. 4.3.1)."""
    subsets = thirds(of.where.teacher_blocks)
    return {
        "XLM-R base": of.teacher(),
        **{name: of.teacher(layers) for name, layers in subsets.items()},
        "MonoAlignment-XLM-R6": of.distilled("MonoAlignment"),
    }


def thirds(blocks: int) -> dict[str, tuple[int, ...]]:
    """Layers of a teacher: "the 1th, 3th, 5th, ...", and a third at the top, in the middle, at the bottom."""
    third = max(1, blocks // 3)
    begins = {"Top": blocks - third + 1, "Middle": (blocks - third) // 2 + 1, "Bottom": 1}
    return {
        "XLM-R6-ALIGNMENT (Uniform)": tuple(range(1, blocks, 2)),
        **{f"XLM-R4-ALIGNMENT ({name})": tuple(range(at, at + third)) for name, at in begins.items()},
    }


def _losses(of: Systems) -> dict[str, System]:
    return {name: of.distilled(loss) for name, loss in _LOSSES.items()}


def _ablations(of: Systems) -> dict[str, System]:
    return {
        "MonoShot-XLM-R6": of.distilled(),
        "MonoShot-XLM-R6 w/o Emb Sharing": of.distilled(share=()),
        "MonoShot-XLM-R6 w/o Teacher Init": of.distilled(init="random"),
        # "Through the weight untying, we also do not share the MLM head between students anymore" (Sec. 4.4.3)
        "MonoShot-XLM-R6 w/o Output Tie": of.distilled(share=("embeddings",), tie_head=False),
    }


def _bilingual(of: Systems) -> dict[str, System]:
    return {
        MONOSHOT: of.distilled(),
        MONOALIGNMENT: of.distilled("MonoAlignment"),
        "Bilingual-Hinton+Hid_MSE+ATT_MSE+Emb_MSE (Uniform)": of.bilingual("MonoShot"),
        _BEST: of.bilingual("MonoShot-cosine"),
        "Bilingual-Hinton+Hid_MSE+ATT_MSE+Emb_MSE (Last)": of.bilingual("MonoAlignment"),
    }


def _losses_and_teacher(of: Systems) -> dict[str, System]:
    return {"XLM-R base": of.teacher(), **_losses(of)}


def _best_and_teacher(of: Systems) -> dict[str, System]:
    return {"XLM-R base": of.teacher(), _BEST: of.bilingual("MonoShot-cosine")}


def _each(
    systems: Callable[[Systems], Mapping[str, System]], judged: Callable[[Systems, System], RunsOfSeed]
) -> Callable[[Systems], Mapping[str, RunsOfSeed]]:
    """The runs in which each of some systems is judged."""
    return lambda of: {name: judged(of, system) for name, system in systems(of).items()}


@dataclass(frozen=True)
class _Table:
    """How a table is made: its rows' runs by the paper's name, and the row that the others are compared with."""

    runs: Callable[[Systems], Mapping[str, RunsOfSeed]]
    reference: str


TABLES: Mapping[str, _Table] = {
    "4.3": _Table(_each(_alignment, Systems.retrieval), "XLM-R base"),
    "4.4": _Table(_zero_shot, "XLM-R6 (Uniform)"),
    "4.5": _Table(_few_shot, "XLM-R6 (Uniform)"),
    "4.6": _Table(strategies, "FULL TRG"),
    "4.7": _Table(_each(_losses, Systems.tasks), MONOSHOT),
    "4.8": _Table(_each(_ablations, Systems.tasks), "MonoShot-XLM-R6"),
    "4.9": _Table(_each(_bilingual, Systems.tasks), MONOSHOT),
    "4.10": _Table(_each(_best_and_teacher, Systems.tasks), "XLM-R base"),
    "4.11": _Table(_each(_losses_and_teacher, Systems.both), MONOSHOT),
    "4.12": _Table(_each(_ablations, Systems.retrieval), "MonoShot-XLM-R6"),
    "4.13": _Table(_each(_bilingual, Systems.both), MONOSHOT),
}


def on_dev(number: str) -> bool:
    """Whether a table has scores on dev in the thesis."""
    return any(column.split == "dev" for column in published_table(f"mono/{number}").columns)


def table(number: str, scale: str, split: Split = "test", real: Real = HUB) -> TableRecipe:
    """Table 4.3 to 4.13 of the thesis, as far as they are in `TABLES`; some are of dev rows there."""
    if number not in TABLES:
        raise unknown("table of mono", number, TABLES)
    if split == "dev" and not on_dev(number):
        raise unknown("table of mono that is dev in the thesis", number, [one for one in TABLES if on_dev(one)])
    printed, made = published_table(f"mono/{number}"), TABLES[number]
    where = real_setting(real) if scale == "real" else setting(scale)
    runs = made.runs(Systems(where))
    if split == "dev":
        runs = {name: _scored_on_dev(where, printed, of_seed) for name, of_seed in runs.items()}
    (group,) = printed.groups
    rows = {row.name: row for row in group.rows}
    groups = [
        RecipeGroup(
            group.name, [RecipeRow(name, rows.get(name), runs.get(name)) for name in dict.fromkeys([*rows, *runs])]
        )
    ]
    return TableRecipe(
        id=printed.id,
        title=printed.title,
        groups=groups,
        setting=f"{where.said}, students {where.depth} deep; ours on the {split} split",
        reference=made.reference,
        layout=_ours(printed, where, split),
        needs=where.needs,
    )


def _scored_on_dev(where: Setting, printed: PublishedTable, of_seed: RunsOfSeed) -> RunsOfSeed:
    """The same runs, each scored again on dev rows of its column's language; retrieval is as it is."""

    def judged(name: str, made: Made) -> Made:
        column = printed.column(name)
        if column.split != "dev" or not isinstance(made, Run):
            return made
        assert column.language is not None, "a run is scored on single columns"
        exercise = where.exercises[column.task]
        if exercise.few is None:
            return made
        judging = Judging(
            task=exercise.task, languages=(column.language,), data=exercise.few, max_length=exercise.max_length
        )
        return Together((made,), judging, "dev")

    return lambda seed: {name: judged(name, made) for name, made in of_seed(seed).items()}


def _ours(printed: PublishedTable, where: Setting, split: Split) -> Layout:
    """The paper's columns, on the split that ours are scored on; a mean is over the languages that we have."""
    there = [column.name for column in printed.columns if column.language in where.languages]
    columns = tuple(
        column.model_copy(
            update={
                "split": column.split if split == "dev" else None,
                "over": tuple(name for name in column.over if name in there),
            }
        )
        for column in printed.columns
    )
    return Layout(
        columns=columns,
        average_over=printed.average_over,
        claims=printed.claims,
        remarks=(*printed.remarks, *where.remarks),
    )
