"""Models side by side: rows a second, latency, memory, size. Each has a process of its own; they take turns.

Only one works at a time, every second turn goes backwards, and a ratio is taken within a turn: so a slow moment of the
machine slows all alike.
"""

import importlib.metadata
import importlib.util
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import torch
from pydantic import Field, model_validator

from polydistill.bounds import Batch, Held, Some, Threads
from polydistill.data.files.records import is_table
from polydistill.data.files.text_lines import read_lines
from polydistill.data.rows.load import load_rows, load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.exports.provenance import short
from polydistill.machine import cores, processor
from polydistill.progress import followed
from polydistill.serving.bench_worker import Clock, Ended, Job, Opened, Ready, Trouble, Turn
from polydistill.serving.reader import Backend, model_place, size_on_disk
from polydistill.serving.rows_given import Reading, file_rows
from polydistill.specs import Spec
from polydistill.tasks import AnyTask, TaskSpec, task_of
from polydistill.training.made import versions
from polydistill.world.grammar import available_languages

_ONE_TEXT = TaskSpec(kind="text", problem="number")  # whatever is said of it
Answer = TypeVar("Answer", Ready, Opened, Turn, Ended)


class Settings(Spec):
    """How models are measured."""

    task: AnyTask | None = "nli"
    """None: texts become vectors."""
    batch_size: Batch = 32
    rows: Held = 256
    singles: Held = 20
    """Rows of a turn that are read one by one, for the latency."""
    turns: Some = 5
    threads: Threads = Field(default_factory=torch.get_num_threads)
    language: str | None = None
    clock: Clock = "wall"
    """`processor`: the time of the one thread, without the times at which other programs had its core."""

    @model_validator(mode="after")
    def _one_thread_has_one_time(self) -> Self:
        if self.clock == "processor" and self.threads > 1:
            raise ValueError(f"The processor's time of {self.threads} threads adds up. Give one thread, or wall.")
        return self


class Measured(Spec):
    """One model. Times in seconds, sizes in bytes."""

    model: str
    backend: Backend
    parameters: int | None
    disk: int
    load_seconds: float
    peak_memory: int
    """The most that its process held resident, Python and the libraries included."""
    memory_before: int
    """What the process held before the model was opened: the libraries alone."""
    reading_seconds: tuple[float, ...]
    """To read all rows in batches, by turn."""
    latency_seconds: tuple[float, ...]
    """Of every row that was read alone."""

    def latency(self, percent: float) -> float:
        """A percentile of the seconds that a row alone takes."""
        return float(np.percentile(self.latency_seconds, percent))


class Bench(Spec):
    """What was measured, and all that the numbers depend on."""

    processor: str
    cores: int
    load_average: tuple[float, float]
    """Of the last minute, before and after: what else the machine did. The models' own work is in the second."""
    versions: dict[str, str]
    settings: Settings
    text: str
    """Where the rows are from."""
    models: tuple[Measured, ...]

    def rows_a_second(self, model: Measured) -> list[float]:
        """By turn."""
        return [self.settings.rows / seconds for seconds in model.reading_seconds]

    def speedups(self, model: Measured) -> list[float]:
        """By turn, how many times as many rows a second as the first model reads."""
        first = self.models[0].reading_seconds
        return [theirs / ours for theirs, ours in zip(first, model.reading_seconds, strict=True)]

    def speed(self, model: Measured) -> str:
        """In a line, for a model's card."""
        how = self.settings
        median, slow = (1000 * model.latency(percent) for percent in (50, 95))
        return (
            f"{statistics.median(self.rows_a_second(model)):,.0f} rows of {short(self.text)} a second, "
            f"{how.batch_size} at a time; a row alone in {median:.1f} ms (95 % of them within {slow:.1f}); "
            f"{model.backend} with {how.threads} thread{'s' * (how.threads > 1)} of {self.processor}"
        )


def bench(models: Sequence[str | Path], settings: Settings, text: Path | None = None) -> Bench:
    """Measure models on the rows of a file (JSONL as for `predict`, or a sentence a line), or of the mini-world."""
    if not models:
        raise ValueError("No model is named. Name one or more: folders, hub names, ONNX folders.")
    rows = _rows(settings, text)
    settings = settings.model_copy(update={"rows": len(rows)})
    busy = os.getloadavg()[0]
    with ExitStack() as stack:
        workers = [stack.enter_context(_Worker(str(model), settings, rows)) for model in models]
        for worker in workers:
            worker.wait()  # until all have imported what they need, which takes the machine's time
        for worker in workers:
            worker.open()
        turns = [(turn, one) for turn in range(settings.turns) for one in workers[:: 1 if turn % 2 == 0 else -1]]
        for turn, worker in followed(turns, "Models are measured", len(turns), unit="turn"):
            worker.take(turn)
        measured = tuple(worker.ended() for worker in workers)
    return Bench(
        processor=processor(),
        cores=cores(),
        load_average=(busy, os.getloadavg()[0]),
        versions={**versions(), **_version("onnxruntime")},
        settings=settings,
        text="the mini-world" if text is None else str(text),
        models=measured,
    )


class _Worker:
    """A process with one model."""

    def __init__(self, model: str, settings: Settings, rows: Sequence[dict[str, Any]]) -> None:
        self.model, self.turns = model, list[Turn]()
        self.disk = size_on_disk(model_place(model))
        threads = {name: str(settings.threads) for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "polydistill.serving.bench_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **threads},
        )
        shared = settings.model_dump(include={"task", "language", "batch_size", "singles", "threads", "clock"})
        self.job = Job(model=model, rows=tuple(rows), **shared)

    def __enter__(self) -> "_Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def wait(self) -> None:
        """Until the process can be told something."""
        self._hear(Ready)

    def open(self) -> None:
        """The model."""
        self.opened = self._ask(self.job.model_dump_json(), Opened)

    def take(self, turn: int) -> None:
        """A turn."""
        self.turns.append(self._ask(f"turn {turn}", Turn))

    def ended(self) -> Measured:
        """All that is known of the model."""
        end = self._ask("end", Ended)
        return Measured(
            model=self.model,
            backend=self.opened.backend,
            parameters=end.parameters,
            disk=self.disk,
            load_seconds=self.opened.load_seconds,
            peak_memory=end.peak,
            memory_before=end.before,
            reading_seconds=tuple(turn.reading for turn in self.turns),
            latency_seconds=tuple(seconds for turn in self.turns for seconds in turn.alone),
        )

    def _ask(self, line: str, kind: type[Answer]) -> Answer:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # of a process that has ended nothing will be heard
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        return self._hear(kind)

    def _hear(self, kind: type[Answer]) -> Answer:
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        if not said:
            code = self.process.wait()
            raise ValueError(f"The process that measured {self.model} ended with code {code}; its memory may be short.")
        if '"error"' in said:
            raise ValueError(f"{self.model} cannot be measured: {Trouble.model_validate_json(said).error}")
        return kind.model_validate_json(said)


def _rows(settings: Settings, text: Path | None) -> list[dict[str, Any]]:
    """The rows that all models read, no more than wanted."""
    if settings.task is None:
        return _texts(settings, text)
    asked = task_of(settings.task)
    if text is None:
        codes = available_languages()
        each = -(-settings.rows // len(codes))
        tables = load_rows(WorldSource(rows=each), asked.shape, codes).rows.values()
        given: list[Any] = [row for rows in zip(*tables, strict=True) for row in rows]
    elif is_table(text):
        given = list(file_rows(text, Reading(settings.task)))
    else:
        beside = ("",) * (len(asked.shape.texts) - 1)
        given = [line if asked.shape.lists else (line, *beside) for _, line in read_lines(text) if line.strip()]
    if not given:
        raise ValueError(f"{text} has no rows to read. Name another file.")
    return [dict(asked.row(row)) for row in given[: settings.rows]]


def _texts(settings: Settings, text: Path | None) -> list[dict[str, Any]]:
    """The texts that all models read, no more than wanted."""
    if text is None:
        codes = available_languages()
        tables = load_text(WorldSource(rows=-(-settings.rows // len(codes))), codes).rows.values()
        given = [line for lines in zip(*(table["text"][:] for table in tables), strict=True) for line in lines]
    elif is_table(text):
        given = [task_of(_ONE_TEXT).row(row)["text"] for row in file_rows(text, Reading(_ONE_TEXT))]
    else:
        given = [line for _, line in read_lines(text) if line.strip()]
    if not given:
        raise ValueError(f"{text} has no text to read. Name another file.")
    return [{"text": line} for line in given[: settings.rows]]


def _version(package: str) -> dict[str, str]:
    there = importlib.util.find_spec(package) is not None
    return {package: importlib.metadata.version(package)} if there else {}
