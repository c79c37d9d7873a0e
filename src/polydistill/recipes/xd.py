"""XD (cross-lingual knowledge distillation for polyglot sentence embeddings): its systems and its tables 2 to 6.

Scales: `paper` (the XLM checkpoints or XLM-R, XNLI of the hub), `world` (the mini-world: minutes on two cores), `smoke`
(seconds, for tests: it shows that all parts fit, and nothing else). The mini-world has six of the paper's fifteen
languages and no Urdu; where the paper has Urdu, an unrelated language far from English, the mini-world has Turkish.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from polydistill.data.schedule import Batching
from polydistill.data.sources import HubSource, Source, WorldSource
from polydistill.errors import unknown
from polydistill.methods.pretraining import Pretrain
from polydistill.methods.tuning import Tune
from polydistill.methods.xd import Distance, On, XDistil
from polydistill.recipes.tables import RecipeGroup, RecipeRow, RunsOfSeed, TableRecipe
from polydistill.reports.published import PublishedGroup, published_table
from polydistill.training.run import Fresh, Judging, Measure, Pretrained, ResultOf, Run, Start, Training

Scale = Literal["paper", "world", "smoke"]
Encoder = Literal["XLM MLM", "XLM MLM+TLM"]
Preset = Literal["paper", "reference"]

PAPER_LANGUAGES = ("en", "fr", "es", "de", "el", "bg", "ru", "tr", "ar", "vi", "th", "zh", "hi", "sw", "ur")
WORLD_LANGUAGES = ("en", "fr", "es", "de", "tr", "sw")

XNLI_REVISION = "b8dd5d7af51114dbda02c0e3f6133f332186418e"
XLMR = Pretrained(name="FacebookAI/xlm-roberta-base", revision="e73636d4f797dec63c3081bb6ed5c7b0bb3f2089")
CHECKPOINTS: dict[Encoder, Pretrained] = {  # "pretrained XLM from pytorch-transformers" (Sec. 3.1)
    "XLM MLM": Pretrained(name="FacebookAI/xlm-mlm-xnli15-1024"),
    "XLM MLM+TLM": Pretrained(name="FacebookAI/xlm-mlm-tlm-xnli15-1024"),
}


@dataclass(frozen=True)
class Setting:
    """All that a scale decides."""

    scale: Scale
    languages: tuple[str, ...]
    far: str
    """The unrelated language of the case studies."""
    train: Source
    dev: Source
    test: Source
    max_length: int
    tune: Training
    distil: Training
    freeze_blocks: int = 0
    """Lowest blocks (and with any, the embeddings) that tuning leaves alone."""


def setting(scale: Scale) -> Setting:
    """The setting of a scale."""
    match scale:
        case "paper":
            return _paper()
        case "world":
            return _world()
        case "smoke":
            return _smoke()
    raise unknown("scale", scale, ("paper", "world", "smoke"))


def _paper() -> Setting:
    def xnli(split: str) -> HubSource:
        return HubSource(name="facebook/xnli", revision=XNLI_REVISION, config="{lang}", split=split, aligned=True)

    training = Training(
        steps=1_000_000,  # ours: a bound that patience reaches first; the reference code has 400 epochs
        batch_size=8,  # "batch size of 8 sentences from the same language" (Sec. 3.1)
        learning_rate=5e-6,  # "a learning rate of 5x10^-6"
        clip=0.0,  # the paper names no clipping
        evaluate_every=2_500,  # "small epochs of 20,000 examples each"
        patience=60,  # reference code; the paper: until convergence
        checkpoint_every=2_500,
    )
    return Setting(
        "paper", PAPER_LANGUAGES, "ur", xnli("train"), xnli("validation"), xnli("test"), 256, training, training
    )


def _world() -> Setting:
    return Setting(
        scale="world",
        languages=WORLD_LANGUAGES,
        far="tr",
        train=WorldSource(rows=12_000, split="train"),
        dev=WorldSource(rows=900, split="dev"),
        test=WorldSource(rows=2_000, split="test"),
        max_length=64,
        tune=Training(
            steps=2_400, batch_size=32, learning_rate=3e-4, warmup=0.1, decay="linear", evaluate_every=400
        ),  # ours, as all numbers of this scale
        distil=Training(steps=2_000, batch_size=32, learning_rate=1e-3, warmup=0.1, decay="linear"),
        freeze_blocks=2,
    )


def _smoke() -> Setting:
    few = Training(steps=4, batch_size=4, learning_rate=1e-3)
    return Setting(
        scale="smoke",
        languages=WORLD_LANGUAGES,
        far="tr",
        train=WorldSource(rows=60, split="train"),
        dev=WorldSource(rows=30, split="dev"),
        test=WorldSource(rows=30, split="test"),
        max_length=64,
        tune=few.model_copy(update={"evaluate_every": 2}),
        distil=few,
        freeze_blocks=1,
    )


def encoder(where: Setting, kind: Encoder, seed: int) -> Start:
    """The polyglot all systems begin with: downloaded, or a mini one pre-trained with or without translation pairs."""
    if where.scale == "paper":
        return CHECKPOINTS[kind]
    return ResultOf(run=pretrained(where, kind, seed))


def pretrained(where: Setting, kind: Encoder, seed: int) -> Run:
    """The mini-world's stand-in for XLM: MLM on single sentences, or on these and on translation pairs (TLM)."""
    world = where.scale == "world"
    return Run(
        name=f"{kind} polyglot",
        method=Pretrain(
            languages=where.languages,
            data=WorldSource(rows=4_000 if world else 60, split="train"),
            pairs=0.6 if kind == "XLM MLM+TLM" else 0.0,
        ),
        start=Fresh() if world else Fresh(vocabulary=300, width=32, blocks=2, heads=2),
        training=Training(
            steps=3_000 if world else 4,
            batch_size=32 if world else 4,
            learning_rate=2e-3,
            weight_decay=0.01,
            warmup=0.1,
            decay="linear",
        ),
        seed=seed,
    )


def tuned(where: Setting, name: str, start: Start, languages: Sequence[str], seed: int) -> Run:
    """Baseline, IndT and MLT: tuning on the labels of these languages, selected on English dev if it is among them."""
    chosen = ("en",) if "en" in languages else tuple(languages)
    return Run(
        name=name,
        method=Tune(
            languages=tuple(languages),
            data=where.train,
            max_length=where.max_length,
            freeze_embeddings=where.freeze_blocks > 0,
            freeze_blocks=where.freeze_blocks,
        ),
        start=start,
        training=where.tune,
        selection=Judging(languages=chosen, data=where.dev, max_length=where.max_length),
        evaluation=Judging(languages=where.languages, data=where.test, max_length=where.max_length),
        seed=seed,
    )


def distilled(
    where: Setting,
    name: str,
    start: Run,
    languages: Sequence[str],
    seed: int,
    on: On = "logits",
    distance: Distance = "mse",
    preset: Preset = "paper",
) -> Run:
    """XD from a tuned model into these languages, without a label; what is selected, is by agreement with the teacher.

    `reference` is what the authors' public code does where the paper says otherwise or nothing: languages in turn
    instead of at random, rows over 128 tokens dropped instead of cut at 256, and selection on the labelled dev sets of
    the target languages.
    """
    reference = preset == "reference"
    targets = tuple(languages)
    measure: Measure = "accuracy" if reference else "agreement"
    training = where.distil
    if reference:
        training = training.model_copy(update={"batching": Batching(sampling="in-turn")})
    selects = training.evaluate_every is not None or reference
    if selects and training.evaluate_every is None:
        training = training.model_copy(update={"evaluate_every": max(1, training.steps // 5)})
    return Run(
        name=name,
        method=XDistil(
            languages=targets,
            data=where.train,
            on=on,
            distance=distance,
            max_length=min(128, where.max_length) if reference else where.max_length,
            longer="drop" if reference else "cut",
        ),
        start=ResultOf(run=start),
        training=training,
        selection=Judging(languages=targets, data=where.dev, max_length=where.max_length, measure=measure)
        if selects
        else None,
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
        return tuned(self.where, "Baseline", encoder(self.where, self.kind, seed), ("en",), seed)

    def individual(self, language: str, seed: int) -> Run:
        """IndT: a model of its own, tuned on the labels of one language."""
        start = encoder(self.where, self.kind, seed)
        return tuned(self.where, f"IndT {language}", start, (language,), seed)

    def multilingual(self, seed: int, without: str | None = None, only: Sequence[str] | None = None) -> Run:
        """MLT: tuned on the labels of all languages, of all but one, or of a few."""
        languages = tuple(only) if only else tuple(code for code in self.where.languages if code != without)
        name = "MLT, en+l2" if only else f"MLT no-{without}" if without else "MLT"
        return tuned(self.where, name, encoder(self.where, self.kind, seed), languages, seed)

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


def table(number: int, scale: Scale) -> TableRecipe:
    """Table 2, 3, 4, 5 or 6 of the paper."""
    builders = {2: _groups_2, 3: _groups_3, 4: _groups_4, 5: _groups_5, 6: _groups_6}
    if number not in builders:
        raise unknown("table of xd", number, builders)
    where, printed = setting(scale), published_table(f"xd/{number}")
    references = {2: "Baseline", 3: "Baseline", 4: "Baseline", 5: f"MLT no-{where.far}", 6: None}
    return TableRecipe(
        id=printed.id,
        title=printed.title,
        groups=builders[number](where, {group.name: group for group in printed.groups}),
        setting=_describe(where),
        reference=references[number],
        published_over=len(PAPER_LANGUAGES),
    )


def _describe(where: Setting) -> str:
    if where.scale == "paper":
        return "XNLI"
    return f"mini-world NLI ({where.scale} scale); {where.far} stands where the paper has ur"


def _ours(where: Setting, name: str) -> str:
    """A row's name here: the far language instead of Urdu."""
    return name.replace("ur", where.far) if where.far != "ur" else name


def _rows(where: Setting, printed: PublishedGroup, runs: Mapping[str, RunsOfSeed]) -> list[RecipeRow]:
    """The rows of a printed block, each with its runs (none: other people's systems)."""
    return [
        RecipeRow(_ours(where, row.name) if row.name in runs else row.name, row, runs.get(row.name))
        for row in printed.rows
    ]


def _groups_2(where: Setting, printed: Mapping[str, PublishedGroup]) -> list[RecipeGroup]:
    return [RecipeGroup(kind, _rows(where, printed[kind], _tuning(Systems(where, kind)))) for kind in CHECKPOINTS]


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
    for kind in CHECKPOINTS:
        for theirs in ("fr", "sw", "ur"):
            other = where.far if theirs == "ur" else theirs
            runs = _pair(Systems(where, kind), other)
            rows = _rows(where, printed[f"{kind}, l2 = {theirs}"], runs)
            groups.append(RecipeGroup(f"{kind}, l2 = {other}", rows, columns=("en", other)))
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
    return [RecipeGroup("XLM MLM+TLM", _rows(where, printed["XLM MLM+TLM"], _cascades(of)))]


def _cascades(of: Systems) -> dict[str, RunsOfSeed]:
    far, close = of.where.far, ("en", "fr", "de", "es")
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
