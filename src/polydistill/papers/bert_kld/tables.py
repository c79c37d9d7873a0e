"""BERT-KLD (poster): its systems, its tables 1 to 4 and its figure 2.

Each pair of languages has one teacher: plain tuning on that pair, which is also its baseline, and is done once for all
tables. A student begins as the encoder itself.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polydistill.errors import unknown
from polydistill.languages import called
from polydistill.methods.bert_kld import BertKldSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.papers.bert_kld.scales import FEW_ROWS, Model, Setting, settings
from polydistill.papers.published import PublishedRow, PublishedTable, published_table
from polydistill.papers.real import CHOSEN, HUB, LABELLED, TESTED, Real
from polydistill.papers.recipe import RecipeGroup, RecipeRow, RunsOfSeed, TableRecipe
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging

BASELINE, STUDENT_PAIR = "Baseline", "BERT-KLD, teacher reads the student's pair"
_SHARE, _TEMPERATURE = "alpha ", "T = "


@dataclass(frozen=True)
class Systems:
    """The poster's systems at one scale, each a function of the seed."""

    where: Setting

    def tuned(self, pair: str, seed: int, model: Model = "mBERT") -> Run:
        """The baseline of a pair, and the teacher that others learn from: tuned on the labels of the pair."""
        where = self.where
        return Run(
            name=f"{model} {pair}",
            method=TuneSpec(languages=(pair,), data=where.train, max_length=where.max_length, **where.frozen),
            start=where.starts[model](seed),
            training=where.training,
            selection=self._judging(pair, "dev"),
            evaluation=self._judging(pair, "test"),
            seed=seed,
        )

    def taught(self, pair: str, teacher: str, seed: int, **changes: Any) -> Run:
        """BERT-KLD into a pair from another one; `changes` are settings of the method."""
        where = self.where
        return Run(
            name=f"BERT-KLD {teacher} to {pair}",
            method=BertKldSpec(
                pair=pair,
                teacher_pair=teacher,
                data=where.train,
                max_length=where.max_length,
                **where.frozen,
                **changes,
            ),
            start=where.starts["mBERT"](seed),
            teacher=ResultOf(run=self.tuned(teacher, seed)),
            training=where.training,
            selection=self._judging(pair, "dev"),
            evaluation=self._judging(pair, "test"),
            seed=seed,
        )

    def distilled(self, pair: str, teacher: str, seed: int, alpha: float, temperature: float) -> Run:
        """Classical distillation: (1 - alpha) of the labels, alpha of the teacher's softened logits."""
        classical = {"vector": "logits", "sum": "shared", "weight": alpha, "temperature": temperature}
        return self.taught(pair, teacher, seed, **classical).model_copy(update={"name": f"KD {teacher} to {pair}"})

    def _judging(self, pair: str, split: str) -> Judging:
        data = self.where.dev if split == "dev" else self.where.test
        return Judging(languages=(pair,), data=data, max_length=self.where.max_length)

    def baseline(self, pairs: Sequence[str], model: Model = "mBERT") -> RunsOfSeed:
        """A row of plain tuning."""
        return lambda seed: {pair: self.tuned(pair, seed, model) for pair in pairs}

    def students(self, teachers: Mapping[str, str], **changes: Any) -> RunsOfSeed:
        """A row of BERT-KLD: by pair, the pair of its teacher."""
        return lambda seed: {pair: self.taught(pair, teacher, seed, **changes) for pair, teacher in teachers.items()}


@dataclass(frozen=True)
class _Table:
    """How a table is made: its rows' runs by name, of what it prints; the row that the others are compared with."""

    runs: Callable[[Systems, PublishedTable], Mapping[str, RunsOfSeed]]
    reference: str | None = BASELINE
    remarks: tuple[str, ...] = ()
    average: bool = True
    """Whether ours has a mean over all columns, which the poster never prints."""


def _runs_1(of: Systems, printed: PublishedTable) -> Mapping[str, RunsOfSeed]:
    pairs = _pairs(printed)
    other_way = dict(zip(pairs, pairs[::-1], strict=True))
    return {
        BASELINE: of.baseline(pairs),
        "BERT-KLD": of.students(other_way),
        STUDENT_PAIR: of.students(other_way, teacher_reads="student_pair"),
    }


def _runs_2(of: Systems, printed: PublishedTable) -> Mapping[str, RunsOfSeed]:
    return {BASELINE: of.baseline(_pairs(printed))}


def _runs_3(of: Systems, printed: PublishedTable) -> Mapping[str, RunsOfSeed]:
    pairs = _pairs(printed)
    rows = {
        f"from {teacher}": of.students(dict.fromkeys((pair for pair in pairs if pair != teacher), teacher))
        for teacher in pairs
    }
    return {BASELINE: of.baseline(pairs), **rows}


def _runs_4(of: Systems, printed: PublishedTable) -> Mapping[str, RunsOfSeed]:
    pairs, teachers = _pairs(printed), _best_teachers(of.where)
    larger = {"XLM-R": of.baseline(pairs, "XLM-R")} if "XLM-R" in of.where.starts else {}
    return {
        BASELINE: of.baseline(pairs),
        **larger,
        "BERT-KLD": of.students(teachers),
        STUDENT_PAIR: of.students(teachers, teacher_reads="student_pair"),
    }


def _runs_figure(of: Systems, printed: PublishedTable) -> Mapping[str, RunsOfSeed]:
    (pair,) = {column.language for column in printed.columns}
    assert pair is not None, "the columns are those of one pair"
    teacher, shares = _best_teachers(of.where)[pair], [column.name for column in printed.columns]
    rows = [row.name for group in printed.groups for row in group.rows if row.name.startswith(_TEMPERATURE)]

    def everywhere(run: Callable[[int], Run]) -> RunsOfSeed:
        return lambda seed: dict.fromkeys(shares, run(seed))

    def softened(temperature: float) -> RunsOfSeed:
        return lambda seed: {
            share: of.distilled(pair, teacher, seed, float(share.removeprefix(_SHARE)), temperature) for share in shares
        }

    return {
        BASELINE: everywhere(lambda seed: of.tuned(pair, seed)),
        "BERT-KLD": everywhere(lambda seed: of.taught(pair, teacher, seed)),
        **{row: softened(float(row.removeprefix(_TEMPERATURE))) for row in rows},
    }


def _pairs(printed: PublishedTable) -> list[str]:
    return [column.name for column in printed.columns]


def _best_teachers(where: Setting) -> dict[str, str]:
    """By pair, the teacher that is best for it in the poster's table 3, not in ours: nothing is chosen on test."""
    printed = _here(published_table("bert-kld/3"), where)
    rows = [row for group in printed.groups for row in group.rows if row.name != BASELINE]
    best = {pair: max(rows, key=lambda row: row.scores.get(pair, 0.0)).name for pair in _pairs(printed)}
    return {pair: name.removeprefix("from ") for pair, name in best.items()}


_EACH_WAY = "The poster does not say who teaches in this table; here it is the pair the other way round."
_BEST = (
    "BERT-KLD's teacher is, for each pair, the one that is best for it in the poster's table 3 (ties: the first); the "
    "poster prints the best of the column as scored."
)
_SMALLER = (
    "Smaller than on the poster: an encoder of 12 blocks of 384 (768), of which the six upper blocks learn; "
    f"{' and '.join(map(str, FEW_ROWS))} labelled rows of the pair (up to 392,702), {CHOSEN} to choose by and "
    f"{TESTED:,} to test on, all of them XNLI's dev rows; 64 tokens (128). So few rows teach no encoder from nothing: "
    f"all models begin tuned on {LABELLED:,} English rows."
)
TABLES: Mapping[str, _Table] = {
    "1": _Table(_runs_1, remarks=(_EACH_WAY,)),
    "2": _Table(_runs_2),
    "3": _Table(_runs_3, average=False),
    "4": _Table(_runs_4, remarks=(_BEST,)),
    "figure-2": _Table(_runs_figure),
}


def table(number: str, scale: str, real: Real = HUB) -> TableRecipe:
    """Table 1, 2, 3 or 4 of the poster, or its figure 2."""
    if number not in TABLES:
        raise unknown("table of bert-kld", number, TABLES)
    blocks, made = settings(scale, real), TABLES[number]
    where = next(iter(blocks.values()))
    printed = _here(published_table(f"bert-kld/{number}"), where)
    (group,) = printed.groups
    groups = [RecipeGroup(name or group.name, _rows(Systems(one), printed, made)) for name, one in blocks.items()]
    over = printed.average_over or (tuple(_pairs(printed)) if made.average else ())
    remarks = (*printed.remarks, *made.remarks, *([_SMALLER] if scale == "real" else []))
    claims = [claim.model_copy(update={"group": name}) for name in blocks for claim in printed.claims]
    layout = printed.model_copy(update={"average_over": over, "remarks": remarks, "claims": tuple(claims)})
    return TableRecipe(
        id=printed.id,
        title=printed.title,
        groups=groups,
        setting=_describe(where),
        reference=made.reference,
        layout=layout,
        needs=where.needs,
    )


def _rows(of: Systems, printed: PublishedTable, made: _Table) -> list[RecipeRow]:
    """The printed rows, and ours that the poster does not have."""
    runs, (group,) = made.runs(of, printed), printed.groups
    names = [row.name for row in group.rows]
    rows = [RecipeRow(row.name, row, runs.get(row.name)) for row in group.rows]
    return [*rows, *(RecipeRow(name, None, runs[name]) for name in runs if name not in names)]


def _describe(where: Setting) -> str:
    if where.scale == "real":
        return "XNLI (real scale), multilingual-e5-small where the poster has mBERT"
    if where.scale == "paper":
        return "XNLI, its translated rows to learn from (the poster: EH-XNLI for English-Hindi)"
    instead = ", ".join(
        f"{called(ours)} where the poster has {called(theirs)}" for theirs, ours in where.stand_ins.items()
    )
    return f"mini-world NLI ({where.scale} scale), with {instead}; mBERT and XLM-R are mini polyglots"


def _here(printed: PublishedTable, where: Setting) -> PublishedTable:
    """The table with our languages in the names of its rows and columns, where others stand for the poster's."""

    def ours(name: str) -> str:
        return re.sub(r"\b[a-z]{2}\b", lambda code: where.stand_ins.get(code[0], code[0]), name)

    def of_row(row: PublishedRow) -> PublishedRow:
        scores = {ours(name): score for name, score in row.scores.items()}
        labels = tuple(map(ours, row.labels_seen))
        return row.model_copy(update={"name": ours(row.name), "labels_seen": labels, "scores": scores})

    def of_claim(claim: Any) -> Any:
        return {name: tuple(map(ours, getattr(claim, name))) for name in ("better", "than", "on", "than_on")}

    columns = [
        column.model_copy(update={"name": ours(column.name), "language": ours(column.language or "")})
        for column in printed.columns
    ]
    groups = [group.model_copy(update={"rows": tuple(map(of_row, group.rows))}) for group in printed.groups]
    claims = [claim.model_copy(update=of_claim(claim)) for claim in printed.claims]
    changed = {"columns": tuple(columns), "groups": tuple(groups), "claims": tuple(claims)}
    return printed.model_copy(update={**changed, "title": ours(printed.title)})
