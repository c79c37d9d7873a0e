"""Runs of a person's own model and files: what `polydistill tune` and `polydistill xd` do."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Unpack

from transformers import AutoConfig, AutoTokenizer

from polydistill.data.files.paths import find_file
from polydistill.data.rows.given import Rows, as_source
from polydistill.data.rows.load import load_rows
from polydistill.data.translations.parallel import moses_path
from polydistill.data.translations.translations import ParallelText, load_parallel_text
from polydistill.defaults import EFFICIENT_RATE, EVALUATIONS, FEW_PASSES, MAX_LENGTH, TUNE, XD, Options
from polydistill.languages import canonical, language
from polydistill.methods.transfer_tuning import TaskDistillation, TransferTuneSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.methods.xd import XDSpec
from polydistill.models.mblm_config import Branches
from polydistill.results import MODEL
from polydistill.starts.hub import pinned
from polydistill.starts.loading import tuned_task
from polydistill.starts.origins import Pretrained
from polydistill.tasks import AnyTask, task_of
from polydistill.training.run import Branched, Run
from polydistill.training.settings import Judging, Training
from polydistill.transfer.strategies import Strategy
from polydistill.transfer.strategies import strategy as named

Files = str | Path | Sequence[str | Path]


class _Common(Options, total=False):
    task: AnyTask
    dev: Rows | None
    test: Rows | None
    test_languages: Sequence[str]
    max_length: int | None
    seed: int


class TuneOptions(_Common, total=False):
    """What `tune_run` takes by name."""

    dev_languages: Sequence[str]
    source: str | Path | None
    strategy: str | Strategy | None
    teacher: str | Path | None
    few: int | None
    branches: int | None


class XDOptions(_Common, total=False):
    """What `xd_run` takes by name."""

    data: Rows | None
    parallel: Mapping[str, Files] | None
    source_language: str


def tune_run(
    model: str | Path,
    train: Rows,
    languages: Sequence[str],
    *,
    task: AnyTask = "nli",
    dev: Rows | None = None,
    dev_languages: Sequence[str] = (),
    test: Rows | None = None,
    test_languages: Sequence[str] = (),
    source: str | Path | None = None,
    strategy: str | Strategy | None = None,
    teacher: str | Path | None = None,
    few: int | None = None,
    branches: int | None = None,
    max_length: int | None = None,
    seed: int = 0,
    **options: Unpack[Options],
) -> Run:
    """Tune `model` on the labels of `languages`; keep the weights that are best on `dev`; score them on `test`.

    Dev and test are read in the languages of training where no others are named. Under a zero-shot `strategy`, such as
    `ADAPT SRC`, what the student `source` learns is taken to `model`. With a tuned `teacher` its logits are learned
    too. `few` rows of each language are drawn by the seed, and learned in many passes. With `branches` an MBLM is
    tuned: so many of the model's lowest blocks become a branch a language.
    """
    start, codes = pinned(model), codes_of(languages)
    others = {role: pinned(name) for role, name in (("source", source), ("teacher", teacher)) if name is not None}
    if "teacher" in others:
        tuned(others["teacher"], task)
    length = min(length_of(one, max_length) for one in (start, *others.values()))
    plain = TuneSpec(task=task, languages=codes, data=as_source(train), max_length=length)
    transfers = others or strategy is not None or few is not None
    method = _by_strategy(plain, strategy, others, few) if transfers else plain
    return Run(
        name=f"tune {'+'.join(codes)} on {called_of(start)}",
        method=method,
        start=branched_start(start, codes, branches),
        teacher=others.get("teacher"),
        source=others.get("source"),
        training=training_of(_tune_defaults(method), options, _rows(method, options), judged=dev is not None),
        selection=judging_of(task, dev, dev_languages or codes, length),
        evaluation=judging_of(task, test, test_languages or codes, length),
        seed=seed,
    )


def _by_strategy(
    plain: TuneSpec, given: str | Strategy | None, others: Mapping[str, Pretrained], few: int | None
) -> TransferTuneSpec:
    """The same rows by a strategy; without one the model itself learns, and needs nobody who reads for it."""
    if given is None and "source" in others:
        raise ValueError(
            f"There is a source student, {others['source'].name}, but no strategy that says how what it learns reaches "
            "the model. Name one, such as ADAPT SRC, ADAPT JOINT or SFT."
        )
    return TransferTuneSpec(
        task=plain.task,
        languages=plain.languages,
        data=plain.data,
        max_length=plain.max_length,
        strategy=given if isinstance(given, Strategy) else named(given or "FULL TRG"),
        distil=TaskDistillation() if "teacher" in others else None,
        few=few,
    )


def _tune_defaults(method: TuneSpec | TransferTuneSpec) -> Options:
    """Few parameters, and those begun for the task, take a higher learning rate."""
    efficient = isinstance(method, TransferTuneSpec) and method.strategy.efficient
    return {**TUNE, "learning_rate": EFFICIENT_RATE} if efficient else TUNE


def _rows(method: TuneSpec | TransferTuneSpec, options: Options) -> int:
    """The rows of one pass over all, or of `FEW_PASSES` over a few, whose last batch is filled up."""
    if isinstance(method, TransferTuneSpec) and method.few is not None:
        step = options.get("batch_size", TUNE["batch_size"]) * options.get("accumulation", 1)
        return FEW_PASSES * step * -(-method.few * len(method.languages) // max(1, step))
    return sum(load_rows(method.data, task_of(method.task).shape, method.languages).counts.values())


def xd_run(
    model: str | Path,
    languages: Sequence[str] = (),
    *,
    data: Rows | None = None,
    parallel: Mapping[str, Files] | None = None,
    source_language: str = "en",
    task: AnyTask = "nli",
    dev: Rows | None = None,
    test: Rows | None = None,
    test_languages: Sequence[str] = (),
    max_length: int | None = None,
    seed: int = 0,
    **options: Unpack[Options],
) -> Run:
    """Distil `model`, tuned in its source language, into others.

    Give `data` (rows of the task, aligned across `languages`, labels unread) or `parallel`: plain parallel text by
    target language, two files or one. `dev` (aligned rows, labels unread) selects by agreement with the teacher.
    """
    start, first = tuned(pinned(model), task), language(source_language).code
    length = length_of(start, max_length)
    texts = tuple(parallel_text(first, target, files) for target, files in (parallel or {}).items())
    codes = codes_of(languages or (first, *(text.target for text in texts)))
    if data is not None and codes == (first,):
        raise ValueError(f"There is nothing to learn: name languages besides {first!r}, which teaches.")
    method = XDSpec(
        task=task,
        source_language=first,
        languages=codes,
        data=None if data is None else as_source(data),
        parallel=texts,
        max_length=length,
    )
    return Run(
        name=f"xd {'+'.join(codes)} on {called_of(start)}",
        method=method,
        start=start,
        training=training_of(XD, options, _pairs(method), judged=dev is not None),
        selection=judging_of(task, dev, codes, length, "agreement"),
        evaluation=judging_of(task, test, test_languages or codes, length),
        seed=seed,
    )


def codes_of(languages: Sequence[str]) -> tuple[str, ...]:
    """Languages, or pairs of them, by their two-letter codes, each once."""
    if isinstance(languages, str) or not languages:
        raise ValueError(f"Expected a list of languages such as ['en', 'tr'], not {languages!r}.")
    return tuple(dict.fromkeys(map(canonical, languages)))


def called_of(start: Pretrained) -> str:
    """A model's name: of its run's folder, where it lies in one."""
    path = Path(start.name)
    return path.parent.name if path.name == MODEL and path.parent.name else path.name


def tuned(start: Pretrained, task: AnyTask) -> Pretrained:
    """The same, if it can teach: a head that has learned nothing has nothing to say."""
    if tuned_task(start, task) != task:
        said = "" if task == "nli" else f" --task {task}"
        raise ValueError(
            f"{start.name} has no head of the task {task!r}, so it cannot teach. Tune it first: polydistill tune "
            f"--model {start.name}{said} --train ROWS --out tuned."
        )
    return start


def branched_start(start: Pretrained, languages: tuple[str, ...], blocks: int | None) -> Pretrained | Branched:
    """The model itself, or with branches of so many blocks for these languages."""
    if blocks is None:
        return start
    depth = int(AutoConfig.from_pretrained(start.name, revision=start.revision).num_hidden_layers)
    if not 0 < blocks <= depth:
        raise ValueError(f"branches is {blocks}; {start.name} has {depth} blocks, so branches may have 1 to {depth}.")
    return Branched(of=start, branches=Branches(languages=languages, blocks=blocks))


def length_of(start: Pretrained, wanted: int | None, usual: int = MAX_LENGTH) -> int:
    """The longest input in tokens: what is wanted, or the usual, but never more than the model can read."""
    limit = int(AutoTokenizer.from_pretrained(start.name, revision=start.revision).model_max_length)
    if wanted is not None and wanted > limit:
        raise ValueError(f"max_length is {wanted}, but {start.name} reads at most {limit} tokens. Ask for {limit}.")
    return wanted or min(usual, limit)


def training_of(defaults: Options, options: Options, rows: int, judged: bool) -> Training:
    """The defaults with what is said over them; one pass over the rows, judged now and then, where nothing is said."""
    settings: dict[str, Any] = {**defaults, **options}
    step = settings["batch_size"] * settings.get("accumulation", 1)
    settings.setdefault("steps", max(1, rows // max(1, step)))
    if judged:
        settings.setdefault("evaluate_every", max(1, settings["steps"] // EVALUATIONS))
    elif settings.get("evaluate_every"):
        raise ValueError(f"evaluate_every={settings['evaluate_every']} needs rows to judge on: give dev rows.")
    return Training(**settings)


def judging_of(
    task: AnyTask,
    rows: Rows | None,
    languages: Sequence[str],
    max_length: int,
    measure: Literal["agreement", "perplexity"] | None = None,
) -> Judging | None:
    """What judges a student, if rows are given: by the task's own measure where no other is named."""
    if rows is None:
        return None
    return Judging(
        task=task,
        languages=codes_of(languages),
        data=as_source(rows),
        max_length=max_length,
        measure=measure or task_of(task).metric,
    )


def parallel_text(source: str, target: str, files: Files) -> ParallelText:
    """Both sides by their own names, so that the run says (and its identity covers) exactly what is read."""
    paths = [str(files)] if isinstance(files, str | Path) else [str(file) for file in files]
    if len(paths) not in (1, 2):
        raise ValueError(f"Parallel text for {target!r}: expected one file or two, not {len(paths)}.")
    code = language(target).code
    if len(paths) == 1 and not Path(paths[0]).is_file():
        paths = list(dict.fromkeys(str(find_file(moses_path(paths[0]), side)) for side in (source, code)))
    return ParallelText(target=code, files=tuple(paths))


def _pairs(method: XDSpec) -> int:
    """Number of pairs of a text and its translation, the source language with itself among them."""
    if method.data is not None:
        ((data, languages),) = method.reads
        counts = load_rows(data, task_of(method.task).shape, languages).counts
        return sum(counts[code] for code in method.languages)
    sides = [load_parallel_text(text, method.source_language) for text in method.parallel]
    pairs = sum(side.counts[text.target] for side, text in zip(sides, method.parallel, strict=True))
    return 2 * pairs if method.source_language in method.languages else pairs
