"""MMKD: the paper's systems, and its tables 2, 3, 4 and 5.

A system is an encoder: as it is, after plain sentence distillation, or after MMKD, with all its objectives or without
one. It is tuned on English and scored in all languages; in table 5 it is also looked at as it is, by retrieval.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from polydistill.errors import unknown
from polydistill.methods.mmkd import MMKDSpec
from polydistill.methods.sentence import SentenceSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.papers.claims import Claim
from polydistill.papers.columns import Column
from polydistill.papers.combined import Made
from polydistill.papers.mmkd.real import setting as real_setting
from polydistill.papers.mmkd.scales import BENCHMARKS, SOURCE, Setting, setting
from polydistill.papers.published import Layout, PublishedTable, published_table
from polydistill.papers.real import HUB, Real
from polydistill.papers.recipe import RecipeGroup, RecipeRow, RunsOfSeed, TableRecipe
from polydistill.retrieval.retrieval import Similarity
from polydistill.training.examination import Examination, Retrieving
from polydistill.training.run import ResultOf, Run, Start
from polydistill.training.settings import Judging

OURS = "plain sentence distillation (ours)"
"""A row that the paper does not have: the standard practice, on the same text."""
RETRIEVAL = "retrieval"
ABLATIONS = {"-XWCL": "xwcl", "-TLM": "tlm", "-SentA": "senta", "-StrucA": "struca"}


System = Callable[[int], Start]
_COSINE = Similarity.model_validate({"similarity": "cosine", "layers": "last"})


@dataclass(frozen=True)
class Systems:
    """The encoders at one scale, as functions of the seed, and what is done with each."""

    where: Setting

    def base(self, seed: int) -> Start:
        """The multilingual encoder as it is."""
        return self.where.student(seed)

    def mmkd(self, *without: str) -> Callable[[int], Start]:
        """The encoder after MMKD, without some of its terms."""
        method = MMKDSpec.model_validate({**self.where.text, **self.where.heads, "max_length": self.where.max_length})
        return lambda seed: self._aligned(
            "MMKD" + "".join(f" -{term}" for term in without), method.without(*without), seed
        )

    def sentences(self, seed: int) -> Start:
        """The encoder after plain sentence distillation."""
        method = SentenceSpec.model_validate({**self.where.text, "max_length": self.where.max_length})
        return self._aligned("sentence distillation", method, seed)

    def _aligned(self, name: str, method: MMKDSpec | SentenceSpec, seed: int) -> Start:
        run = Run(
            name=name,
            method=method,
            start=self.where.student(seed),
            teacher=self.where.teacher(seed),
            training=self.where.align,
            seed=seed,
        )
        return ResultOf(run=run)

    def tuned(self, start: Start, name: str, benchmark: str, seed: int) -> Run:
        """An encoder tuned on English, selected on English dev, scored in every language."""
        exercise, task = self.where.exercises[benchmark], BENCHMARKS[benchmark]
        length = exercise.max_length
        return Run(
            name=f"{name}, {benchmark}",
            method=TuneSpec(task=task, languages=(SOURCE,), data=exercise.train, max_length=length),
            start=start,
            training=exercise.training,
            selection=Judging(task=task, languages=(SOURCE,), data=exercise.dev, max_length=length),
            evaluation=Judging(task=task, languages=exercise.languages, data=exercise.test, max_length=length),
            seed=seed,
        )

    def examined(self, start: Start, name: str, code: str, seed: int) -> Examination:
        """An encoder as it is: does a sentence find its translation?"""
        return Examination(
            name=name,
            models={code: start, SOURCE: start},
            retrieval=Retrieving(languages=(code,), to=SOURCE, data=self.where.sentences(code), how=(_COSINE,)),
            seed=seed,
        )


def _rows(of: Systems, main: str) -> dict[str, System]:
    """Base encoder, sentence distillation and MMKD, by their names in the tables."""
    return {"mBERT*": of.base, OURS: of.sentences, main: of.mmkd()}


def _on_one(of: Systems, name: str, system: System, benchmark: str) -> RunsOfSeed:
    """One model for all languages of one task."""
    languages = of.where.exercises[benchmark].languages
    return lambda seed: dict.fromkeys(languages, of.tuned(system(seed), name, benchmark, seed))


def _on_all(of: Systems, name: str, system: System) -> RunsOfSeed:
    """On all tasks and in retrieval, by column."""

    def runs(seed: int) -> Mapping[str, Made]:
        start = system(seed)
        found: dict[str, Made] = {}
        for benchmark, exercise in of.where.exercises.items():
            run = of.tuned(start, name, benchmark, seed)
            found |= {f"{benchmark} {code}": run for code in exercise.languages}
        return found | {f"{RETRIEVAL} {code}": of.examined(start, name, code, seed) for code in _others(of.where)}

    return runs


def _others(where: Setting) -> tuple[str, ...]:
    """The languages that look for English sentences."""
    return tuple(code for code in where.exercises["XNLI"].languages if code != SOURCE)


TABLES: Mapping[str, str | None] = {"2": "XNLI", "3": "PAWS-X", "4": "XQuAD", "5": None}
"""The paper's tables, and the one task of each; table 5 has all."""


def table(number: str, scale: str, real: Real = HUB) -> TableRecipe:
    """Table 2, 3, 4 or 5 of the paper."""
    if number not in TABLES:
        raise unknown("table of mmkd", number, TABLES)
    printed, benchmark = published_table(f"mmkd/{number}"), TABLES[number]
    where = real_setting(real) if scale == "real" else setting(scale)
    if benchmark not in (None, *where.exercises):
        there = [one for one, name in TABLES.items() if name in (None, *where.exercises)]
        raise unknown(f"table of mmkd at the scale {scale}", number, there)
    of = Systems(where)
    if benchmark is None:
        main = "MMKD"
        systems = _rows(of, main) | {name: of.mmkd(term) for name, term in ABLATIONS.items()}
        runs = {name: _on_all(of, name, system) for name, system in systems.items()}
    else:
        main = "MMKD (this work)"
        systems = _rows(of, main)
        runs = {name: _on_one(of, name, system, benchmark) for name, system in systems.items()}
    layout = _of_all(printed, where) if benchmark is None else _of_one(printed, where, benchmark)
    return TableRecipe(
        id=printed.id,
        title=printed.title,
        groups=_groups(printed, runs),
        setting=f"{where.said}; tuned and selected on English",
        reference=main,
        published_over=None if where.scale == "paper" else len(printed.average_over) or None,
        layout=layout.model_copy(update={"remarks": (*layout.remarks, *where.remarks)}),
        needs=where.needs,
    )


def _groups(printed: PublishedTable, runs: Mapping[str, RunsOfSeed]) -> list[RecipeGroup]:
    """The printed blocks, each row with its runs (none: other people's systems); rows of ours end the first."""
    groups = []
    for number, group in enumerate(printed.groups):
        rows = {row.name: row for row in group.rows}
        names = dict.fromkeys([*rows, *(runs if number == 0 else ())])
        groups.append(RecipeGroup(group.name, [RecipeRow(name, rows.get(name), runs.get(name)) for name in names]))
    return groups


def _of_one(printed: PublishedTable, where: Setting, benchmark: str) -> Layout:
    """The columns of one task in the languages of the scale."""
    codes = where.exercises[benchmark].languages
    like = printed.columns[0]
    columns = tuple(like.model_copy(update={"name": code, "language": code}) for code in codes)
    return Layout(columns=columns, average_over=codes, claims=_about(printed, columns), remarks=printed.remarks)


def _of_all(printed: PublishedTable, where: Setting) -> Layout:
    """A mean for each task, and one of retrieval, which the paper does not have."""
    columns: list[Column] = []
    for mean in (column for column in printed.columns if column.over and column.name in where.exercises):
        like = printed.column(mean.over[0])
        names = {f"{mean.name} {code}": code for code in where.exercises[mean.name].languages}
        columns += [like.model_copy(update={"name": name, "language": code}) for name, code in names.items()]
        columns.append(mean.model_copy(update={"over": tuple(names)}))
    found = {f"{RETRIEVAL} {code}": code for code in _others(where)}
    metric = f"retrieval cosine to {SOURCE}"
    columns += [
        Column(name=name, language=code, metric=metric, labelled=False, hidden=True) for name, code in found.items()
    ]
    columns.append(Column(name=RETRIEVAL, over=tuple(found)))
    return Layout(columns=tuple(columns), claims=_about(printed, columns), remarks=printed.remarks)


def _about(printed: PublishedTable, columns: list[Column] | tuple[Column, ...]) -> tuple[Claim, ...]:
    """The claims about columns that we have; a claim about languages of which we have some is about those."""
    there = {column.name for column in columns} | {"average"}
    kept = ((claim, tuple(name for name in claim.on if name in there)) for claim in printed.claims)
    return tuple(claim.model_copy(update={"on": on}) for claim, on in kept if on)
