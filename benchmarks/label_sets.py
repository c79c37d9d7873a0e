"""Sets of labels, shapes of files and languages, as a new user would try them: each with what happened.

    python benchmarks/label_sets.py

The cases are those of tests/jobs/test_asked.py. Each is given as a DataFrame (or a list of rows) to `polydistill.tune`,
whose model is then scored by `evaluate` and asked by `predict`; and as a file to `polydistill tune` on the command
line. A tiny encoder with random weights learns two steps: what is tried is whether it works, and not how well.
"""

import json
import logging
import re
import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas
from typer.testing import CliRunner

import polydistill
from polydistill.cli import app

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / part) for part in (".", "jobs")]

from test_asked import CASES, options  # noqa: E402

from tiny import tiny_network, tiny_tokenizer  # noqa: E402

STEPS = {"steps": 2, "batch_size": 2, "max_length": 32}
_SHOWN = 110  # characters of an error
_PLACE = re.compile(r"\S+/encoder\b")


def tried(encoder: Path, name: str, place: Path) -> tuple[str, ...]:
    """A line of the table: what is given, the task that was found or the error, the scores, and an answer."""
    given, language, more, _ = CASES[name]
    columns = f"{', '.join(given[0])} ({language}{' ' + more if more else ''})"
    lists = isinstance(next(iter(given[0].values())), list)
    try:
        done = polydistill.tune(
            encoder,
            given if lists else pandas.DataFrame(given),
            language,
            out=place / "python",
            **options(more),
            **STEPS,
        )
        task = json.loads((done.folder / "run.json").read_text(encoding="utf-8"))["method"]["task"]
        columns_said = {"columns": options(more)["columns"]} if "columns" in options(more) else {}
        scores = polydistill.evaluate(done.model, given, language, **columns_said)
        said = next(iter(polydistill.predict(done.model, [_texts(given[0], task, more)], language))).said
        result = (_called(task), ", ".join(f"{one.metric} {one.value:.2f}" for one in scores), json.dumps(said))
    except ValueError as error:
        result = (_short(error), "", "")
    return (name, columns, *result, _typed(encoder, given, language, more, place))


def _texts(row: dict[str, Any], task: Any, more: str) -> Any:
    """A row without its labels, by the names that `predict` knows."""
    named = dict(part.split("=") for part in options(more).get("columns", "").split(",") if part)
    ours = {theirs: name for name, theirs in named.items()}
    kind = task if isinstance(task, str) else task["kind"]
    readable = str | list if kind in ("tags", "ner") else str
    texts = {ours.get(name, name): value for name, value in row.items() if isinstance(value, readable)}
    if kind == "text":
        return next(iter(texts.values()))
    if kind in ("tags", "ner"):
        return {"tokens": next(iter(texts.values()))}
    if kind == "stars":
        return texts
    first, second, *_ = texts.values()
    return {"premise": first, "hypothesis": second} if kind == "nli" else {"text": first, "text_pair": second}


def _typed(encoder: Path, given: list[dict[str, Any]], language: str, more: str, place: Path) -> str:
    """What the command line does with the same rows in a file."""
    place.mkdir(parents=True, exist_ok=True)
    file = place / "rows.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in given), encoding="utf-8")
    words = [f"--{name.replace('_', '-')} {value}" for name, value in STEPS.items()]
    command = (
        f"tune --model {encoder} --train {file} --langs {language} {more} {' '.join(words)} --out {place / 'typed'}"
    )
    said = CliRunner(env={"COLUMNS": "2000"}).invoke(app, shlex.split(command))
    return "trained" if said.exit_code == 0 else _short(said.stderr or said.output)


def _called(task: Any) -> str:
    if isinstance(task, str):
        return task
    problem = task.get("problem", "single")
    kind = task["kind"] if problem == "single" else f"{task['kind']}:{problem}"
    return f"{kind}: {', '.join(task.get('labels', ())) or 'a number'}"


def _short(error: object) -> str:
    text = _PLACE.sub("encoder", " ".join(str(error).split())).replace("|", "/").removeprefix("Error: ")
    return "refused: " + (text if len(text) <= _SHOWN else text[:_SHOWN].rpartition(" ")[0] + " ...")


def main() -> None:
    """Try all of them, and print the table."""
    logging.getLogger("polydistill").setLevel(logging.ERROR)
    with TemporaryDirectory() as folder:
        encoder = Path(folder) / "encoder"
        tiny_network(head="mlm").float().save_pretrained(encoder)
        tiny_tokenizer().save_pretrained(encoder)
        lines = [tried(encoder, name, Path(folder) / str(at)) for at, name in enumerate(CASES)]
    head = ("case", "columns (language, options)", "task found", "scores", "said of the first row", "command line")
    shown = [head, ("---",) * len(head), *lines]
    Path(__file__).with_name("results").joinpath("label_sets.md").write_text(
        "\n".join(["Made by `python benchmarks/label_sets.py`.", "", *(f"| {' | '.join(line)} |" for line in shown)])
        + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
