"""What the job predict does: rows as they come, from Python, one row's texts, a file or standard input, and their
answers one by one, or written to a file that interrupted work goes on with.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polydistill.data.files.text_lines import bodies
from polydistill.progress import followed
from polydistill.serving.answers_file import part_of, rows_left, writing
from polydistill.serving.rows_given import LeftOut, Reading, file_rows, read_rows, renamed
from polydistill.tasks import AnyTask, task_of
from polydistill.tasks.task import Answer

if TYPE_CHECKING:
    from rich.console import Console

_NEEDED = {
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
_MORE = {"stars": ("--title", "--category"), "choice": ("--question",)}
_COLUMNS = {"--title": "review_title", "--category": "product_category", "--choice": "choices"}


@dataclass
class Predicted(Iterator[Answer]):
    """What a model says of rows, in their order, as they come in: to be gone through once."""

    pairs: Iterator[tuple[Any, Answer]]
    """Each row, and what is said of it."""
    single: bool = False
    """Whether it is one row, given by its texts."""
    left_out: LeftOut = field(default_factory=LeftOut)
    """Lines that could not be used, where such lines are left out."""
    out: Path | None = None
    """The file where all answers are, if they were to be written: then there is nothing left to go through."""

    def __next__(self) -> Answer:
        """The next answer."""
        return next(self.pairs)[1]

    def lines(self) -> Iterator[str]:
        """Each row with what is said of it, as a line of JSON."""
        for row, said in self.pairs:
            answer = {**row, "predicted": said.said, "probabilities": said.probabilities}
            yield json.dumps(answer, ensure_ascii=False) + "\n"

    def write(self, out: Path, goes_on: bool, console: "Console | None") -> None:
        """Write all that is still to come; where that stops, say what is there and how to go on."""
        lines = self.lines() if console is None else followed(self.lines(), "Answered", console=console, unit="rows")
        try:
            with writing(out, goes_on) as target:
                for line in lines:
                    target.write(line)
                    target.flush()
        except BaseException:
            if console is not None and part_of(out).is_file():
                said = f"The answers so far are in {part_of(out)}. The same command with --resume goes on from there."
                console.print(said, markup=False, highlight=False, soft_wrap=True)
            raise
        self.out = out


@dataclass(frozen=True)
class Asking:
    """Which rows are meant, and where their answers go."""

    task: AnyTask
    given: Iterable[Any] | None
    row: Mapping[str, Any] | None
    input: Path | None
    out: Path | None
    skip_bad: bool
    resume: bool
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our names of texts, and what the rows of a file call them."""

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        options = " and ".join(_NEEDED[task_of(self.task).name])
        if sum(one is not None for one in (self.given, self.row, self.input)) > 1:
            raise ValueError(f"Give {options}, or --input, and not both.")
        if self.given is None and self.row is None and self.input is None and sys.stdin.isatty():
            raise ValueError(f"Nothing to read: give {options}, --input FILE, or lines on standard input.")
        if self.input is not None and self.out is not None and self.input.resolve() == self.out.resolve():
            raise ValueError(f"--out {self.out} is the file that --input reads. Name another one.")
        if self.resume and self.out is None:
            raise ValueError("--resume goes on with the file of --out. Name it.")

    def rows(self, left_out: LeftOut) -> Iterable[Any]:
        """The rows that are still to be answered."""
        rows = self._all(left_out)
        if self.out is None:
            return rows
        plain = (dict(row if isinstance(row, Mapping) else task_of(self.task).row(row)) for row in rows)
        return rows_left(self.out, plain) if self.resume else plain

    def _all(self, left_out: LeftOut) -> Iterable[Any]:
        if self.row is not None:
            return [self.row]
        if self.given is not None:
            return (renamed(row, self.columns) if isinstance(row, Mapping) else row for row in self.given)
        reading, bad = Reading(self.task, self.columns), left_out if self.skip_bad else None
        if self.input is not None:
            return file_rows(self.input, reading, bad)
        return read_rows(bodies(sys.stdin.buffer), "standard input", reading, bad)


def one_row(task: AnyTask, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row that the texts of a task give, by the names of their options; none where they are not there."""
    name = task_of(task).name
    said = {option for option, value in given.items() if value is not None}
    needed, more = _NEEDED[name], _MORE.get(name, ())
    if stray := sorted(said.difference(needed, more)):
        raise ValueError(f"{stray[0]} is no option of the task {name!r}, which has {' and '.join((*needed, *more))}.")
    if not said:
        return None
    if missing := [option for option in needed if option not in said]:
        if len(needed) == 1:
            raise ValueError(f"{' and '.join(more)} go with {missing[0]}. Give it, or none of them and lines of JSON.")
        raise ValueError(f"{' and '.join(needed)} go together. Give both, or neither and lines of JSON.")
    pair = {"--premise": "text", "--hypothesis": "text_pair"} if name == "pair" else {}
    names = {**_COLUMNS, **pair, **({"--text": "review_body"} if name == "stars" else {})}
    row = {names.get(option, option.removeprefix("--")): given[option] for option in (*needed, *more)}
    return {**row, "question": given["--question"] or "cause"} if name == "choice" else row
