"""What a table would take: runs, examples, arithmetic by model, hours on a named GPU, downloads. Nothing is run.

FLOPs of a text of L tokens, by an encoder with `blocks` blocks of `width` (N = 12 x blocks x width^2 weights apart from
the embeddings, which are looked up and not multiplied):

    reading     2 N L + 4 blocks width L^2        (a multiplication and an addition a weight; scores and their sums)
    learning    3 x reading                       (= 6 N L + 12 blocks width L^2: forward, and twice that backward)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from polydistill.data.sources import FileSource, HubSource, WorldSource
from polydistill.errors import unknown
from polydistill.methods.monolingual import Monolingual
from polydistill.methods.multikd import MultiKD
from polydistill.methods.pretraining import Pretrain
from polydistill.methods.xd import XDistil
from polydistill.recipes.tables import TableRecipe
from polydistill.specs import Spec
from polydistill.training.run import Branched, Cut, Fresh, Pretrained, ResultOf, Run, Start
from polydistill.training.settings import Judging

# NVIDIA's data sheets: dense peak of the tensor cores, bf16 (V100 and T4: fp16), FLOP/s
GPUS: dict[str, float] = {"A100": 312e12, "H100": 989e12, "H200": 989e12, "V100": 125e12, "T4": 65e12}
UTILISATION = 0.3  # ours: the share of the peak that training a base-size encoder reaches
STEP_SECONDS = 0.03  # ours: some 1,500 kernels a step take this long to launch, however small the batch
TOKENS = {
    "world": 18,
    "hub": 45,
}  # a pair: measured for the mini-world; 154 characters a pair in XNLI dev, about 4 a token
SENTENCE_TOKENS = 10  # of the mini-world, with the two signs around it; measured
BYTES = 4  # a weight as published, fp32


@dataclass(frozen=True)
class Architecture:
    """The sizes that decide what an encoder costs."""

    blocks: int
    width: int
    vocabulary: int
    beside: int = 0
    """Blocks of other branches, which read every text too, and learn nothing from it."""

    @property
    def multiplied(self) -> int:
        """Weights of the blocks: 4 width^2 of attention and 8 width^2 of the feed-forward part in each."""
        return 12 * (self.blocks + self.beside) * self.width**2

    @property
    def bytes(self) -> int:
        """Size of its file."""
        return BYTES * (self.multiplied + self.vocabulary * self.width)

    def reading(self, texts: float, tokens: float) -> float:
        """FLOPs of reading so many texts of so many tokens."""
        return texts * tokens * (2 * self.multiplied + 4 * (self.blocks + self.beside) * self.width * tokens)

    def learning(self, texts: float, tokens: float) -> float:
        """FLOPs of learning from them: reading, and twice that backward through all blocks that learn."""
        return self.reading(texts, tokens) + 2 * replace(self, beside=0).reading(texts, tokens)


ARCHITECTURES: dict[str, Architecture] = {  # from their published configurations
    "FacebookAI/xlm-roberta-base": Architecture(12, 768, 250_002),
    "FacebookAI/xlm-roberta-large": Architecture(24, 1024, 250_002),
    "google-bert/bert-base-multilingual-cased": Architecture(12, 768, 119_547),
    "FacebookAI/roberta-large": Architecture(24, 1024, 50_265),
    "almanach/camembert-large": Architecture(24, 1024, 32_005),
    "hfl/chinese-roberta-wwm-ext-large": Architecture(24, 1024, 21_128),
    "FacebookAI/xlm-mlm-xnli15-1024": Architecture(12, 1024, 95_000),
    "FacebookAI/xlm-mlm-tlm-xnli15-1024": Architecture(12, 1024, 95_000),
}
HUB_ROWS: dict[str, dict[str, int]] = {"facebook/xnli": {"train": 392_702, "validation": 2_490, "test": 5_010}}
HUB_BYTES = {"facebook/xnli": 64_000_000}  # a language: its card says 964 MB for all fifteen
ASSUMPTIONS = (
    f"A pair has {TOKENS['hub']} tokens in XNLI (154 characters on average in its dev sets) and {TOKENS['world']} in "
    "the mini-world.",
    "FLOPs of N multiplied weights on L tokens: learning 6 N L + 12 blocks width L^2, reading a third of that.",
    "A teacher whose signals are stored reads every original once a run (runs of one teacher share them: fewer still).",
    "Runs go to their last step: where patience may stop them earlier, these are upper bounds.",
    f"Hours: {UTILISATION:.0%} of the dense bf16 (V100, T4: fp16) peak, and at least {STEP_SECONDS * 1000:.0f} ms a "
    "training step; one GPU, precision bf16; no time for reading data.",
    "Downloads are approximate: 4 bytes a weight, and the data set's card.",
)


class Line(Spec):
    """All runs of one method on one model."""

    method: Literal["pretrain", "tune", "xd", "monolingual", "multikd"]
    model: str
    runs: int
    steps: int
    examples: int
    student_flops: float
    teacher_flops: float
    judging_flops: float
    hours: float


class Download(Spec):
    """Something to fetch; `bytes` is None where its size is not known here."""

    name: str
    bytes: int | None


class Plan(Spec):
    """What a table takes on one GPU."""

    id: str
    setting: str
    seeds: tuple[int, ...]
    gpu: str
    lines: tuple[Line, ...]
    downloads: tuple[Download, ...]
    assumptions: tuple[str, ...] = ASSUMPTIONS

    @property
    def runs(self) -> int:
        """Number of different runs, those that others start from among them."""
        return sum(line.runs for line in self.lines)

    @property
    def hours(self) -> float:
        """All of them one after the other."""
        return sum(line.hours for line in self.lines)


def plan_table(recipe: TableRecipe, seeds: Sequence[int], gpu: str = "A100") -> Plan:
    """What the table takes; a run that several rows or other runs share counts once."""
    if gpu not in GPUS:
        raise unknown("GPU", gpu, GPUS)
    runs = with_starts(recipe.runs(seeds).values())
    lines = [_line(run, GPUS[gpu]) for run in runs]
    kinds = dict.fromkeys((line.method, line.model) for line in lines)
    summed = tuple(_sum([line for line in lines if (line.method, line.model) == kind]) for kind in kinds)
    return Plan(
        id=recipe.id, setting=recipe.setting, seeds=tuple(seeds), gpu=gpu, lines=summed, downloads=_downloads(runs)
    )


def with_starts(runs: Iterable[Run]) -> list[Run]:
    """These runs and all they start from, each once, what is needed first."""
    found: dict[str, Run] = {}

    def add(run: Run) -> None:
        for first in run.first:
            add(first)
        found.setdefault(run.identity, run)

    for run in runs:
        add(run)
    return list(found.values())


def origin(start: Start) -> Fresh | Pretrained:
    """The encoder that a chain of runs goes back to."""
    if isinstance(start, Cut | Branched):
        return origin(start.of)
    return origin(start.run.start) if isinstance(start, ResultOf) else start


def architecture(start: Start) -> Architecture:
    """The sizes of what a run starts from."""
    if isinstance(start, ResultOf):
        return learner(start.run)
    if isinstance(start, Cut):
        return replace(architecture(start.of), blocks=start.depth)
    if isinstance(start, Branched):
        branches = start.branches
        return replace(architecture(start.of), beside=(len(branches.languages) - 1) * branches.blocks)
    if isinstance(start, Fresh):
        return Architecture(start.blocks, start.width, start.vocabulary)
    if start.name not in ARCHITECTURES:
        raise unknown("model to plan for", start.name, ARCHITECTURES)
    return ARCHITECTURES[start.name]


def learner(run: Run) -> Architecture:
    """The sizes of what a run trains: of what it starts from, unless it makes smaller students of that."""
    start = architecture(run.start)
    if isinstance(run.method, Monolingual):
        return Architecture(run.method.depth, run.method.width or start.width, start.vocabulary)
    return start


def row_count(source: WorldSource | FileSource | HubSource) -> int:
    """Rows of one language, as far as it is known without reading them."""
    if source.rows is not None:
        return source.rows
    if isinstance(source, HubSource) and source.split in HUB_ROWS.get(source.name, {}):
        return HUB_ROWS[source.name][source.split]
    raise ValueError(f"Cannot plan with {source}: its number of rows is not known here. Set `rows` to say it.")


def _line(run: Run, peak: float) -> Line:
    start = origin(run.start)
    sizes, training = learner(run), run.training
    examples = training.steps * training.batch_size * training.accumulation
    tokens = _tokens(run)
    student = sizes.learning(examples, tokens) + _vocabulary_head(run, sizes, examples * tokens)
    teacher = _teaching(run, examples, tokens)
    evaluations = training.steps // training.evaluate_every if training.evaluate_every else 0
    judging = sizes.reading(evaluations * _judged(run.selection) + _judged(run.evaluation), tokens)
    seconds = max(student / (peak * UTILISATION), training.steps * STEP_SECONDS)
    seconds += (teacher + judging) / (peak * UTILISATION)
    return Line(
        method=run.method.kind,
        model=start.name if isinstance(start, Pretrained) else f"fresh {start.blocks} x {start.width}",
        runs=1,
        steps=training.steps,
        examples=examples,
        student_flops=student,
        teacher_flops=teacher,
        judging_flops=judging,
        hours=seconds / 3600,
    )


def _tokens(run: Run) -> float:
    """Tokens of an input on average."""
    if isinstance(run.method, Pretrain):
        return SENTENCE_TOKENS * (1 + run.method.pairs)
    if isinstance(run.method, Monolingual):  # a text of the world is a sentence, any other is as long as it may be
        return SENTENCE_TOKENS if isinstance(run.method.reads[0][0], WorldSource) else run.method.max_length
    source = run.method.reads[0][0]
    return TOKENS["world" if isinstance(source, WorldSource) else "hub"]


def _vocabulary_head(run: Run, sizes: Architecture, tokens: float) -> float:
    """Learning to predict the hidden tokens, or to score all as a teacher does: each meets the whole vocabulary."""
    method = run.method
    if isinstance(method, Pretrain):
        share = method.pair_mask_rate
    elif isinstance(method, Monolingual) and (method.weights.mlm or method.weights.hinton):
        share = 1.0 if method.weights.hinton and method.positions == "all" else method.mask_rate
    else:
        return 0.0
    return 6 * sizes.width * (sizes.vocabulary + sizes.width) * tokens * share


def _teaching(run: Run, examples: int, tokens: float) -> float:
    """FLOPs of what teachers read; of several, each reads the texts of its language."""
    if not isinstance(run.method, MultiKD):
        return architecture(run.teacher or run.start).reading(_taught(run, examples), tokens)
    own = row_count(run.method.data) if run.method.store_teacher else examples / len(run.teachers)
    return sum(architecture(teacher).reading(own, tokens) for teacher in run.teachers.values())


def _taught(run: Run, examples: int) -> int:
    """Texts that a teacher reads: every original once, or again and again."""
    if isinstance(run.method, Monolingual):
        return examples if run.method.has_teacher else 0
    if not isinstance(run.method, XDistil):
        return 0
    if run.method.store_teacher and run.method.data is not None:
        return row_count(run.method.data)
    return examples


def _judged(judging: Judging | None) -> int:
    return 0 if judging is None else row_count(judging.data) * len(judging.languages)


def _sum(lines: Sequence[Line]) -> Line:
    """Lines of one method and model as one."""
    added = {
        name: sum(getattr(line, name) for line in lines)
        for name, field in Line.model_fields.items()
        if field.annotation in (int, float)
    }
    return lines[0].model_copy(update=added)


def _downloads(runs: Sequence[Run]) -> tuple[Download, ...]:
    """The models and data sets of the hub that the runs read, each once."""
    begun = (origin(model) for run in runs for model in run.models.values())
    origins = {start.name: start for start in begun if isinstance(start, Pretrained)}
    models = [Download(name=name, bytes=architecture(start).bytes) for name, start in origins.items()]
    languages: dict[str, set[str]] = {}
    for run in runs:
        judged = [(judging.data, judging.languages) for judging in (run.selection, run.evaluation) if judging]
        for source, codes in (*run.method.reads, *judged):
            if isinstance(source, HubSource):
                languages.setdefault(source.name, set()).update(codes)
    sizes = {name: HUB_BYTES.get(name) for name in languages}
    data = [
        Download(
            name=f"{name} ({len(codes)} languages)", bytes=None if (size := sizes[name]) is None else size * len(codes)
        )
        for name, codes in languages.items()
    ]
    return (*models, *data)
