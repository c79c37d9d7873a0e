"""BERT-KLD on a person's own models and rows: what `polydistill kld` does."""

from pathlib import Path
from typing import Literal, Unpack

from polydistill.data.rows.given import Rows, as_source
from polydistill.data.rows.load import load_rows
from polydistill.defaults import KLD, KLD_MAX_LENGTH, KLD_PASSES, KLD_PATIENCE, Options
from polydistill.jobs.making import called_of, judging_of, length_of, training_of, tuned
from polydistill.languages import canonical
from polydistill.methods.bert_kld import BertKldSpec
from polydistill.starts.hub import pinned
from polydistill.tasks import AnyTask, task_of
from polydistill.training.run import Run


class KldOptions(Options, total=False):
    """What `kld_run` takes by name."""

    vector: Literal["hidden", "logits"]
    weight: float
    temperature: float
    teacher_reads: Literal["own_pair", "student_pair"]
    task: AnyTask
    dev: Rows | None
    test: Rows | None
    max_length: int | None
    seed: int


def kld_run(
    model: str | Path,
    teacher: str | Path,
    data: Rows,
    pair: str,
    teacher_pair: str,
    *,
    vector: Literal["hidden", "logits"] = "hidden",
    weight: float = 0.2,
    temperature: float = 1.0,
    teacher_reads: Literal["own_pair", "student_pair"] = "own_pair",
    task: AnyTask = "nli",
    dev: Rows | None = None,
    test: Rows | None = None,
    max_length: int | None = None,
    seed: int = 0,
    **options: Unpack[Options],
) -> Run:
    """Tune `model` on the labels of `pair` (such as `fr-tr`), taught by `teacher`, which was tuned on `teacher_pair`.

    `data` holds rows of the task that say the same in every language of the two pairs. With `dev` the weights that are
    best on the pair are kept, and training stops when they get no better. `vector="logits"` is classical distillation:
    the labels then have 1 - `weight` of the loss.
    """
    start, source = pinned(model), as_source(data)
    length = length_of(start, max_length, KLD_MAX_LENGTH)
    method = BertKldSpec(
        task=task,
        pair=canonical(pair),
        teacher_pair=canonical(teacher_pair),
        data=source,
        teacher_reads=teacher_reads,
        vector=vector,
        weight=weight,
        sum="added" if vector == "hidden" else "shared",
        temperature=temperature,
        max_length=length,
    )
    rows = load_rows(source, task_of(task).shape, [method.pair]).counts[method.pair]
    defaults: Options = {**KLD, "patience": KLD_PATIENCE} if dev is not None else KLD
    return Run(
        name=f"kld {method.teacher_pair} to {method.pair} on {called_of(start)}",
        method=method,
        start=start,
        teacher=tuned(pinned(teacher), task),
        training=training_of({**defaults, **options}, lambda _: rows, dev is not None, KLD_PASSES),
        selection=judging_of(task, dev, [method.pair], length),
        evaluation=judging_of(task, test, [method.pair], length),
        seed=seed,
    )
