"""Exporting: write aside, hold against the model, describe, and only then put in place."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from polydistill.exports.folders import write_sentence_transformers, write_transformers
from polydistill.exports.onnx import write_onnx
from polydistill.exports.samples import Sample
from polydistill.exports.wanted import RECORD, Check, Format, Record, Wanted
from polydistill.methods.method import Loaded
from polydistill.tasks import TaskName
from polydistill.training.checkpoints import install

Write = Callable[[Loaded, Path, TaskName | None, Wanted, Sample], Check]
_WRITERS: dict[Format, Write] = {
    "transformers": write_transformers,
    "sentence-transformers": write_sentence_transformers,
    "onnx": write_onnx,
}


@dataclass(frozen=True)
class Subject:
    """A model that is exported: how it is loaded, the task of its head (none: words, or vectors), and its folder."""

    load: Callable[[], Loaded]
    task: TaskName | None
    source: str


@dataclass(frozen=True)
class Exported:
    """An exported model: its folder, and how near it is to the model."""

    folder: Path
    check: Check
    size: int
    """Bytes, of all files."""


def export_models(subjects: Mapping[str, Subject], place: Path, wanted: Wanted, sample: Sample) -> tuple[Exported, ...]:
    """Export models, each in the folder of its name in `place`, or the only one, named "", in `place` itself.

    All of them, or nothing: what is refused leaves nothing behind.
    """
    with _whole(place) as unfinished:
        checks = {name: _export(one, unfinished / name, wanted, sample) for name, one in subjects.items()}
    return tuple(Exported(place / name, check, _size(place / name)) for name, check in checks.items())


def _export(subject: Subject, folder: Path, wanted: Wanted, sample: Sample) -> Check:
    from polydistill import __version__

    folder.mkdir(exist_ok=True)
    check = _WRITERS[wanted.format](subject.load(), folder, subject.task, wanted, sample)
    record = Record(wanted=wanted, task=subject.task, check=check, polydistill=__version__)
    (folder / RECORD).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return check


@contextmanager
def _whole(place: Path) -> Iterator[Path]:
    """A folder aside, which becomes `place` if all goes well, and else is gone."""
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ValueError(f"{place} is there and not empty. Name another folder for the exported model.")
    unfinished = place.with_name(f".{place.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    install(unfinished, place)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
