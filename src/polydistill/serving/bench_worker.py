"""One model in a process of its own, which reads when it is told to: `python -m polydistill.serving.bench_worker`.

It says when it is ready. A line of JSON comes in (the job), and a line goes out (what opening the model took). Then
every line `turn N` is answered with the times of a turn, and `end` with memory and parameters. Trouble is an `error`.
"""

import gc
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import torch

from polydistill.exports.onnx_folder import model_file
from polydistill.machine import peak_resident, resident
from polydistill.serving.predicting import encoded
from polydistill.serving.reader import Backend, Reader, model_place, open_reader
from polydistill.serving.vectors import VectorReader, open_vectors
from polydistill.specs import Spec
from polydistill.tasks import AnyTask
from polydistill.tasks.reading import ArrayStudent, batch_logits
from polydistill.tasks.task import Record

Clock = Literal["wall", "processor"]


class Job(Spec):
    """What a worker is told."""

    model: str
    task: AnyTask | None
    language: str | None = None
    rows: tuple[dict[str, Any], ...]
    batch_size: int
    singles: int
    """Rows of a turn that are read one by one."""
    threads: int
    clock: Clock


class Turn(Spec):
    """Seconds to read all rows in batches, and seconds of each row that was read alone."""

    reading: float
    alone: tuple[float, ...]


class Ready(Spec):
    """All is imported."""


class Opened(Spec):
    """What opening took, with the libraries imported and the files in the machine's cache."""

    backend: Backend
    load_seconds: float


class Ended(Spec):
    """Memory in bytes: the peak of the process, and what it held before the model; and the model's parameters."""

    peak: int
    before: int
    parameters: int | None


class Trouble(Spec):
    """Why a model cannot be measured."""

    error: str


class Worker:
    """A model that is open and has read once."""

    def __init__(self, job: Job) -> None:
        torch.set_num_threads(job.threads)
        self.job, self.before = job, resident()
        opened(job)  # what is read once from disk, and imported, is so for all
        gc.collect()
        began = time.perf_counter()
        self.reader = opened(job)
        self.opened = Opened(backend=self.reader.backend, load_seconds=time.perf_counter() - began)
        read(self.reader, job.rows[: job.batch_size], job)

    def turn(self, number: int) -> Turn:
        """All rows once in batches of similar lengths, and the next few rows alone."""
        rows, first = self.job.rows, number * self.job.singles
        alone = [rows[at % len(rows)] for at in range(first, first + self.job.singles)]
        return Turn(reading=self._seconds(rows), alone=tuple(self._seconds([row]) for row in alone))

    def _seconds(self, rows: Sequence[Record]) -> float:
        clock = time.process_time if self.job.clock == "processor" else time.perf_counter
        began = clock()
        read(self.reader, rows, self.job)
        return clock() - began

    def ended(self) -> Ended:
        """What it took."""
        return Ended(peak=peak_resident(), before=self.before, parameters=parameters(self.reader, self.job.model))


def opened(job: Job) -> Reader | VectorReader:
    """The model, ready to read."""
    return open_vectors(job.model) if job.task is None else open_reader(job.model, job.task)


def read(reader: Reader | VectorReader, rows: Sequence[Record], job: Job) -> None:
    """From texts to logits, as predicting does it, or to vectors."""
    if isinstance(reader, VectorReader):
        reader.vectors([row["text"] for row in rows], job.batch_size)
        return
    assert job.task is not None, "what is read by a head has a task"
    text, _ = encoded(reader, rows, job.task)
    for _ in batch_logits(reader.student, text, job.language, job.batch_size, reader.device):
        pass


def parameters(reader: Reader | VectorReader, model: str) -> int | None:
    """The model's parameters; of an ONNX file unknown where `onnx` is not installed."""
    module = reader.module if isinstance(reader, VectorReader) else reader.student
    if module is not None and not isinstance(module, ArrayStudent):
        return sum(value.numel() for value in module.parameters())
    try:
        import onnx
    except ImportError:
        return None
    file = model_file(model_place(model))
    assert file is not None, "a student of another runtime is read from a graph"
    graph = onnx.load(file, load_external_data=False).graph
    return int(sum(math.prod(one.dims) for one in graph.initializer))


def serve(lines: Iterable[str], answer: Callable[[Spec], None]) -> None:
    """Do what the lines say."""
    coming = iter(lines)
    answer(Ready())
    try:
        worker = Worker(Job.model_validate_json(next(coming)))
        answer(worker.opened)
        for line in coming:
            command, *number = line.split()
            answer(worker.turn(int(number[0])) if command == "turn" else worker.ended())
    except (ValueError, OSError) as error:
        answer(Trouble(error=str(error)))


def main() -> None:
    """Answer on what was standard output; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(what: Spec) -> None:
        answers.write(what.model_dump_json() + "\n")
        answers.flush()

    serve(sys.stdin, answer)


if __name__ == "__main__":
    main()
