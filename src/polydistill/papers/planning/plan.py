"""What a table would take: runs, examples, arithmetic by model, hours on a named GPU, downloads. Nothing is run.

FLOPs of a text of L tokens, by an encoder with `blocks` blocks of `width` (N = 12 x blocks x width^2 weights apart from
the embeddings, which are looked up and not multiplied):

    reading     2 N L + 4 blocks width L^2        (a multiplication and an addition a weight; scores and their sums)
    learning    3 x reading                       (= 6 N L + 12 blocks width L^2: forward, and twice that backward)
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from polydistill.data.rows.shapes import SENTENCE
from polydistill.data.rows.sources import HubSource, WorldSource
from polydistill.data.translations.translations import Translations
from polydistill.errors import unknown
from polydistill.languages import parts_of
from polydistill.methods.bert_kld import BertKldSpec
from polydistill.methods.mmkd import MMKDSpec
from polydistill.methods.monolingual import MonolingualSpec
from polydistill.methods.multikd import MultiKDSpec
from polydistill.methods.pretraining import PretrainSpec
from polydistill.methods.sentence import SentenceSpec
from polydistill.methods.transfer_tuning import TransferTuneSpec
from polydistill.methods.xd import XDSpec
from polydistill.papers.planning.rows import Rows
from polydistill.papers.planning.sizes import (
    HUB_BYTES,
    PARALLEL_TOKENS,
    SENTENCE_TOKENS,
    TOKENS,
    WORLD_TOKENS,
    Architecture,
    architecture,
    learner,
    origin,
)
from polydistill.papers.recipe import TableRecipe
from polydistill.specs import Spec
from polydistill.starts.origins import Pretrained
from polydistill.tasks import task_of
from polydistill.training.run import Run
from polydistill.training.settings import Judging

# NVIDIA's data sheets: dense peak of the tensor cores, bf16 (V100 and T4: fp16), FLOP/s
GPUS: dict[str, float] = {"A100": 312e12, "H100": 989e12, "H200": 989e12, "V100": 125e12, "T4": 65e12}
UTILISATION = 0.3  # ours: the share of the peak that training a base-size encoder reaches
STEP_SECONDS = 0.03  # ours: some 1,500 kernels a step take this long to launch, however small the batch
ASSUMPTIONS = (
    f"Tokens of a row, from characters in dev sets: {TOKENS['nli']} in XNLI (154 characters), "
    f"{TOKENS['paraphrase']} in PAWS-X, {TOKENS['qa']} in SQuAD, {TOKENS['choice']} in SIQA (all answers), "
    f"{TOKENS['ner']} in WikiAnn, {TOKENS['stars']} in MARC (assumed, not counted); "
    f"{PARALLEL_TOKENS} in a side of a translation; {WORLD_TOKENS} in the mini-world.",
    "FLOPs of N multiplied weights on L tokens: learning 6 N L + 12 blocks width L^2, reading a third of that.",
    "A teacher whose signals are stored reads every original once a run (runs of one teacher share them: fewer still).",
    "Runs go to their last step: where patience may stop them earlier, these are upper bounds.",
    f"Hours: {UTILISATION:.0%} of the dense bf16 (V100, T4: fp16) peak, and at least {STEP_SECONDS * 1000:.0f} ms a "
    "training step; one GPU, precision bf16; no time for reading data.",
    "Downloads are approximate: 4 bytes a weight, and the data set's card.",
)


class Line(Spec):
    """All runs of one method on one model."""

    method: Literal["pretrain", "tune", "transfer", "xd", "monolingual", "multikd", "bert-kld", "mmkd", "sentence"]
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
    files: tuple[str, ...] = ()
    """Those whose rows are counted as they were published: they need not be there."""
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
    runs, rows = with_starts(recipe.wanted(seeds)), Rows()
    lines = [_line(run, GPUS[gpu], rows) for run in runs]
    rows.check()
    kinds = dict.fromkeys((line.method, line.model) for line in lines)
    summed = tuple(_sum([line for line in lines if (line.method, line.model) == kind]) for kind in kinds)
    return Plan(
        id=recipe.id,
        setting=recipe.setting,
        seeds=tuple(seeds),
        gpu=gpu,
        lines=summed,
        downloads=_downloads(runs),
        files=tuple(rows.published),
    )


def with_starts(runs: Iterable[Run]) -> list[Run]:
    """These runs and all they start from, each once, what is needed first."""
    found: dict[str, Run] = {}

    def add(run: Run) -> None:
        for first in run.first:
            add(first)
        found.setdefault(run.outline, run)

    for run in runs:
        add(run)
    return list(found.values())


def _line(run: Run, peak: float, rows: Rows) -> Line:
    start = origin(run.start)
    sizes, training = learner(run), run.training
    examples = training.steps * training.batch_size * training.accumulation
    readings = _readings(run)
    students = 2 if isinstance(run.method, TransferTuneSpec) and run.method.strategy.learns_on == "both" else 1
    student = students * sum(sizes.learning(examples, tokens) for tokens in readings)
    student += _vocabulary_head(run, sizes, examples * readings[0])
    teacher = _teaching(run, examples, rows)
    evaluations = training.steps // training.evaluate_every if training.evaluate_every else 0
    judged = evaluations * _judged(run.selection, rows) + _judged(run.evaluation, rows)
    judging = sizes.reading(judged, _tokens(run))
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
    """Tokens of a row on average; of translations, of one side."""
    ours = all(isinstance(source, WorldSource) for source, _ in run.method.reads)
    if isinstance(run.method, PretrainSpec):
        return SENTENCE_TOKENS * (1 + run.method.pairs)
    if isinstance(run.method, MonolingualSpec):  # a text of the world is a sentence, any other is as long as it may be
        return SENTENCE_TOKENS if ours else run.method.max_length
    if isinstance(run.method, Translations):
        return SENTENCE_TOKENS if ours else PARALLEL_TOKENS
    return WORLD_TOKENS if ours else TOKENS[task_of(run.method.task).name]


def _readings(run: Run) -> list[float]:
    """Tokens of each text that a student reads of a row; MMKD's reads one for each of its terms, but two share one."""
    tokens = _tokens(run)
    if not isinstance(run.method, MMKDSpec):
        return [tokens]
    weights = run.method.weights
    pairs = [2 * tokens for term in (weights.tlm, weights.xwcl) if term]
    return [*pairs, tokens] if weights.senta or weights.struca else pairs


def _vocabulary_head(run: Run, sizes: Architecture, tokens: float) -> float:
    """Learning to predict the hidden tokens, or to score all as a teacher does: each meets the whole vocabulary."""
    method = run.method
    if isinstance(method, PretrainSpec):
        share = method.pair_mask_rate
    elif isinstance(method, MonolingualSpec) and (method.weights.mlm or method.weights.hinton):
        share = 1.0 if method.weights.hinton and method.positions == "all" else method.mask_rate
    elif isinstance(method, MMKDSpec) and method.weights.tlm:
        share = 1.0 if method.tlm_positions == "all" else method.mask_rate
    else:
        return 0.0
    return 6 * sizes.width * (sizes.vocabulary + sizes.width) * tokens * share


def _teaching(run: Run, examples: int, rows: Rows) -> float:
    """FLOPs of what teachers read; of several, each reads the texts of its language."""
    tokens = _tokens(run)
    if not isinstance(run.method, MultiKDSpec):
        return architecture(run.teacher or run.start).reading(_taught(run, examples, rows), tokens)
    shape = task_of(run.method.task).shape
    own = rows.of(run.method.data, shape, ["en"]) if run.method.store_teacher else examples / len(run.teachers)
    return sum(architecture(teacher).reading(own, tokens) for teacher in run.teachers.values())


def _taught(run: Run, examples: int, rows: Rows) -> int:
    """Texts that a teacher reads: every original once, or again and again."""
    method = run.method
    if isinstance(method, MonolingualSpec | MMKDSpec):
        return examples if method.has_teacher else 0
    if isinstance(method, TransferTuneSpec):
        once = method.few or rows.of(method.data, task_of(method.task).shape, method.languages)
        return 0 if method.distil is None else examples if task_of(method.task).shape.tagged else once
    if isinstance(method, SentenceSpec):
        return sum(rows.of(source, SENTENCE, codes[:1]) for source, codes in method.reads)
    if not isinstance(method, XDSpec | BertKldSpec):
        return 0
    if method.store_teacher and method.data is not None:
        return rows.of(method.data, task_of(method.task).shape, method.reads[0][1][:1])
    return examples


def _judged(judging: Judging | None, rows: Rows) -> int:
    return 0 if judging is None else rows.of(judging.data, judging.shape, judging.languages)


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
                languages.setdefault(source.name, set()).update(part for code in codes for part in parts_of(code))
    sizes = {name: HUB_BYTES.get(name) for name in languages}
    data = [
        Download(
            name=f"{name} ({len(codes)} languages)", bytes=None if (size := sizes[name]) is None else size * len(codes)
        )
        for name, codes in languages.items()
    ]
    return (*models, *data)
