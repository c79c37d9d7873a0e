"""A multilingual encoder of a person's own brought to an English one: what `polydistill align` does."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

from polydistill.data.batches.schedule import Batching
from polydistill.data.rows.given import Rows, as_source
from polydistill.data.translations.filters import Filters
from polydistill.data.translations.given import Parallel, as_corpora
from polydistill.data.translations.translations import count_pairs
from polydistill.defaults import ALIGN, ALIGN_MAX_LENGTH, AlignMethod, Options, Preset
from polydistill.jobs.making import codes_of, length_of, training_of
from polydistill.languages import language
from polydistill.methods.mmkd import REFERENCE, MMKDSpec
from polydistill.methods.sentence import SentenceSpec
from polydistill.starts.hub import pinned
from polydistill.starts.origins import Pretrained
from polydistill.starts.strict import open_config
from polydistill.starts.tokenizers import open_tokenizer
from polydistill.training.run import Run
from polydistill.training.starting import check_head


class AlignOptions(Options, total=False):
    """What `align_run` takes by name."""

    data: Rows | None
    languages: Sequence[str]
    parallel: Parallel
    filters: Filters | None
    source_language: str
    method: AlignMethod
    preset: Preset
    without: Sequence[str]
    max_length: int | None
    seed: int


def align_run(
    teacher: str | Path,
    student: str | Path,
    *,
    data: Rows | None = None,
    languages: Sequence[str] = (),
    parallel: Parallel = (),
    filters: Filters | None = None,
    source_language: str = "en",
    method: AlignMethod = "mmkd",
    preset: Preset = "paper",
    without: Sequence[str] = (),
    max_length: int | None = None,
    seed: int = 0,
    **options: Unpack[Options],
) -> Run:
    """Align `student` with `teacher`, an encoder of the source language, on sentences and their translations.

    Give `parallel`, corpora such as `en-tr=FILE` (or text by target language), of whose pairs `filters` keeps some; or
    `data`, sentences that say the same in all `languages`. MMKD goes `without` terms such as `struca`; each batch has
    as many pairs of every language.
    """
    start, taught_by, first = pinned(student), pinned(teacher), language(source_language).code
    corpora = as_corpora(parallel, first, filters) if parallel else None
    if corpora is not None:
        first = corpora.source_language
    given = languages or (() if corpora is None else corpora.languages)
    codes = tuple(code for code in codes_of(given) if code != first)
    if not codes:
        raise ValueError(f"There is nothing to learn: name languages besides {first!r}, which teaches.")
    content: dict[str, Any] = {
        "source_language": first,
        "languages": codes,
        "data": None if data is None else as_source(data),
        "corpora": () if corpora is None else corpora.corpora,
        **({} if filters is None else {"filters": filters}),
        "max_length": min(length_of(one, max_length, ALIGN_MAX_LENGTH) for one in (start, taught_by)),
    }
    spec = _mmkd(content, preset, without) if method == "mmkd" else _sentence(content, preset, without)
    if spec.head == "words":  # here, before a folder is taken for what cannot be done
        check_head(spec, open_config(start.name, start.revision), start.name)
    settings: Options = {**options, "batch_size": options.get("batch_size", _usual_batch(len(codes)))}
    training = training_of(
        {**ALIGN, **settings}, None if "steps" in options else lambda _: _rows(spec, start, seed), judged=False
    )
    return Run(
        name=f"{method} {first}-{'+'.join(codes)}",
        method=spec,
        start=start,
        teacher=taught_by,
        # "balance the number of samples from each language within a batch" (Sec. 3.5)
        training=training.model_copy(update={"batching": Batching(batches="balanced")}),
        seed=seed,
    )


def _mmkd(content: Mapping[str, Any], preset: Preset, without: Sequence[str]) -> MMKDSpec:
    return MMKDSpec(**content, **(REFERENCE if preset == "reference" else {})).without(*without)


def _sentence(content: Mapping[str, Any], preset: Preset, without: Sequence[str]) -> SentenceSpec:
    if without or preset != "paper":
        raise ValueError("Sentence distillation has one term and no presets: they are of the method 'mmkd'.")
    return SentenceSpec(**content)


def _usual_batch(languages: int) -> int:
    """The usual batch, made a multiple of the number of languages."""
    return max(1, ALIGN["batch_size"] // languages) * languages


def _rows(method: MMKDSpec | SentenceSpec, student: Pretrained, seed: int) -> int:
    """Rows of one pass: pairs, or each of their sides where these are rows of their own."""
    tokenizer = open_tokenizer(student.name, student.revision)
    pairs = count_pairs(method, "align", tokenizer, seed)
    return pairs if method.kind == "mmkd" else 2 * pairs
