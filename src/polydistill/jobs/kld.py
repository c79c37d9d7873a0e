"""The job kld: BERT-KLD on a person's own models and rows."""

from typing import TYPE_CHECKING, Annotated, Literal, Unpack

from polydistill.bounds import Length, Rate, Temperature
from polydistill.defaults import KLD, KLD_MAX_LENGTH, KLD_PASSES, KLD_PATIENCE
from polydistill.jobs.job import Help, training_job
from polydistill.jobs.options import (
    ROWS,
    ColumnNames,
    Dev,
    FreezeBlocks,
    FreezeEmbeddings,
    Labels,
    Learning,
    MapLabels,
    Model,
    OwnModel,
    Rows,
    Seed,
    Task,
    Test,
)

if TYPE_CHECKING:
    from polydistill.training.run import Run


@training_job(
    "polydistill kld --model FacebookAI/xlm-roberta-base --teacher tuned --teacher-pair en-fr --pair en-tr "
    "--data xnli/dev-{lang}.tsv --out student",
    spec="polydistill.methods.bert_kld:BertKldSpec",
    defaults=KLD,
    notes={"steps": f"Optimiser steps. Default: {KLD_PASSES} passes over the rows."},
)
def kld(
    model: Model,
    teacher: Annotated[OwnModel, Help("A model that was tuned on --teacher-pair: a folder, or a hub name.")],
    data: Annotated[Rows, Help(f"Rows of the task, the same in all these languages: {ROWS}.")],
    pair: Annotated[str, Help("Languages of the student's two texts, such as en-tr; their labels are learned.")],
    teacher_pair: Annotated[str, Help("Languages of the teacher's first and second text, such as en-fr.")],
    *,
    task: Task = None,
    labels: Labels = "",
    map_labels: MapLabels = "",
    columns: ColumnNames = "",
    vector: Annotated[
        Literal["hidden", "logits"], Help("What is compared; logits: classical distillation.")
    ] = "hidden",
    weight: Annotated[
        Rate, Help("Weight of the teacher's term: lambda; with --vector logits alpha, a share of 1.")
    ] = 0.2,
    temperature: Annotated[Temperature, Help("Temperature of both sides.")] = 1.0,
    teacher_reads: Annotated[
        Literal["own_pair", "student_pair"],
        Help("What the teacher reads: each example in its own pair of languages, or in the student's."),
    ] = "own_pair",
    dev: Dev = None,
    test: Test = None,
    max_length: Annotated[
        Length | None, Help(f"Tokens of an input. Default: {KLD_MAX_LENGTH}, or what the model reads.")
    ] = None,
    freeze_embeddings: FreezeEmbeddings = False,
    freeze_blocks: FreezeBlocks = 0,
    store_teacher: Annotated[bool, Help("The teacher reads every row once, and not again in each step.")] = True,
    seed: Seed = 0,
    **options: Unpack[Learning],
) -> "Run":
    """Tune a model on texts in two languages, taught by a model that was tuned on two others.

    With `dev` the weights that are best on the pair are kept, and training stops when they get no better. With
    `vector="logits"` the labels have 1 - `weight` of the loss.
    """
    from polydistill.data.rows.load import load_rows
    from polydistill.jobs import making
    from polydistill.jobs.asked import Asked, found_task, source_with, with_columns
    from polydistill.jobs.written import pair_of
    from polydistill.methods.bert_kld import BertKldSpec
    from polydistill.starts.hub import pinned
    from polydistill.starts.opened import called_of
    from polydistill.tasks import task_of
    from polydistill.training.run import Run

    given, start, own = locals(), pinned(model), pair_of("pair", pair)
    source = source_with(data, columns)
    dev, test = (with_columns(one, columns) for one in (dev, test))
    known = found_task(Asked(task, labels, map_labels), pinned(teacher), source, [own])
    content = {
        "task": known,
        "pair": own,
        "teacher_pair": pair_of("teacher-pair", teacher_pair),
        "data": source,
        "sum": "added" if vector == "hidden" else "shared",
        "max_length": making.length_of(start, max_length, KLD_MAX_LENGTH),
    }
    method = BertKldSpec(**making.settings(BertKldSpec, given, **content))
    stops = {"patience": KLD_PATIENCE} if dev is not None else {}
    return Run(
        name=f"kld {method.teacher_pair} to {own} on {called_of(start)}",
        method=method,
        start=start,
        teacher=making.tuned(pinned(teacher), known),
        training=making.training_of(
            {**stops, **options},
            lambda _: load_rows(source, task_of(known).shape, [own]).counts[own],
            dev is not None,
            KLD_PASSES,
        ),
        selection=making.judging_of(known, dev, [own], method.max_length),
        evaluation=making.judging_of(known, test, [own], method.max_length),
        seed=seed,
    )
