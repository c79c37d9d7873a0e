"""The job xd: a person's own tuned model, taken to more languages without labels."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Unpack

from polydistill.bounds import NoneOrWidth, ShareBetween, ShareNotAll, Temperature
from polydistill.defaults import XD, Preset
from polydistill.jobs.job import Help, training_job
from polydistill.jobs.options import (
    ROWS,
    ColumnNames,
    Dev,
    FreezeBlocks,
    FreezeEmbeddings,
    Labels,
    Languages,
    LearningPairs,
    MapLabels,
    MaxLength,
    Model,
    OwnModel,
    Parallel,
    Rows,
    Seed,
    Task,
    Test,
    TestLanguages,
)

if TYPE_CHECKING:
    from polydistill.methods.xd import XDSpec
    from polydistill.starts.origins import Pretrained
    from polydistill.training.run import Run

_TEXT = "a language and its text, such as de=german.txt"


@training_job(
    "polydistill xd --model tuned --parallel en-de=news.en,news.de --test xnli/dev-{lang}.tsv --out german",
    spec="polydistill.methods.xd:XDSpec",
    defaults=XD,
)
def xd(
    model: Model,
    langs: Annotated[
        Languages, Help("The languages to learn. Default, of --parallel: all. The first of --data teaches.")
    ] = (),
    *,
    student: Annotated[
        OwnModel | None,
        Help("Who learns, if it is not a copy of MODEL: a smaller model, or one without attention (static)."),
    ] = None,
    head_hidden: Annotated[
        NoneOrWidth, Help("A new classifier of a student without attention: its hidden layer; 0: none.")
    ] = 0,
    data: Annotated[Rows | None, Help(f"Rows of the task in all languages, labels unread: {ROWS}.")] = None,
    parallel: Parallel = (),
    text: Annotated[
        Mapping[str, Rows] | Sequence[str],
        Help(
            "Text of a language alone, without translations: de=FILE of plain lines, or of rows of the task without "
            "labels; once a language.",
            many=True,
        ),
    ] = (),
    draw: Annotated[
        Literal["answers", "random"],
        Help("Rows made of --parallel or --text. answers: so that all the teacher's answers are learned."),
    ] = "answers",
    anchor: Annotated[
        Rows | None,
        Help("Beside --parallel or --text: rows of the task in the source language, labels unread, that keep it."),
    ] = None,
    anchor_share: Annotated[
        ShareBetween | None,
        Help("The share of the steps that learn from --anchor. Default: as many as a language has."),
    ] = None,
    temperature: Annotated[
        Temperature, Help("Temperature of the teacher's answers to --text: below 1 they become surer.")
    ] = 0.5,
    confidence: Annotated[
        ShareNotAll, Help("Leave out rows (words) of --text where the teacher is less sure than this share of 1.")
    ] = 0.0,
    task: Task = None,
    labels: Labels = "",
    map_labels: MapLabels = "",
    columns: ColumnNames = "",
    on: Annotated[
        Literal["logits", "first"], Help("What is compared: the logits, or the first token's vector.")
    ] = "logits",
    distance: Annotated[Literal["mse", "l1", "cosine", "smooth-l1"], Help("How the difference is measured.")] = "mse",
    longer: Annotated[
        Literal["cut", "drop"] | None, Help("Rows over --max-length. Default: cut; drop under --preset reference.")
    ] = None,
    store_teacher: Annotated[
        bool, Help("The teacher reads every source text once, and not again in each step.")
    ] = True,
    preset: Annotated[Preset, Help("reference: as the authors' code does it; see docs/xd.md.")] = "paper",
    dev: Dev = None,
    test: Test = None,
    test_langs: TestLanguages = (),
    freeze_embeddings: FreezeEmbeddings = False,
    freeze_blocks: FreezeBlocks = 0,
    max_length: MaxLength = None,
    seed: Seed = 0,
    **options: Unpack[LearningPairs],
) -> "Run":
    """Teach a tuned model of your own more languages, from translations or text alone, without labels.

    Give `data` (rows of the task, aligned across `langs`) or `parallel`, parallel corpora, also by target language:
    `{"de": ["news.en", "news.de"]}`; or `text` of the languages alone, which may also stand beside either: `{"de":
    "german.txt"}`. `dev` (aligned rows, labels unread) selects by agreement with the teacher.
    """
    from polydistill.data.translations.filters import EVERY_PAIR
    from polydistill.data.translations.given import as_corpora
    from polydistill.jobs import making, written
    from polydistill.jobs.asked import Asked, found_task, with_columns
    from polydistill.jobs.references import xd_reference
    from polydistill.languages import named_languages, several
    from polydistill.methods.xd import XDSpec
    from polydistill.starts.hub import pinned
    from polydistill.starts.opened import called_of
    from polydistill.training.run import Run

    given = locals()
    rows, rows_of_source, dev, test = (with_columns(one, columns) for one in (data, anchor, dev, test))
    if preset == "reference" and longer == "cut":
        raise ValueError("--preset reference drops rows that are too long. Leave --longer out, or the preset.")
    named = several(langs) or tuple(getattr(rows, "sources", ()))  # rows by language name theirs; the first teaches
    filters = making.filters_of(options, EVERY_PAIR, used=bool(parallel))
    first = named_languages(named)[0] if named and data is not None else "en"
    chosen = as_corpora(parallel, first, filters) if parallel else None
    if chosen is not None:
        first = chosen.source_language
    alone = with_columns(written.by_language("text", text, _TEXT) if text else None, columns)
    translated = (first, *chosen.languages) if chosen else (first,) if data is not None or anchor is not None else ()
    codes = named_languages(named or translated) if named or translated else ()
    if data is not None and codes == (first,):
        raise ValueError(f"There is nothing to learn: name languages besides {first!r}, which teaches.")
    learned = tuple(dict.fromkeys((*codes, *getattr(alone, "sources", ()))))
    judged = named_languages(several(test_langs) or learned) if test is not None else learned
    known = found_task(Asked(task, labels, map_labels), pinned(model), test or dev or rows_of_source, judged)
    teacher = making.tuned(pinned(model), known)
    start = teacher if student is None else pinned(student)
    length = min(making.length_of(one, max_length) for one in (start, teacher))
    content = {
        "task": known,
        "source_language": first,
        "languages": codes,
        "data": rows,
        "anchor": rows_of_source,
        "text": alone,
        "corpora": chosen.corpora if chosen else (),
        "filters": filters,
        "max_length": length,
    }
    method = XDSpec(**making.settings(XDSpec, given, **content))
    run = Run(
        name=f"xd {'+'.join(learned)} on {called_of(start)}",
        method=method,
        start=start,
        teacher=None if student is None else teacher,
        training=making.training_of(options, lambda _: _pairs(method, start, seed), dev is not None),
        selection=making.judging_of(known, dev, learned, length, "agreement"),
        evaluation=making.judging_of(known, test, several(test_langs) or learned, length),
        seed=seed,
    )
    return xd_reference(run) if preset == "reference" else run


def _pairs(method: "XDSpec", start: "Pretrained", seed: int) -> int:
    """Number of pairs of a text and its translation, the source language with itself among them, and of other texts."""
    from polydistill.data.rows.load import load_rows
    from polydistill.data.rows.unlabelled import rows_of_text
    from polydistill.data.translations.translations import count_corpora
    from polydistill.starts.tokenizers import open_tokenizer
    from polydistill.tasks import task_of

    shape, source = task_of(method.task).shape, method.source_language
    alone = () if method.text is None else (rows_of_text(method.text, shape, code) for code in method.text.sources)
    others = sum(map(len, alone))
    if method.data is not None:
        counts = load_rows(method.data, shape, method.languages).counts
        return others + sum(counts.values())
    if method.anchor is not None:
        others += sum(load_rows(method.anchor, shape, [source]).counts.values())
    if not method.corpora:
        return others
    tokenizer = open_tokenizer(start.name, start.revision)
    pairs = sum(map(len, count_corpora(method.chosen, tokenizer, seed).rows.values()))
    return others + (2 * pairs if source in method.languages and method.anchor is None else pairs)
