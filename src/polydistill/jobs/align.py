"""The job align: a multilingual encoder of a person's own brought to an English one."""

from typing import TYPE_CHECKING, Annotated, Any, Unpack

from polydistill.bounds import Length
from polydistill.defaults import ALIGN, ALIGN_MAX_LENGTH, PAIRS, AlignMethod, Pooling, Preset
from polydistill.jobs.job import Help, training_job
from polydistill.jobs.options import ROWS, DevLanguages, Languages, LearningPairs, OwnModel, Parallel, Rows, Seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polydistill.methods.mmkd import MMKDSpec
    from polydistill.methods.sentence import SentenceSpec
    from polydistill.starts.origins import Pretrained
    from polydistill.training.run import Run
    from polydistill.training.settings import Judging


@training_job(
    "polydistill align --teacher google-bert/bert-base-cased --student FacebookAI/xlm-roberta-base "
    "--parallel en-tr=news.en,news.tr --parallel en-sw=news.sw.tsv --out aligned",
    spec="polydistill.methods.mmkd:MMKDSpec",
    defaults={**ALIGN, **PAIRS, "batch_size": None, "shortest": None},
    notes={
        "steps": "Optimiser steps. Default: one pass over the pairs.",
        "batch_size": "Pairs a step (sentences, with --method sentence), as many of every language. Default: about "
        f"{ALIGN['batch_size']}.",
        "shortest": f"Tokens of a side, at least. Default: {PAIRS['shortest']}, with --method sentence any.",
    },
)
def align(
    teacher: Annotated[OwnModel, Help("An encoder of the source language: a folder, or a hub name.")],
    student: Annotated[OwnModel, Help("A multilingual encoder; MMKD needs one that predicts hidden words.")],
    *,
    parallel: Parallel = (),
    data: Annotated[Rows | None, Help(f"Sentences that say the same in all languages: {ROWS}.")] = None,
    langs: Annotated[Languages, Help("With --data: the languages; the first is the teacher's.")] = (),
    method: Annotated[AlignMethod, Help("mmkd: four levels; sentence: sentence vectors alone.")] = "mmkd",
    preset: Annotated[Preset, Help("reference: as the authors' code does it; see docs/mmkd.md.")] = "paper",
    without: Annotated[Languages, Help("Terms to leave out of MMKD, of tlm, xwcl, senta, struca.")] = (),
    pooling: Annotated[
        Pooling | None, Help("sentence: what makes the student's vectors. Default: as its folder says, else mean.")
    ] = None,
    normalize: Annotated[
        bool | None, Help("sentence: the student's vectors have length one. Default: as the teacher's.")
    ] = None,
    prefix: Annotated[str | None, Help("sentence: before every text of the student, such as 'query: '.")] = None,
    dense: Annotated[bool, Help("sentence: a dense layer even where widths are equal.")] = False,
    teacher_pooling: Annotated[
        Pooling | None, Help("sentence: pooling of a teacher whose folder has no modules.json. Default: mean.")
    ] = None,
    dev: Annotated[
        Rows | None,
        Help(
            "sentence: rows that choose the weights to keep; they say the same in all languages, or are pairs of texts "
            f"with a number: {ROWS}."
        ),
    ] = None,
    dev_langs: DevLanguages = (),
    max_length: Annotated[
        Length | None, Help(f"Tokens of an input. Default: {ALIGN_MAX_LENGTH}, or what the models read.")
    ] = None,
    seed: Seed = 0,
    **options: Unpack[LearningPairs],
) -> "Run":
    """Align a multilingual encoder with an English one, on translations and without labels.

    Give `parallel`, corpora such as `en-tr=FILE` (or text by target language), or `data`, sentences that say the same
    in all `langs`. Each batch has as many pairs of every language. With `dev` those weights are kept that find most
    translations, both ways; or, of pairs with a number, whose cosines go best with it.
    """
    from polydistill.data.batches.schedule import Batching
    from polydistill.data.rows.given import as_source
    from polydistill.data.translations.filters import SHORT_TOO, Filters
    from polydistill.data.translations.given import as_corpora
    from polydistill.jobs import making
    from polydistill.jobs.references import mmkd_reference
    from polydistill.languages import named_languages, several
    from polydistill.starts.hub import pinned
    from polydistill.starts.strict import open_config
    from polydistill.training.run import Run
    from polydistill.training.starting import check_head

    given, named = locals(), several(langs)
    if (data is None) == (not parallel):
        raise ValueError("Give translations as --parallel en-de=FILE, or as --data with --langs, and not both.")
    if data is not None and not named:
        raise ValueError("--data and --langs go together: which languages to read, the teacher's first.")
    filters = making.filters_of(options, Filters() if method == "mmkd" else SHORT_TOO, used=bool(parallel))
    start, taught_by = pinned(student), pinned(teacher)
    corpora = as_corpora(parallel, "en", filters) if parallel else None
    first = named_languages(named)[0] if corpora is None else corpora.source_language
    codes = tuple(code for code in named_languages(named or (corpora.languages if corpora else ())) if code != first)
    if not codes:
        raise ValueError(f"There is nothing to learn: name languages besides {first!r}, which teaches.")
    content = {
        "source_language": first,
        "languages": codes,
        "data": None if data is None else as_source(data),
        "corpora": () if corpora is None else corpora.corpora,
        **({} if corpora is None else {"filters": filters}),
        "max_length": min(making.length_of(one, max_length, ALIGN_MAX_LENGTH) for one in (start, taught_by)),
    }
    if method == "mmkd":
        spec: MMKDSpec | SentenceSpec = _mmkd(given, content, several(without))
    else:
        spec = _sentence(given, content, preset, several(without))
    if spec.head == "words":  # here, before a folder is taken for what cannot be done
        check_head(spec, open_config(start.name, start.revision), start.name)
    groups = len(codes) + (preset == "reference")  # whose English sentences are one language more
    training = making.training_of(
        {"batch_size": _usual_batch(groups), **options},
        None if "steps" in options else lambda _: _rows(spec, start, seed),
        judged=dev is not None,
    )
    run = Run(
        name=f"{method} {first}-{'+'.join(codes)}",
        method=spec,
        start=start,
        teacher=taught_by,
        # "balance the number of samples from each language within a batch" (Sec. 3.5)
        training=training.model_copy(update={"batching": Batching(batches="balanced")}),
        selection=None if dev is None else _judging(dev, several(dev_langs), (first, *codes), spec.max_length),
        seed=seed,
    )
    return mmkd_reference(run) if preset == "reference" else run


def _mmkd(given: "Mapping[str, Any]", content: "Mapping[str, Any]", without: "Sequence[str]") -> "MMKDSpec":
    from polydistill.jobs import making
    from polydistill.methods.mmkd import MMKDSpec

    vectors = ("pooling", "normalize", "prefix", "dense", "teacher_pooling", "dev")
    asked = [f"--{name.replace('_', '-')}" for name in vectors if given[name] not in (None, False)]
    if asked:
        raise ValueError(
            f"{', '.join(asked)}: of --method sentence; MMKD compares words and first tokens. Leave it out."
        )
    return MMKDSpec(**making.settings(MMKDSpec, given, **content)).without(*without)


def _sentence(
    given: "Mapping[str, Any]", content: "Mapping[str, Any]", preset: Preset, without: "Sequence[str]"
) -> "SentenceSpec":
    from polydistill.jobs import making
    from polydistill.methods.sentence import SentenceSpec

    if without or preset != "paper":
        raise ValueError("Sentence distillation has one term and no presets: they are of the method 'mmkd'.")
    return SentenceSpec(**making.settings(SentenceSpec, given, **content))


def _judging(dev: Rows, languages: "Sequence[str]", learned: "Sequence[str]", max_length: int) -> "Judging | None":
    """By the numbers of pairs, where the rows are pairs with a number; else by finding translations."""
    from polydistill.data.rows.given import as_source
    from polydistill.jobs import making
    from polydistill.jobs.rows_seen import any_task, are_scored_pairs
    from polydistill.languages import named_languages

    codes, source = named_languages(tuple(languages) or learned), as_source(dev)
    if are_scored_pairs(source, codes):
        return making.judging_of(any_task("pair", "number"), source, codes, max_length, "similarity")
    return making.judging_of("nli", source, tuple(dict.fromkeys((learned[0], *codes))), max_length, "retrieval")


def _usual_batch(languages: int) -> int:
    """The usual batch, made a multiple of the number of languages."""
    return max(1, ALIGN["batch_size"] // languages) * languages


def _rows(method: "MMKDSpec | SentenceSpec", student: "Pretrained", seed: int) -> int:
    """Rows of one pass: pairs, or each of their sides where these are rows of their own."""
    from polydistill.data.translations.translations import count_pairs
    from polydistill.starts.tokenizers import open_tokenizer

    tokenizer = open_tokenizer(student.name, student.revision)
    pairs = count_pairs(method, "align", tokenizer, seed)
    return pairs if method.kind == "mmkd" else 2 * pairs
