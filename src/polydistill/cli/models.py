"""Commands that use a model: evaluate, predict."""

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

import typer

from polydistill.cli.screen import codes, errors, example, save, say
from polydistill.cli.tasks import Task, task_named
from polydistill.errors import DataError

if TYPE_CHECKING:
    from polydistill.tasks import TaskName

Model = Annotated[str, typer.Argument(help="A model's or a run's folder, or a hub name.")]
_ROW_OPTIONS = {
    "nli": ("--premise", "--hypothesis"),
    "ner": ("--text",),
    "choice": ("--premise", "--choice"),
    "stars": ("--text",),
    "paraphrase": ("--sentence1", "--sentence2"),
    "qa": ("--question", "--context"),
}
_COLUMNS = {"--title": "review_title", "--category": "product_category", "--choice": "choices"}
_MORE_OPTIONS = {"stars": ("--title", "--category"), "choice": ("--question",)}


def add(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(epilog=example("polydistill evaluate german --data file:xnli/dev-{lang}.tsv --langs en,de"))(evaluate)
    app.command(
        epilog=example('polydistill predict german --premise "Der Hund schläft." --hypothesis "Ein Tier schläft."')
    )(predict)


def evaluate(
    model: Model,
    data: Annotated[str, typer.Option(help="Labelled rows: world:..., file:PATH or hub:NAME@COMMIT.")],
    langs: Annotated[str, typer.Option(help="Languages to score, such as en,de.")],
    task: Task = "nli",
    normaliser: Annotated[
        Literal["squad", "mlqa"], typer.Option(help="qa: compare answers as SQuAD does, or as MLQA does by language.")
    ] = "squad",
    json_: Annotated[Path | None, typer.Option("--json", help="Also write the scores as JSON.")] = None,
) -> None:
    """Print a model's score by language: accuracy (stars: also mean absolute error) or F1 (qa: also exact matches)."""
    from polydistill import api
    from polydistill.cli.scores import show_scores

    scores = api.evaluate(model, data, codes(langs), task_named(task), normaliser)
    show_scores(scores)
    save(json_, json.dumps([score.model_dump(mode="json") for score in scores], indent=2) + "\n")


def predict(
    model: Model,
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
    task: Task = "nli",
    input_: Annotated[Path | None, typer.Option("--input", help="JSONL to read. Default: standard input.")] = None,
    output: Annotated[Path | None, typer.Option(help="JSONL to write. Default: standard output.")] = None,
    lang: Annotated[str | None, typer.Option(help="Language of the texts; matters to XLM models only.")] = None,
) -> None:
    """Print what a model says of one row, or of every line of a JSONL file (nli: the keys premise and hypothesis)."""
    known = task_named(task)
    given = {"--premise": premise, "--hypothesis": hypothesis, "--text": text, "--title": title, "--category": category}
    given |= {"--sentence1": sentence1, "--sentence2": sentence2, "--question": question, "--context": context}
    row = _one_row(known, {**given, "--choice": choice or None})
    options = " and ".join(_ROW_OPTIONS[known])
    if row is not None and input_ is not None:
        raise ValueError(f"Give {options}, or --input, and not both.")
    if row is None and input_ is None and sys.stdin.isatty():
        raise ValueError(f"Nothing to read: give {options}, --input FILE, or lines on standard input.")
    if input_ is not None and output is not None and input_.resolve() == output.resolve():
        raise ValueError(f"--output {output} is the file that --input reads. Name another one.")
    from polydistill import api
    from polydistill.data.text_lines import read_lines

    loaded = api.load(model, known)
    if row is not None:
        (found,) = api.predict(loaded, [row], lang, known)
        say(found.line)
        return
    lines = sys.stdin if input_ is None else (text for _, text in read_lines(input_))
    with _writing(output) as target:
        rows: list[dict[str, Any]] = []  # those read ahead of their predictions

        def remembered() -> Iterator[dict[str, Any]]:
            for row in read_rows(lines, str(input_ or "standard input"), known):
                rows.append(row)
                yield row

        for found in api.predict(loaded, remembered(), lang, known):
            answer = {**rows.pop(0), "predicted": found.said, "probabilities": found.probabilities}
            target.write(json.dumps(answer, ensure_ascii=False) + "\n")
            target.flush()
    if output is not None:
        errors().print(f"Written: {output}", markup=False, highlight=False, soft_wrap=True)


def _one_row(task: "TaskName", given: Mapping[str, Any]) -> dict[str, Any] | None:
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
    names = {**_COLUMNS, **({"--text": "review_body"} if task == "stars" else {})}
    row = {names.get(name, name.removeprefix("--")): given[name] for name in (*needed, *more)}
    return {**row, "question": given["--question"] or "cause"} if task == "choice" else row


def read_rows(lines: Iterable[str], name: str, task: "TaskName" = "nli") -> Iterator[dict[str, Any]]:
    """The objects of JSON lines; a line that cannot be used is named."""
    from polydistill.tasks import TASKS

    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            found = f"text that is not JSON ({error.msg} at character {error.pos + 1})"
            raise DataError(name, number, found, "one JSON object a line", "Correct or remove the line.") from None
        wrong = TASKS[task].wrong_with(row if isinstance(row, dict) else None)
        if wrong:
            way_out = "Correct or remove the line."
            raise DataError(name, number, wrong, f"an object such as {TASKS[task].example}", way_out)
        yield row


@contextlib.contextmanager
def _writing(file: Path | None) -> Iterator[TextIO]:
    if file is None:
        yield sys.stdout
    else:
        with file.open("w", encoding="utf-8") as lines:
            yield lines
