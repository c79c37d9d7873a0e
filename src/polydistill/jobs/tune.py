"""The job tune: a person's own model, tuned on labels."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal, Unpack

from polydistill.bounds import Count, Temperature
from polydistill.defaults import EFFICIENT_RATE, FEW_PASSES, TUNE
from polydistill.jobs.job import Help, training_job
from polydistill.jobs.options import (
    ROWS,
    Branches,
    ColumnNames,
    Dev,
    DevLanguages,
    FreezeBlocks,
    FreezeEmbeddings,
    Labels,
    Languages,
    Learning,
    MapLabels,
    MaxLength,
    Model,
    OwnModel,
    Rows,
    Seed,
    Task,
    Test,
    TestLanguages,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from polydistill.methods.transfer_tuning import TransferTuneSpec
    from polydistill.methods.tuning import TuneSpec
    from polydistill.starts.origins import Pretrained
    from polydistill.training.run import Run


@training_job(
    "polydistill tune --model FacebookAI/xlm-roberta-base --train xnli/multinli.train.en.tsv --langs en "
    "--dev xnli/dev-{lang}.tsv --out tuned",
    spec="polydistill.methods.tuning:TuneSpec",
    defaults={**TUNE, "learning_rate": None},
    notes={
        "learning_rate": f"Peak learning rate. Default: {TUNE['learning_rate']}, or {EFFICIENT_RATE} where a strategy "
        "lets few parameters learn."
    },
)
def tune(
    model: Model,
    train: Annotated[Rows, Help(f"Rows to learn from: {ROWS}.")],
    langs: Annotated[Languages, Help("Languages whose labels are learned, such as en or en,tr.")] = ("en",),
    *,
    task: Task = None,
    labels: Labels = "",
    map_labels: MapLabels = "",
    columns: ColumnNames = "",
    dev: Dev = None,
    dev_langs: DevLanguages = (),
    test: Test = None,
    test_langs: TestLanguages = (),
    branches: Branches = None,
    strategy: Annotated[
        str | None, Help("What learns, and how it reaches --model, such as FULL TRG, ADAPT SRC or SFT.")
    ] = None,
    source: Annotated[
        OwnModel | None, Help("With --strategy: the student that reads the labels, where it is another.")
    ] = None,
    teacher: Annotated[
        OwnModel | None,
        Help("A model tuned for the task, whose logits are learned too (task distillation)."),
    ] = None,
    few: Annotated[
        Count | None, Help(f"Learn only so many rows of each language, by default {FEW_PASSES} times.")
    ] = None,
    labels_from: Annotated[
        str | None,
        Help("Rows of all --langs are translations of this language's, and get its labels (translate-train)."),
    ] = None,
    temperature: Annotated[Temperature, Help("Temperature of soft labels: above 1 they become more alike.")] = 1.0,
    scaling: Annotated[
        Literal["hinton", "cross_entropy"],
        Help("How soft labels are weighed. hinton: T^2 x mean KL; cross_entropy: -p log q, without T^2."),
    ] = "cross_entropy",
    freeze_embeddings: FreezeEmbeddings = False,
    freeze_blocks: FreezeBlocks = 0,
    max_length: MaxLength = None,
    seed: Seed = 0,
    **options: Unpack[Learning],
) -> "Run":
    """Tune a model of your own on the labels of one language or several.

    Dev and test are read in the languages of training where no others are named. Under a zero-shot `strategy`, such as
    `ADAPT SRC`, what the student `source` learns is taken to `model`.
    """
    from polydistill.jobs import making
    from polydistill.jobs.asked import Asked, found_task, source_with, with_columns
    from polydistill.languages import named_languages, several
    from polydistill.methods.tuning import TuneSpec
    from polydistill.starts.hub import pinned
    from polydistill.starts.opened import called_of
    from polydistill.training.run import Run

    given, start, codes = locals(), pinned(model), named_languages(langs)
    rows = source_with(train, columns)
    dev, test = (with_columns(one, columns) for one in (dev, test))
    known = found_task(Asked(task, labels, map_labels), start, rows, codes)
    others = {role: pinned(name) for role, name in (("source", source), ("teacher", teacher)) if name is not None}
    if "teacher" in others:
        making.tuned(others["teacher"], known)
    length = min(making.length_of(one, max_length) for one in (start, *others.values()))
    content = {"task": known, "languages": codes, "data": rows, "max_length": length}
    plain = TuneSpec(**making.settings(TuneSpec, given, **content))
    transfers = others or strategy is not None or few is not None
    method = _by_strategy(plain, strategy, others, few) if transfers else plain
    defaults = {"learning_rate": EFFICIENT_RATE if _efficient(method) else TUNE["learning_rate"]}
    few_passes = FEW_PASSES if few is not None else 1
    return Run(
        name=f"tune {'+'.join(codes)} on {called_of(start)}",
        method=method,
        start=making.branched_start(start, codes, branches),
        teacher=others.get("teacher"),
        source=others.get("source"),
        training=making.training_of({**defaults, **options}, partial(_rows, method), dev is not None, few_passes),
        selection=making.judging_of(known, dev, several(dev_langs) or codes, length),
        evaluation=making.judging_of(known, test, several(test_langs) or codes, length),
        seed=seed,
    )


def _by_strategy(
    plain: "TuneSpec", given: str | None, others: "Mapping[str, Pretrained]", few: int | None
) -> "TransferTuneSpec":
    """The same rows by a strategy; without one the model itself learns, and needs nobody who reads for it."""
    from polydistill.methods.transfer_tuning import TaskDistillation, TransferTuneSpec
    from polydistill.transfer.strategies import strategy

    if given is None and "source" in others:
        raise ValueError(
            f"There is a source student, {others['source'].name}, but no strategy that says how what it learns reaches "
            "the model. Name one, such as ADAPT SRC, ADAPT JOINT or SFT."
        )
    if plain.freeze_embeddings or plain.freeze_blocks:
        raise ValueError("A strategy says itself what learns: leave freeze_embeddings and freeze_blocks out.")
    if (plain.temperature, plain.scaling, plain.labels_from) != (1.0, "cross_entropy", None):
        raise ValueError("A strategy learns labels as they are: leave temperature, scaling and labels_from out.")
    return TransferTuneSpec(
        task=plain.task,
        languages=plain.languages,
        data=plain.data,
        max_length=plain.max_length,
        strategy=strategy(given or "FULL TRG"),
        distil=TaskDistillation() if "teacher" in others else None,
        few=few,
    )


def _efficient(method: "TuneSpec | TransferTuneSpec") -> bool:
    """Whether few parameters learn; these, and those begun for the task, take a higher learning rate."""
    return hasattr(method, "strategy") and method.strategy.efficient


def _rows(method: "TuneSpec | TransferTuneSpec", step: int) -> int:
    """The rows of one pass over all; over a few, whose last batch is filled up."""
    from polydistill.data.rows.load import load_rows
    from polydistill.tasks import task_of

    few = getattr(method, "few", None)
    if few is not None:
        return int(step * -(-few * len(method.languages) // step))
    return sum(load_rows(method.data, task_of(method.task).shape, method.languages).counts.values())
