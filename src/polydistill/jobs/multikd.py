"""The job multikd: one multilingual student of a person's own teachers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Unpack, cast

from polydistill.bounds import Temperature
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
    OwnModel,
    Rows,
    Seed,
    Task,
    Test,
    TestLanguages,
)

if TYPE_CHECKING:
    from polydistill.methods.multikd import MultiKDSpec
    from polydistill.training.run import Run


@training_job(
    "polydistill multikd --student FacebookAI/xlm-roberta-base --teacher en=english --teacher fr=french "
    "--train nli.{lang}.tsv --branches 4 --out both",
    spec="polydistill.methods.multikd:MultiKDSpec",
    defaults=MULTIKD,
)
def multikd(
    student: Annotated[OwnModel, Help("A multilingual encoder: a folder, or a hub name.")],
    teacher: Annotated[
        Mapping[str, OwnModel | Rows] | Sequence[str],
        Help(
            "A model tuned on the task in a language, fr=FOLDER or fr=owner/name; or rows with soft labels, "
            "fr=file:llm.jsonl; once each.",
            many=True,
        ),
    ],
    train: Annotated[Rows | None, Help(f"Rows of the task in the models' languages, labels unread: {ROWS}.")] = None,
    *,
    task: Task = None,
    labels: Labels = "",
    map_labels: MapLabels = "",
    columns: ColumnNames = "",
    branches: Branches = None,
    temperature: Annotated[Temperature, Help("Temperature of the teachers' and the student's answers.")] = 8.0,
    scaling: Annotated[
        Literal["hinton", "cross_entropy"], Help("hinton: T^2 x mean KL; cross_entropy: -p log q, without T^2.")
    ] = "cross_entropy",
    dev: Dev = None,
    dev_langs: DevLanguages = (),
    test: Test = None,
    test_langs: TestLanguages = (),
    max_length: MaxLength = None,
    store_teacher: Annotated[bool, Help("Each teacher reads every row once, and not again in each step.")] = True,
    seed: Seed = 0,
    **options: Unpack[Learning],
) -> "Run":
    """Distil models of single languages, or their answers in files, into one multilingual student.

    Dev rows choose the weights by their labels, in the teachers' languages where no others are named.
    """
    from polydistill.jobs import making, written
    from polydistill.jobs.asked import Asked, found_task, with_columns
    from polydistill.languages import several
    from polydistill.methods.multikd import MultiKDSpec
    from polydistill.starts.hub import pinned
    from polydistill.training.run import Run

    given, start = locals(), pinned(student)
    named = written.by_language("teacher", teacher, "a language and its model or rows, such as fr=french")
    source, dev, test = (with_columns(one, columns) for one in (train, dev, test))
    models = {code: cast("OwnModel", one) for code, one in named.items() if not _is_rows(one)}
    soft = with_columns({code: one for code, one in named.items() if code not in models} or None, columns)
    if (source is None) == bool(models):
        raise ValueError(
            "Models read rows of the task in their languages: give them (--train)."
            if models
            else "All teachers are rows, which have their own text: leave --train out."
        )
    codes = tuple(named)
    asked, first = Asked(task, labels, map_labels), next(iter(models.values()), None)
    known = found_task(asked, None if first is None else pinned(first), soft if first is None else None, codes)
    teachers = {code: making.tuned(pinned(model), known) for code, model in models.items()}
    length = min(making.length_of(one, max_length) for one in (start, *teachers.values()))
    content = {"task": known, "languages": codes, "data": source, "soft": soft, "max_length": length}
    method = MultiKDSpec(**making.settings(MultiKDSpec, given, **content))
    return Run(
        name=f"multikd {'+'.join(codes)}",
        method=method,
        start=making.branched_start(start, codes, branches),
        teachers=teachers,
        training=making.training_of(options, lambda _: _rows(method), dev is not None),
        selection=making.judging_of(known, dev, several(dev_langs) or codes, length),
        evaluation=making.judging_of(known, test, several(test_langs) or codes, length),
        seed=seed,
    )


def _is_rows(teacher: "OwnModel | Rows") -> bool:
    """Whether a teacher is rows and not a model, which is a folder or a name of the hub."""
    if isinstance(teacher, str) and teacher.startswith(("file:", "hub:", "world:")):
        return True
    from pathlib import Path

    from polydistill.starts.memory import is_model

    return Path(teacher).is_file() if isinstance(teacher, str | Path) else not is_model(teacher)


def _rows(method: "MultiKDSpec") -> int:
    from polydistill.data.rows.load import load_rows

    return sum(sum(load_rows(source, method.shape, codes).counts.values()) for source, codes in method.reads)
