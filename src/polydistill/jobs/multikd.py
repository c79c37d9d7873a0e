"""The job multikd: one multilingual student of a person's own teachers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Unpack

from polydistill.defaults import MULTIKD
from polydistill.jobs.job import Help, training_job
from polydistill.jobs.options import (
    ROWS,
    Branches,
    ColumnNames,
    Dev,
    DevLanguages,
    Labels,
    Learning,
    MapLabels,
    MaxLength,
    Rows,
    Seed,
    Task,
    Test,
    TestLanguages,
)

if TYPE_CHECKING:
    from polydistill.training.run import Run


@training_job(
    "polydistill multikd --student FacebookAI/xlm-roberta-base --teacher en=english --teacher fr=french "
    "--train nli.{lang}.tsv --branches 4 --out both",
    spec="polydistill.methods.multikd:MultiKDSpec",
    defaults=MULTIKD,
)
def multikd(
    student: Annotated[str | Path, Help("A multilingual encoder: a folder, or a hub name.")],
    teacher: Annotated[
        Mapping[str, str | Path] | Sequence[str],
        Help("A model tuned on the task in a language, fr=FOLDER or fr=owner/name; once each.", many=True),
    ],
    train: Annotated[Rows, Help(f"Rows of the task in these languages, labels unread: {ROWS}.")],
    *,
    task: Task = None,
    labels: Labels = "",
    map_labels: MapLabels = "",
    columns: ColumnNames = "",
    branches: Branches = None,
    temperature: Annotated[float, Help("Softens what all say.")] = 8.0,
    scaling: Annotated[
        Literal["hinton", "cross_entropy"], Help("hinton: T^2 x mean KL; cross_entropy: -p log q, without T^2.")
    ] = "cross_entropy",
    dev: Dev = None,
    dev_langs: DevLanguages = (),
    test: Test = None,
    test_langs: TestLanguages = (),
    max_length: MaxLength = None,
    seed: Seed = 0,
    **options: Unpack[Learning],
) -> "Run":
    """Distil models of single languages, whatever their families, into one multilingual student.

    Dev rows choose the weights by their labels, in the teachers' languages where no others are named.
    """
    from polydistill.data.rows.load import load_rows
    from polydistill.jobs import making, written
    from polydistill.jobs.asked import Asked, found_task, source_with, with_columns
    from polydistill.methods.multikd import MultiKDSpec
    from polydistill.starts.hub import pinned
    from polydistill.tasks import task_of
    from polydistill.training.run import Run

    given, start = locals(), pinned(student)
    named = written.by_language("teacher", teacher, "a language and its model, such as fr=french")
    source = source_with(train, columns)
    dev, test = (with_columns(one, columns) for one in (dev, test))
    first = pinned(next(iter(named.values())))
    known = found_task(Asked(task, labels, map_labels), first, None, tuple(named))
    teachers = {code: making.tuned(pinned(model), known) for code, model in named.items()}
    codes = tuple(teachers)
    length = min(making.length_of(one, max_length) for one in (start, *teachers.values()))
    content = {"task": known, "languages": codes, "data": source, "max_length": length}
    return Run(
        name=f"multikd {'+'.join(codes)}",
        method=MultiKDSpec(**making.settings(MultiKDSpec, given, **content)),
        start=making.branched_start(start, codes, branches),
        teachers=teachers,
        training=making.training_of(
            options, lambda _: sum(load_rows(source, task_of(known).shape, codes).counts.values()), dev is not None
        ),
        selection=making.judging_of(known, dev, written.several(dev_langs) or codes, length),
        evaluation=making.judging_of(known, test, written.several(test_langs) or codes, length),
        seed=seed,
    )
