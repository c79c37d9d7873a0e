"""The job evaluate: the score of a model on labelled rows."""

from typing import TYPE_CHECKING, Annotated, Literal

from polydistill.jobs.job import AsJson, Help, job
from polydistill.jobs.options import ROWS, ColumnNames, Labels, Languages, MapLabels, ReadableFirst, Rows, Task

if TYPE_CHECKING:
    from polydistill.results import Score


class Shown(AsJson, total=False):
    """What only the command has."""

    by_label: Annotated[bool, Help("Also each label's precision and recall, and what it was taken for.", default=False)]


@job("Look", "polydistill evaluate german --data xnli/dev-{lang}.tsv --langs en,de", showing=Shown)
def evaluate(
    model: ReadableFirst,
    data: Annotated[Rows, Help(f"Labelled rows: {ROWS}.")],
    langs: Annotated[Languages, Help("Languages to score, such as en,de.")],
    task: Task = None,
    normaliser: Annotated[
        Literal["squad", "mlqa"], Help("qa: compare answers as SQuAD does, or as MLQA does by language.")
    ] = "squad",
    labels: Labels = "",
    map_labels: MapLabels = "",
    columns: ColumnNames = "",
) -> "tuple[Score, ...]":
    """Print a model's scores by language; a score also holds each label's counts."""
    from polydistill.jobs.asked import Asked, source_with, task_of_model
    from polydistill.languages import named_languages
    from polydistill.serving.reader import open_reader
    from polydistill.training.judging import judge
    from polydistill.training.settings import Judging

    source, codes = source_with(data, columns), named_languages(langs)
    known = task_of_model(Asked(task, labels, map_labels), model, source, codes)
    reading = open_reader(model, known)
    judging = Judging(task=known, languages=codes, data=source, max_length=reading.max_length, normaliser=normaliser)
    return judge(judging, reading.tokenizer).scores(reading.student, getattr(source, "split", "test"))
