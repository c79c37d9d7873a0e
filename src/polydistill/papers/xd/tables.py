"""XD (cross-lingual knowledge distillation for polyglot sentence embeddings): its systems and its tables 2 to 6."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from polydistill.data.rows.sources import Source
from polydistill.errors import unknown
from polydistill.methods.tuning import TuneSpec
from polydistill.methods.xd import XDSpec
from polydistill.papers.claims import Claim
from polydistill.papers.published import Layout, PublishedGroup, published_table
from polydistill.papers.real import HUB, XNLI_LANGUAGES, Real
from polydistill.papers.recipe import RecipeGroup, RecipeRow, RunsOfSeed, TableRecipe
from polydistill.papers.scales import Encoder, Scale
from polydistill.papers.xd.scales import Setting, setting
from polydistill.training.run import ResultOf, Run, Start
from polydistill.training.settings import Judging, Training


def tuned(
    where: Setting, name: str, start: Start, languages: Sequence[str], seed: int, data: Source, training: Training
) -> Run:
    """Baseline, IndT and MLT: tuning on the labels of these languages, selected on English dev if it is among them."""
    chosen = ("en",) if "en" in languages else tuple(languages)
    return Run(
        name=name,
        method=TuneSpec(languages=tuple(languages), data=data, max_length=where.max_length, **where.frozen),
        start=start,
        training=training,
        selection=Judging(languages=chosen, data=where.dev, max_length=where.max_length),
        evaluation=Judging(languages=where.languages, data=where.test, max_length=where.max_length),
        seed=seed,
    )


def distilled(where: Setting, name: str, start: Run, languages: Sequence[str], seed: int) -> Run:
    """XD from a tuned model into these languages, without a label; weights are chosen by agreement with the teacher."""
    chosen = Judging(languages=tuple(languages), data=where.dev, max_length=where.max_length, measure="agreement")
    return Run(
        name=name,
        method=XDSpec(
            languages=tuple(languages), data=where.parallel or where.train, max_length=where.max_length, **where.frozen
        ),
        start=ResultOf(run=start),
        training=where.distil,
        selection=chosen if where.distil.evaluate_every else None,
        evaluation=Judging(languages=where.languages, data=where.test, max_length=where.max_length),
        seed=seed,
    )


@dataclass(frozen=True)
class Systems:
    """The paper's systems on one encoder at one scale, each a function of the seed."""

    where: Setting
    kind: Encoder

    def baseline(self, seed: int) -> Run:
        """Tuned on English labels."""
        where = self.where
        return tuned(where, "Baseline", where.start(self.kind, seed), ("en",), seed, where.train, where.tune)

    def individual(self, language: str, seed: int) -> Run:
        """IndT: a model of its own, tuned on the labels of one language."""
        return self._labelled(f"IndT {language}", (language,), seed)

    def multilingual(self, seed: int, without: str | None = None, only: Sequence[str] | None = None) -> Run:
        """MLT: tuned on the labels of all languages, of all but one, or of a few."""
        languages = tuple(only) if only else tuple(code for code in self.where.languages if code != without)
        name = "MLT, en+l2" if only else f"MLT no-{without}" if without else "MLT"
        return self._labelled(name, languages, seed)

    def _labelled(self, name: str, languages: Sequence[str], seed: int) -> Run:
        """Tuned on the labels of these languages: the encoder or, where many labels are English alone, the Baseline."""
        where = self.where
        if where.parallel is None:
            return tuned(where, name, where.start(self.kind, seed), languages, seed, where.train, where.tune)
        start = ResultOf(run=self.baseline(seed))
        return tuned(where, name, start, languages, seed, where.parallel, where.distil)

    def xd(self, seed: int, only: Sequence[str] | None = None) -> Run:
        """XD from the baseline."""
        return distilled(self.where, "XD", self.baseline(seed), only or self.where.languages, seed)

    def cascade(self, seed: int, languages: Sequence[str]) -> Run:
        """XD from the MLT model that did not see the far language."""
        start = self.multilingual(seed, without=self.where.far)
        return distilled(self.where, "cascade", start, languages, seed)

    def one(self, run: Run) -> Mapping[str, Run]:
        """One model for all languages."""
        return dict.fromkeys(self.where.languages, run)

    def each(self, seed: int) -> Mapping[str, Run]:
        """One model a language."""
        return {code: self.individual(code, seed) for code in self.where.languages}


TABLES = (2, 3, 4, 5, 6)
_NEEDED = {
    "MLT no-de": ("de",),
    "MLT no-sw": ("sw",),
    "MLT no-ur + XD fr": ("fr",),
    "MLT no-ur + XD sw": ("sw",),
    "MLT no-ur + XD 4-lang": ("fr", "de", "es"),
}
"""By row: the languages without which there is no such system."""


def table(number: int, scale: Scale, real: Real = HUB) -> TableRecipe:
    """Table 2, 3, 4, 5 or 6 of the paper."""
    builders = dict(zip(TABLES, (_groups_2, _groups_3, _groups_4, _groups_5, _groups_6), strict=True))
    if number not in builders:
        raise unknown("table of xd", number, builders)
    where, printed = setting(scale, real), published_table(f"xd/{number}")
    references = {2: "Baseline", 3: "Baseline", 4: "Baseline", 5: f"MLT no-{where.far}", 6: None}
    groups = builders[number](where, {group.name: group for group in printed.groups})
    claims = (_here(where, claim) for claim in printed.claims)
    there = {group.name for group in groups}
    return TableRecipe(
        id=printed.id,
        title=printed.title,
        groups=groups,
        setting=_describe(where),
        reference=references[number],
        published_over=len(XNLI_LANGUAGES),
        layout=Layout(claims=tuple(claim for claim in claims if claim.group in ("", *there)), remarks=where.remarks),
        needs=where.needs,
    )


def _here(where: Setting, claim: Claim) -> Claim:
    """The same claim with the far language in place of Urdu, in rows, blocks and columns."""
    mine = partial(_ours, where)
    sides = {side: tuple(map(mine, getattr(claim, side))) for side in ("better", "than", "on")}
    return claim.model_copy(update={"group": _group(where, mine(claim.group)), **sides})


def _group(where: Setting, name: str) -> str:
    """The name of a block, with that of our encoder."""
    kind, comma, rest = name.partition(",")
    return next((ours for theirs, ours in where.encoders.items() if theirs == kind), kind) + comma + rest


def _describe(where: Setting) -> str:
    if where.scale == "paper":
        return "XNLI"
    if where.scale == "real":
        return f"XNLI (real scale), {' '.join(where.encoders.values())} where the paper has XLM"
    return f"mini-world NLI ({where.scale} scale); {where.far} stands where the paper has ur"


def _ours(where: Setting, name: str) -> str:
    """A row's name here: the far language instead of Urdu."""
    return name.replace("ur", where.far) if where.far != "ur" else name


def _rows(where: Setting, printed: PublishedGroup, runs: Mapping[str, RunsOfSeed]) -> list[RecipeRow]:
    """The rows of a printed block, each with its runs (none: other people's systems, or languages not asked for)."""
    ours = {name: run for name, run in runs.items() if set(_NEEDED.get(name, ())) <= set(where.languages)}
    return [
        RecipeRow(_ours(where, row.name) if row.name in ours else row.name, row, ours.get(row.name))
        for row in printed.rows
    ]


def _groups_2(where: Setting, printed: Mapping[str, PublishedGroup]) -> list[RecipeGroup]:
    groups = [
        RecipeGroup(name, _rows(where, printed[kind], _tuning(Systems(where, kind))))
        for kind, name in where.encoders.items()
    ]
    if where.scale != "paper":
        return groups
    systems = _tuning(Systems(where, "XLM-R base"))
    rows = [RecipeRow(row.name, None, systems[row.name]) for row in printed["XLM MLM+TLM"].rows]
    return [*groups, RecipeGroup("XLM-R base (not in the paper)", rows)]


def _tuning(of: Systems) -> dict[str, RunsOfSeed]:
    return {
        "Baseline": lambda seed: of.one(of.baseline(seed)),
        "IndT": of.each,
        "MLT": lambda seed: of.one(of.multilingual(seed)),
        "MLT no-de": lambda seed: of.one(of.multilingual(seed, without="de")),
        "MLT no-sw": lambda seed: of.one(of.multilingual(seed, without="sw")),
        "MLT no-ur": lambda seed: of.one(of.multilingual(seed, without=of.where.far)),
        "XD": lambda seed: of.one(of.xd(seed)),
    }


def _groups_3(where: Setting, printed: Mapping[str, PublishedGroup]) -> list[RecipeGroup]:
    return _groups_2(where, printed)


def _groups_4(where: Setting, printed: Mapping[str, PublishedGroup]) -> list[RecipeGroup]:
    groups = []
    for kind, name in where.encoders.items():
        for theirs in ("fr", "sw", "ur"):
            other = where.far if theirs == "ur" else theirs
            if other not in where.languages:
                continue
            runs = _pair(Systems(where, kind), other)
            rows = _rows(where, printed[f"{kind}, l2 = {theirs}"], runs)
            groups.append(RecipeGroup(f"{name}, l2 = {other}", rows, columns=("en", other)))
    return groups


def _pair(of: Systems, other: str) -> dict[str, RunsOfSeed]:
    pair = ("en", other)
    return {
        "Baseline": lambda seed: of.one(of.baseline(seed)),
        "SepT": of.each,
        "MLT, en+l2": lambda seed: of.one(of.multilingual(seed, only=pair)),
        "XD, en+l2": lambda seed: of.one(of.xd(seed, only=pair)),
    }


def _groups_5(where: Setting, printed: Mapping[str, PublishedGroup]) -> list[RecipeGroup]:
    of = Systems(where, "XLM MLM+TLM")
    return [RecipeGroup(where.encoders[of.kind], _rows(where, printed[of.kind], _cascades(of)))]


def _cascades(of: Systems) -> dict[str, RunsOfSeed]:
    far, close = of.where.far, ("en", *_NEEDED["MLT no-ur + XD 4-lang"])
    rest = tuple(code for code in of.where.languages if code != far)
    return {
        "MLT no-ur": lambda seed: of.one(of.multilingual(seed, without=far)),
        "MLT no-ur + XD fr": lambda seed: of.one(of.cascade(seed, ("en", "fr"))),
        "MLT no-ur + XD sw": lambda seed: of.one(of.cascade(seed, ("en", "sw"))),
        "MLT no-ur + XD ur": lambda seed: of.one(of.cascade(seed, ("en", far))),
        "MLT no-ur + XD without ur": lambda seed: of.one(of.cascade(seed, rest)),
        "MLT no-ur + XD 4-lang": lambda seed: of.one(of.cascade(seed, close)),
    }


def _groups_6(where: Setting, printed: Mapping[str, PublishedGroup]) -> list[RecipeGroup]:
    of = Systems(where, "XLM MLM+TLM")
    runs = {**_tuning(of), **_cascades(of), "XD all": lambda seed: of.one(of.xd(seed))}
    return [RecipeGroup(name, _rows(where, group, runs)) for name, group in printed.items()]
