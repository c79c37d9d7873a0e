"""Commands that use a model: evaluate, predict."""

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from polydistill.cli.screen import codes, errors, example, save, say
from polydistill.errors import DataError

Model = Annotated[str, typer.Argument(help="A model's or a run's folder, or a hub name.")]


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
    json_: Annotated[Path | None, typer.Option("--json", help="Also write the scores as JSON.")] = None,
) -> None:
    """Print a model's accuracy by language."""
    from polydistill import api
    from polydistill.cli.scores import show_scores

    scores = api.evaluate(model, data, codes(langs))
    show_scores(scores)
    save(json_, json.dumps([score.model_dump(mode="json") for score in scores], indent=2) + "\n")


def predict(
    model: Model,
    premise: Annotated[str | None, typer.Option(help="One premise ...")] = None,
    hypothesis: Annotated[str | None, typer.Option(help="... and its hypothesis.")] = None,
    input_: Annotated[Path | None, typer.Option("--input", help="JSONL to read. Default: standard input.")] = None,
    output: Annotated[Path | None, typer.Option(help="JSONL to write. Default: standard output.")] = None,
    lang: Annotated[str | None, typer.Option(help="Language of the texts; matters to XLM models only.")] = None,
) -> None:
    """Print the label of one pair, or of every line of a JSONL file with the keys premise and hypothesis."""
    if (premise is None) != (hypothesis is None):
        raise ValueError("--premise and --hypothesis go together. Give both, or neither and lines of JSON.")
    if premise is not None and input_ is not None:
        raise ValueError("Give --premise and --hypothesis, or --input, and not both.")
    if premise is None and input_ is None and sys.stdin.isatty():
        raise ValueError("Nothing to read: give --premise and --hypothesis, --input FILE, or lines on standard input.")
    if input_ is not None and output is not None and input_.resolve() == output.resolve():
        raise ValueError(f"--output {output} is the file that --input reads. Name another one.")
    from polydistill import api
    from polydistill.data.text_lines import read_lines

    loaded = api.load(model)
    if premise is not None and hypothesis is not None:
        (found,) = api.predict(loaded, [(premise, hypothesis)], lang)
        shares = ", ".join(f"{label} {share:.3f}" for label, share in found.probabilities.items())
        say(f"{found.label}  ({shares})")
        return
    lines = sys.stdin if input_ is None else (text for _, text in read_lines(input_))
    with _writing(output) as target:
        rows: list[dict[str, Any]] = []  # those read ahead of their predictions

        def remembered() -> Iterator[dict[str, Any]]:
            for row in read_rows(lines, str(input_ or "standard input")):
                rows.append(row)
                yield row

        for found in api.predict(loaded, remembered(), lang):
            answer = {**rows.pop(0), "predicted": found.label, "probabilities": found.probabilities}
            target.write(json.dumps(answer, ensure_ascii=False) + "\n")
            target.flush()
    if output is not None:
        errors().print(f"Written: {output}", markup=False, highlight=False, soft_wrap=True)


def read_rows(lines: Iterable[str], name: str) -> Iterator[dict[str, Any]]:
    """The objects of JSON lines; a line that cannot be used is named."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            found = f"text that is not JSON ({error.msg} at character {error.pos + 1})"
            raise DataError(name, number, found, "one JSON object a line", "Correct or remove the line.") from None
        wrong = [
            key for key in ("premise", "hypothesis") if not isinstance(row, dict) or not isinstance(row.get(key), str)
        ]
        if wrong:
            found = f"no text under {' and '.join(wrong)}"
            way_out = "Correct or remove the line."
            raise DataError(name, number, found, 'an object such as {"premise": "...", "hypothesis": "..."}', way_out)
        yield row


@contextlib.contextmanager
def _writing(file: Path | None) -> Iterator[TextIO]:
    if file is None:
        yield sys.stdout
    else:
        with file.open("w", encoding="utf-8") as lines:
            yield lines
