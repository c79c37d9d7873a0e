"""What an export is of: which model, with which head, tried on which rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import PretrainedConfig

from polydistill.data.rows.given import Rows, as_source
from polydistill.data.rows.sources import WorldSource, format_source
from polydistill.defaults import Pooling
from polydistill.exports.card import Licences
from polydistill.exports.exporting import Exportable, Exported, export_models
from polydistill.exports.run_task import task_of_run
from polydistill.exports.samples import Sample
from polydistill.exports.wanted import Wanted
from polydistill.models.loaded import Loaded
from polydistill.starts.folders import MEMORY, students_in
from polydistill.starts.heads import task_in
from polydistill.starts.hub import pinned
from polydistill.starts.loading import load_for, load_masked, predicts_words
from polydistill.starts.memory import OwnModel
from polydistill.starts.origins import Pretrained
from polydistill.starts.sentence import load_sentence_encoder, own_pooling
from polydistill.starts.strict import open_config
from polydistill.tasks import AnyTask


def exported(
    model: OwnModel,
    out: str | Path,
    asked: dict[str, Any],
    task: AnyTask | None,
    check: Rows | None,
    languages: tuple[str, ...],
    licences: tuple[str | None, str | None],
) -> tuple[Exported, ...]:
    """Write a model as the folder `out`, once it is read back and seen to say what the model says.

    Of a run that leaves several students each has a folder of its own in `out`. `asked` are fields of `Wanted`.
    """
    starts = _models(model)
    if asked["format"] == "sentence-transformers" and asked.get("pooling") is None:
        asked = {**asked, "pooling": _pooling_of(next(iter(starts.values())))}
    wanted = Wanted.model_validate(asked)
    subjects = {name: _subject(one, task, wanted) for name, one in starts.items()}
    return export_models(subjects, Path(out).expanduser(), wanted, _sample(check, languages), Licences(*licences))


def _pooling_of(start: Pretrained) -> Pooling:
    """How the vectors of a model are pooled, as its folder says; the mean where it does not."""
    return own_pooling(start.name, start.revision) or "mean"


def _models(model: OwnModel) -> dict[str, Pretrained]:
    several = students_in(Path(model).expanduser()) if isinstance(model, str | Path) else {}
    return {name: pinned(one) for name, one in several.items()} if len(several) > 1 else {"": pinned(model)}


def _subject(start: Pretrained, task: AnyTask | None, wanted: Wanted) -> Exportable:
    config = open_config(start.name, start.revision)
    own = None if wanted.pooling is not None else task or task_of_run(start) or task_in(config)
    if wanted.pooling is None and own is None and wanted.format == "onnx":
        raise ValueError(
            f"{start.name} was tuned for no task, so it has no answers to export. Give a pooling (mean or first) for "
            "its sentence vectors, or tune it."
        )
    return Exportable(_loading(start, config, own, wanted), own, "" if start.name.startswith(MEMORY) else start.name)


def _loading(start: Pretrained, config: PretrainedConfig, task: AnyTask | None, wanted: Wanted) -> Callable[[], Loaded]:
    if task is not None:
        return lambda: load_for(start, task)
    if wanted.pooling is None and predicts_words(config):
        return lambda: load_masked(start.name, start.revision)
    return lambda: load_sentence_encoder(start.name, start.revision)


def _sample(rows: Rows | None, languages: tuple[str, ...]) -> Sample:
    usual = Sample()
    source = usual.source if rows is None else as_source(rows)
    if not languages and not isinstance(source, WorldSource):
        raise ValueError(f"Of which languages are the rows of {format_source(source)}? Name them, such as en,tr.")
    return Sample(source, languages or usual.languages)
