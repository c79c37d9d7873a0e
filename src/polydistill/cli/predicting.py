"""The command that asks a model: predict."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polydistill.cli.counting import counted
from polydistill.cli.screen import errors, example, say
from polydistill.cli.tasks import TaskFound

if TYPE_CHECKING:
    from polydistill.tasks import AnyTask

_ROW_OPTIONS = {
    "nli": ("--premise", "--hypothesis"),
    "ner": ("--text",),
    "choice": ("--premise", "--choice"),
    "stars": ("--text",),
    "paraphrase": ("--sentence1", "--sentence2"),
    "qa": ("--question", "--context"),
    "text": ("--text",),
    "pair": ("--premise", "--hypothesis"),
    "tags": ("--text",),
}
_COLUMNS = {"--title": "review_title", "--category": "product_category", "--choice": "choices"}
_MORE_OPTIONS = {"stars": ("--title", "--category"), "choice": ("--question",)}


def add(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        epilog=example('polydistill predict german --premise "Der Hund schläft." --hypothesis "Ein Tier schläft."')
    )(predict)


def predict(
    model: Annotated[str, typer.Argument(help="A model's or a run's folder, a hub name, or an ONNX folder.")],
    premise: Annotated[str | None, typer.Option(help="One premise ...")] = None,
    hypothesis: Annotated[str | None, typer.Option(help="... and its hypothesis.")] = None,
    text: Annotated[
        str | None, typer.Option(help="ner: one sentence, spaces between its words; stars: a review ...")
    ] = None,
    title: Annotated[str | None, typer.Option(help="... its title ...")] = None,
    category: Annotated[str | None, typer.Option(help="... and what kind of thing it is about.")] = None,
    sentence1: Annotated[str | None, typer.Option(help="paraphrase: one sentence ...")] = None,
    sentence2: Annotated[str | None, typer.Option(help="... and the other.")] = None,
    question: Annotated[
        str | None,
        typer.Option(help="qa: a question ...; or choice, with --premise: cause (the default), effect, or a question."),
    ] = None,
    context: Annotated[str | None, typer.Option(help="... and the text that has the answer.")] = None,
    choice: Annotated[list[str] | None, typer.Option(help="choice: once for each choice.")] = None,
    task: TaskFound = None,
    input_: Annotated[
        Path | None, typer.Option("--input", help="JSONL to read (.gz, .xz, .zst too). Default: standard input.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="JSONL to write (.gz too). Default: standard output.")] = None,
    lang: Annotated[str | None, typer.Option(help="Language of the texts; matters to XLM models only.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out lines that cannot be used.")] = False,
    window: Annotated[
        int | None, typer.Option(help="Rows read ahead, to batch those of a length; 1 answers each line at once.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the answers that an interrupted --out left unfinished.")
    ] = False,
) -> None:
    """Print what a model says of one row, or of every line of a JSONL file (nli: the keys premise and hypothesis)."""
    from polydistill.tasks import task_of

    known = _task(model, task, hypothesis)
    name = task_of(known).name
    given = {"--premise": premise, "--hypothesis": hypothesis, "--text": text, "--title": title, "--category": category}
    given |= {"--sentence1": sentence1, "--sentence2": sentence2, "--question": question, "--context": context}
    row = _one_row(name, {**given, "--choice": choice or None})
    options = " and ".join(_ROW_OPTIONS[name])
    if row is not None and input_ is not None:
        raise ValueError(f"Give {options}, or --input, and not both.")
    if row is None and input_ is None and sys.stdin.isatty():
        raise ValueError(f"Nothing to read: give {options}, --input FILE, or lines on standard input.")
    if input_ is not None and out is not None and input_.resolve() == out.resolve():
        raise ValueError(f"--out {out} is the file that --input reads. Name another one.")
    if resume and out is None:
        raise ValueError("--resume goes on with the file of --out. Name it.")
    if row is None:
        _lines(model, known, input_, out, lang, skip_bad, window, resume)
        return
    from polydistill.serving.predicting import answered
    from polydistill.serving.reader import open_reader

    ((_, found),) = answered(open_reader(model, known), [row], known, lang)
    say(found.line)


def _task(model: str, asked: str | None, hypothesis: str | None) -> "AnyTask":
    """The task that is named, or that of the model; a head of texts reads a pair where one is given."""
    from polydistill.exports.onnx_folder import is_onnx
    from polydistill.tasks import TASKS, TaskSpec

    if asked is None and is_onnx(model):  # which is read without PyTorch, and so without what follows
        return "nli"
    if asked is not None and asked in TASKS:
        return next(known for known in TASKS if known == asked)
    from polydistill.jobs.asked import Asked, task_of_model

    known = task_of_model(Asked(asked), model, None, ())
    if asked is None and hypothesis is not None and isinstance(known, TaskSpec) and known.kind == "text":
        return known.model_copy(update={"kind": "pair"})
    return known


def _lines(
    model: str,
    task: "AnyTask",
    file: Path | None,
    output: Path | None,
    lang: str | None,
    skip_bad: bool,
    window: int | None,
    resume: bool,
) -> None:
    """Every line read is written with what the model says of it, in order."""
    from polydistill.data.files.text_lines import bodies, raw_lines
    from polydistill.serving.answers_file import rows_left, writing
    from polydistill.serving.json_lines import LeftOut, read_rows
    from polydistill.serving.predicting import WINDOW, answered
    from polydistill.serving.reader import open_reader

    reading, left_out = open_reader(model, task), LeftOut()
    lines = bodies(sys.stdin.buffer) if file is None else raw_lines(file)
    rows = read_rows(lines, str(file or "standard input"), task, left_out if skip_bad else None)
    if resume and output is not None:
        rows = rows_left(output, rows)
    with (
        _telling_of_the_rest(output),
        contextlib.nullcontext(sys.stdout) if output is None else writing(output, resume) as target,
    ):
        answers = answered(reading, rows, task, lang, WINDOW if window is None else window)
        for row, found in counted(answers, errors(), bar=output is not None or not sys.stdout.isatty()):
            answer = {**row, "predicted": found.said, "probabilities": found.probabilities}
            target.write(json.dumps(answer, ensure_ascii=False) + "\n")
            target.flush()
    if left_out.first is not None:
        count = "1 line" if left_out.count == 1 else f"{left_out.count:,} lines"
        _tell(f"Left out {count} that cannot be used. The first: {left_out.first}")
    if output is not None:
        _tell(f"Written: {output}")


@contextlib.contextmanager
def _telling_of_the_rest(output: Path | None) -> Iterator[None]:
    """Where work stops, say what is there and how to go on."""
    from polydistill.serving.answers_file import part_of

    try:
        yield
    except BaseException:
        if output is not None and part_of(output).is_file():
            _tell(f"The answers so far are in {part_of(output)}. The same command with --resume goes on from there.")
        raise


def _tell(text: str) -> None:
    errors().print(text, markup=False, highlight=False, soft_wrap=True)


def _one_row(task: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row that the options of a task give; none where they are not there."""
    said = {name for name, value in given.items() if value is not None}
    needed, more = _ROW_OPTIONS[task], _MORE_OPTIONS.get(task, ())
    if stray := sorted(said.difference(needed, more)):
        raise ValueError(f"{stray[0]} is no option of the task {task!r}, which has {' and '.join((*needed, *more))}.")
    if not said:
        return None
    if missing := [name for name in needed if name not in said]:
        if len(needed) == 1:
            raise ValueError(f"{' and '.join(more)} go with {missing[0]}. Give it, or none of them and lines of JSON.")
        raise ValueError(f"{' and '.join(needed)} go together. Give both, or neither and lines of JSON.")
    pair = {"--premise": "text", "--hypothesis": "text_pair"} if task == "pair" else {}
    names = {**_COLUMNS, **pair, **({"--text": "review_body"} if task == "stars" else {})}
    row = {names.get(name, name.removeprefix("--")): given[name] for name in (*needed, *more)}
    return {**row, "question": given["--question"] or "cause"} if task == "choice" else row
