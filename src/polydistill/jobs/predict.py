"""The job predict: what a model says of rows; and what opens a model to ask it again and again."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typing_extensions import TypeAliasType

from polydistill.bounds import Held
from polydistill.jobs.job import Help, InPython, job
from polydistill.jobs.options import (
    ColumnNames,
    Console,
    Language,
    OwnModel,
    Place,
    Readable,
    ReadableFirst,
    Task,
    TaskLike,
)

if TYPE_CHECKING:
    from polydistill.models.loaded import Loaded
    from polydistill.serving.asking import Predicted
    from polydistill.serving.reader import Reader
    from polydistill.tasks import AnyTask

GivenRows = TypeAliasType("GivenRows", Iterable[Sequence[Any] | Mapping[str, Any]])


def load(model: OwnModel, task: TaskLike | None = None) -> "Loaded":
    """A tuned model (a model's or a run's folder, or a hub name) and its tokenizer, on the fastest device here.

    Its task is found from the model, where none is named.
    """
    from polydistill.serving.reader import load_tuned

    return load_tuned(model, _task(model, task, None))


def reader(model: Readable, task: TaskLike | None = None) -> "Reader":
    """What reads rows again and again: a model as `load` names it, or the ONNX folder of an export."""
    from polydistill.serving.reader import open_reader

    return open_reader(model, _task(model, task, None))


@job("Ship", 'polydistill predict german --premise "Der Hund schläft." --hypothesis "Ein Tier schläft."')
def predict(
    model: ReadableFirst,
    rows: Annotated[
        GivenRows | None,
        InPython(
            "Rows, as they come: the texts of each in the task's order, or a mapping of them; a table; or one text."
        ),
    ] = None,
    lang: Language = None,
    task: Task = None,
    window: Annotated[
        Held | None, Help("Rows read ahead, to batch those of a length; 1 answers each line at once. Default: 2048.")
    ] = None,
    precision: Annotated[
        Literal["fp32", "bf16"],
        Help("Numbers to compute in; bf16 where it is faster here and the first rows' answers stay the same."),
    ] = "fp32",
    *,
    premise: Annotated[str | None, Help("The first of two texts ...")] = None,
    hypothesis: Annotated[str | None, Help("... and the second.")] = None,
    text: Annotated[
        str | None, Help("One text; of a tagger: words with spaces between them; of stars: a review ...")
    ] = None,
    title: Annotated[str | None, Help("... its title ...")] = None,
    category: Annotated[str | None, Help("... and what kind of thing it is about.")] = None,
    sentence1: Annotated[str | None, Help("paraphrase: one sentence ...")] = None,
    sentence2: Annotated[str | None, Help("... and the other.")] = None,
    question: Annotated[
        str | None,
        Help("qa: a question ...; or choice, with --premise: cause (the default), effect, or a question."),
    ] = None,
    context: Annotated[str | None, Help("... and the text that has the answer.")] = None,
    choice: Annotated[Sequence[str], Help("choice: once for each choice.", many=True)] = (),
    input: Annotated[
        Place | None,
        Help("File to read: JSONL (.gz, .xz, .zst too), CSV, TSV or Parquet. Default: JSONL on standard input."),
    ] = None,
    columns: ColumnNames = "",
    out: Annotated[Place | None, Help("JSONL to write (.gz too). Default: standard output.")] = None,
    skip_bad: Annotated[bool, Help("Leave out lines that cannot be used.")] = False,
    resume: Annotated[bool, Help("Go on with the answers that an interrupted --out left unfinished.")] = False,
    console: Console = None,
) -> "Predicted":
    """Print what a model says of one row, or of every row of a file, whose texts are found by their usual names.

    Called from Python it gives the answers one by one, as rows come in. With `out` all are written there first.
    nli: (premise, hypothesis). ner: words, or a text with spaces between the words; the answers are `TaggedWords`.
    choice: (premise, question, choices). stars: (body, title, category), or a body alone. paraphrase: two sentences.
    qa: (question, context); the answers are `FoundAnswer`s.
    """
    from polydistill.data.rows.memory import rows_of
    from polydistill.jobs.written import named_columns
    from polydistill.serving.asking import Asking, Predicted, one_row
    from polydistill.serving.predicting import WINDOW, answered
    from polydistill.serving.reader import open_reader
    from polydistill.serving.rows_given import LeftOut

    known = _task(model, task, hypothesis)
    given = {"--premise": premise, "--hypothesis": hypothesis, "--text": text, "--title": title, "--category": category}
    given |= {"--sentence1": sentence1, "--sentence2": sentence2, "--question": question, "--context": context}
    row = one_row(known, {**given, "--choice": list(choice) or None})
    read, written = (None if file is None else Path(file).expanduser() for file in (input, out))
    coming = None if rows is None else rows_of(rows)
    asking = Asking(known, coming, row, read, written, skip_bad, resume, named_columns(columns))
    reading, left_out = open_reader(model, known), LeftOut()
    ahead = WINDOW if window is None else window
    pairs = answered(reading, asking.rows(left_out), known, lang, ahead, precision)
    found = Predicted(pairs, row is not None, left_out)
    if asking.out is not None:
        found.write(asking.out, resume, console)
    return found


def _task(model: Readable, asked: TaskLike | None, hypothesis: str | None) -> "AnyTask":
    """The task that is named, or that of the model; a head of texts reads a pair where one is given."""
    from polydistill.exports.onnx_folder import is_onnx, task_of_folder
    from polydistill.tasks import TASKS, TaskSpec

    if asked is None and isinstance(model, str | Path) and is_onnx(model):  # read without PyTorch: so not what follows
        return task_of_folder(model) or "nli"
    if isinstance(asked, str) and asked in TASKS:
        return next(known for known in TASKS if known == asked)
    from polydistill.jobs.asked import Asked, task_of_model

    known = task_of_model(Asked(asked), model, None, ())
    if asked is None and hypothesis is not None and isinstance(known, TaskSpec) and known.kind == "text":
        return known.model_copy(update={"kind": "pair"})
    return known
