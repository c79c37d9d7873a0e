"""The job export: a model as a folder for other libraries."""

from typing import TYPE_CHECKING, Annotated, Literal

from polydistill.bounds import Share
from polydistill.jobs.job import Help, job
from polydistill.jobs.options import ROWS, Languages, ModelFirst, Place, Rows, TaskLike

if TYPE_CHECKING:
    from polydistill.exports.exporting import Exported


@job("Ship", "polydistill export german --format onnx --int8 --out german-int8")
def export(
    model: ModelFirst,
    out: Annotated[Place, Help("New folder. A run with several students gets a folder in it for each.")],
    format: Annotated[
        Literal["transformers", "sentence-transformers", "onnx"], Help("Which library is to load it.")
    ] = ("transformers"),
    *,
    int8: Annotated[bool, Help("onnx: weights and products in 8 bits.")] = False,
    pooling: Annotated[
        Literal["mean", "first"] | None,
        Help("Sentence vectors: the mean of all tokens, or the first. sentence-transformers: as learned, else mean."),
    ] = None,
    normalize: Annotated[bool, Help("Sentence vectors of length one.")] = False,
    task: Annotated[
        TaskLike | None, Help("nli, paraphrase, ner, choice, stars or qa, if the model does not say it.")
    ] = None,
    lang: Annotated[
        str | None, Help("onnx, models that are told the language (XLM, some MBLMs): which to read.")
    ] = None,
    check: Annotated[
        Rows | None, Help(f"Rows that the export is checked on: {ROWS}. Default: the mini-world's.")
    ] = None,
    check_langs: Annotated[Languages, Help("Languages of the rows of --check, such as en,tr.")] = (),
    licence: Annotated[str | None, Help("Licence of the model, as the hub names it, for its card.")] = None,
    data_licence: Annotated[str | None, Help("Licence of the data it learned from, for its card.")] = None,
    tolerance: Annotated[Share | None, Help("Largest difference in fp32. Default: 0.0001.")] = None,
    agreement: Annotated[Share | None, Help("int8: smallest share of equal answers, or cosine. Default: 0.98.")] = None,
) -> "tuple[Exported, ...]":
    """Write a model as a folder of transformers, sentence-transformers or ONNX, and check that it says the same."""
    from polydistill.exports.subjects import exported
    from polydistill.exports.wanted import Wanted
    from polydistill.jobs.making import settings
    from polydistill.jobs.written import task_named
    from polydistill.languages import several

    given = locals()
    return exported(
        model,
        out,
        settings(Wanted, given, language=lang),
        None if task is None else task_named(task),
        check,
        several(check_langs),
        (licence, data_licence),
    )
