"""One multilingual student of a person's own teachers: what `polydistill multikd` does."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Unpack

from polydistill.data.rows.given import Rows, as_source
from polydistill.data.rows.load import load_rows
from polydistill.defaults import MULTIKD, Options
from polydistill.jobs.making import branched_start, judging_of, length_of, training_of, tuned
from polydistill.languages import language
from polydistill.methods.multikd import MultiKDSpec
from polydistill.starts.hub import pinned
from polydistill.tasks import AnyTask, task_of
from polydistill.training.run import Run


class MultiKDOptions(Options, total=False):
    """What `multikd_run` takes by name."""

    task: AnyTask
    branches: int | None
    temperature: float
    dev: Rows | None
    dev_languages: Sequence[str]
    test: Rows | None
    test_languages: Sequence[str]
    max_length: int | None
    seed: int


def multikd_run(
    student: str | Path,
    teachers: Mapping[str, str | Path],
    train: Rows,
    *,
    task: AnyTask = "nli",
    branches: int | None = None,
    temperature: float = 8.0,
    dev: Rows | None = None,
    dev_languages: Sequence[str] = (),
    test: Rows | None = None,
    test_languages: Sequence[str] = (),
    max_length: int | None = None,
    seed: int = 0,
    **options: Unpack[Options],
) -> Run:
    """Distil teachers by language, each tuned on the task, into `student`, on the task's rows `train` (labels unread).

    With `branches` the student is an MBLM: so many of its lowest blocks become a branch a language. Dev rows choose the
    weights by their labels, in the teachers' languages where no others are named.
    """
    start = pinned(student)
    known = {language(code).code: tuned(pinned(model), task) for code, model in teachers.items()}
    if not known or len(known) < len(teachers):
        raise ValueError(f"There are teachers for {', '.join(teachers) or 'no language'}; name one a language.")
    codes, source = tuple(known), as_source(train)
    length = min(length_of(model, max_length) for model in (start, *known.values()))
    rows = sum(load_rows(source, task_of(task).shape, codes).counts.values())
    return Run(
        name=f"multikd {'+'.join(codes)}",
        method=MultiKDSpec(task=task, languages=codes, data=source, temperature=temperature, max_length=length),
        start=branched_start(start, codes, branches),
        teachers=known,
        training=training_of({**MULTIKD, **options}, lambda _: rows, dev is not None),
        selection=judging_of(task, dev, dev_languages or codes, length),
        evaluation=judging_of(task, test, test_languages or codes, length),
        seed=seed,
    )
