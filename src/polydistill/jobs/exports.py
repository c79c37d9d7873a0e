"""A person's own models as folders for other libraries: `polydistill export`."""

from collections.abc import Callable
from pathlib import Path
from typing import TypedDict, Unpack

from transformers import PretrainedConfig

from polydistill.data.rows.given import Rows, as_source
from polydistill.data.rows.sources import WorldSource, format_source
from polydistill.defaults import Pooling
from polydistill.exports.card import Licences
from polydistill.exports.exporting import Exportable, Exported, export_models
from polydistill.exports.samples import Sample
from polydistill.exports.wanted import Format, Wanted
from polydistill.models.loaded import Loaded
from polydistill.starts.folders import students_in
from polydistill.starts.heads import task_in
from polydistill.starts.hub import pinned
from polydistill.starts.loading import load_for, load_masked, predicts_words
from polydistill.starts.origins import Pretrained
from polydistill.starts.sentence import load_sentence_encoder, own_pooling
from polydistill.starts.strict import open_config
from polydistill.tasks import AnyTask


class ExportOptions(TypedDict, total=False):
    """The fields of `exports.wanted.Wanted`; the task, where it is not what the head says; and the rows it is tried on.

    `check_on` are rows of the task, or sentences where there is none, in `languages`; by default the mini-world's. The
    licences, of the model (as the hub names it) and of its data, are for the card, which else says that it knows none.
    """

    task: AnyTask | None
    language: str | None
    pooling: Pooling | None
    normalize: bool
    int8: bool
    tolerance: float
    agreement: float
    check_on: Rows | None
    languages: tuple[str, ...]
    licence: str | None
    data_licence: str | None


def export(
    model: str | Path | Loaded, to: str | Path, format: Format = "transformers", **options: Unpack[ExportOptions]
) -> tuple[Exported, ...]:
    """Write a model as the folder `to`, once it is read back and seen to say what the model says.

    Of a run that leaves several students each has a folder of its own in `to`.
    """
    if format == "sentence-transformers" and options.get("pooling") is None:
        options["pooling"] = _pooling_of(model)
    licences = Licences(options.pop("licence", None), options.pop("data_licence", None))
    task, rows, languages = options.pop("task", None), options.pop("check_on", None), options.pop("languages", ())
    wanted = Wanted.model_validate({"format": format, **options})
    subjects = {name: _subject(one, task, wanted) for name, one in _models(model).items()}
    return export_models(subjects, Path(to).expanduser(), wanted, _sample(rows, languages), licences)


def _pooling_of(model: str | Path | Loaded) -> Pooling:
    """How the vectors of a model are pooled, as its folder says; the mean where it does not."""
    first = next(iter(_models(model).values()))
    if isinstance(first, Loaded):
        return "mean" if first.sentence is None else first.sentence.reading.pooling[0]
    return own_pooling(first.name, first.revision) or "mean"


def _models(model: str | Path | Loaded) -> dict[str, Pretrained | Loaded]:
    if isinstance(model, Loaded):
        return {"": model}
    several = students_in(Path(model).expanduser())
    return {name: pinned(one) for name, one in several.items()} if len(several) > 1 else {"": pinned(model)}


def _subject(model: Pretrained | Loaded, task: AnyTask | None, wanted: Wanted) -> Exportable:
    if isinstance(model, Loaded):
        config, source = model.network.config, ""  # it may have changed since it was read from a run's folder
        config.architectures = [type(model.network).__name__]  # what saving it says, too
    else:
        config, source = open_config(model.name, model.revision), model.name
    own = task or task_in(config)
    if wanted.pooling is not None:
        if isinstance(model, Loaded) and (own is not None or predicts_words(config)):
            raise ValueError("Sentence vectors are of a model without its head: name the model's folder instead.")
        own = None
    elif own is None and wanted.format == "onnx":
        raise ValueError(
            f"{source or 'The model'} was tuned for no task, so it has no answers to export. Give a pooling "
            "(mean or first) for its sentence vectors, or tune it."
        )
    return Exportable(_loading(model, config, own, wanted), own, source)


def _loading(
    model: Pretrained | Loaded, config: PretrainedConfig, task: AnyTask | None, wanted: Wanted
) -> Callable[[], Loaded]:
    if isinstance(model, Loaded):
        return lambda: model
    if task is not None:
        return lambda: load_for(model, task)
    if wanted.pooling is None and predicts_words(config):
        return lambda: load_masked(model.name, model.revision)
    return lambda: load_sentence_encoder(model.name, model.revision)


def _sample(rows: Rows | None, languages: tuple[str, ...]) -> Sample:
    usual = Sample()
    source = usual.source if rows is None else as_source(rows)
    if not languages and not isinstance(source, WorldSource):
        raise ValueError(f"Of which languages are the rows of {format_source(source)}? Name them, such as en,tr.")
    return Sample(source, languages or usual.languages)
