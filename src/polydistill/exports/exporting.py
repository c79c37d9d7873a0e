"""Exporting: write aside, hold against the model, describe, and only then put in place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from polydistill import __version__
from polydistill.exports.card import FILE as CARD
from polydistill.exports.card import Described, Licences, card
from polydistill.exports.folders import write_sentence_transformers, write_transformers
from polydistill.exports.onnx import write_onnx
from polydistill.exports.provenance import is_portable, provenance
from polydistill.exports.samples import Sample
from polydistill.exports.wanted import RECORD, Check, Format, Record, Wanted
from polydistill.manifest import list_files
from polydistill.models.loaded import Loaded
from polydistill.models.mblm_config import MBLM
from polydistill.results import RUN_FILE
from polydistill.starts.loading import predicts_words
from polydistill.starts.origins import Pretrained
from polydistill.tasks import AnyTask
from polydistill.training.made import derived
from polydistill.training.out import made_whole
from polydistill.training.run import hand_on, made_by

Write = Callable[[Loaded, Path, AnyTask | None, Wanted, Sample], Check]
_WRITERS: dict[Format, Write] = {
    "transformers": write_transformers,
    "sentence-transformers": write_sentence_transformers,
    "onnx": write_onnx,
}


@dataclass(frozen=True)
class Exportable:
    """A model that is exported: how it is loaded, the task of its head (none: words, or vectors), and its folder."""

    load: Callable[[], Loaded]
    task: AnyTask | None
    source: str


@dataclass(frozen=True)
class Exported:
    """An exported model: its folder, and how near it is to the model."""

    folder: Path
    check: Check
    size: int
    """Bytes, of all files."""


def export_models(
    subjects: Mapping[str, Exportable], place: Path, wanted: Wanted, sample: Sample, licences: Licences
) -> tuple[Exported, ...]:
    """Export models, each in the folder of its name in `place`, or the only one, named "", in `place` itself.

    All of them, or nothing: what is refused leaves nothing behind.
    """
    with made_whole(place) as unfinished:
        checks = {
            name: _export(name or place.name, one, unfinished / name, wanted, sample, licences)
            for name, one in subjects.items()
        }
    return tuple(Exported(place / name, check, _size(place / name)) for name, check in checks.items())


def _export(name: str, subject: Exportable, folder: Path, wanted: Wanted, sample: Sample, licences: Licences) -> Check:
    """Write the model, its record and its card; and its run, where that names nothing of this machine."""
    folder.mkdir(exist_ok=True)
    loaded = subject.load()
    check = _WRITERS[wanted.format](loaded, folder, subject.task, wanted, sample)
    record = Record(
        wanted=wanted,
        task=subject.task,
        check=check,
        parameters=loaded.network.num_parameters(),
        size=_size(folder),
        polydistill=__version__,
    )
    origin = Pretrained(name=subject.source)
    hand_on(origin, folder)
    made, config = provenance(subject.source), loaded.network.config
    described = Described(
        name, record, made, made_by(origin), licences, predicts_words(config), config.model_type == MBLM
    )
    texts = {RECORD: record.model_dump_json(indent=2) + "\n", CARD: card(described)}
    if made is not None and is_portable(made.run):
        texts[RUN_FILE] = made.run.model_dump_json(indent=2) + "\n"
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    list_files(folder, derived(loaded, subject.source))
    return check


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
