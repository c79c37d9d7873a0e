"""The scale `real` of the MMKD recipes: XNLI and retrieval, after some thousand sentences of news with translations.

The student is every second block of the polyglot, with a head for hidden words that is trained on the same news first:
neither it nor the paper's objectives have seen more text. All numbers are ours.
"""

from polydistill.data.batches.schedule import Batching
from polydistill.data.rows.sources import ByLanguage, FileSource
from polydistill.data.translations.corpora import ParallelCorpus
from polydistill.data.translations.filters import Filters
from polydistill.methods.pretraining import PretrainSpec
from polydistill.papers.mmkd.scales import SOURCE, TATOEBA, Exercise, Setting
from polydistill.papers.real import CHOSEN, LABELLED, MAX_LENGTH, TESTED, Real, on_english
from polydistill.training.run import ResultOf, Run

LANGUAGES = (SOURCE, "ar", "bg", "de", "es", "fr", "hi", "zh")
_READ, _ALIGNED = 300, 600  # steps
_NEWS = "parallel/ntrex/*.{lang}.txt"


def setting(real: Real) -> Setting:
    """The setting, where the news are at hand."""
    if real.data is None:
        raise ValueError("The translations of this table are not on the hub. Give a folder of data (docs/real.md).")
    languages = real.of(LANGUAGES)
    if SOURCE not in languages or len(languages) < 2:
        raise ValueError(f"langs is {', '.join(languages)}; name {SOURCE}, which teaches, and at least one more.")
    others, folder = languages[1:], real.data
    news = FileSource(path=str(folder / _NEWS))
    pairs = {code: ByLanguage(sources={SOURCE: news, code: news}, aligned=True) for code in others}
    small = real.trimmed(languages, depth=6)
    read = Run(
        name="polyglot",
        method=PretrainSpec(languages=languages, data=ByLanguage(sources=dict.fromkeys(languages, news), aligned=True)),
        start=small.start,
        training=on_english().model_copy(update={"steps": _READ, "evaluate_every": None}),
    )
    return Setting(
        scale="real",
        student=lambda _: ResultOf(run=read),
        teacher=lambda _: real.english,
        text={
            "languages": others,
            "corpora": tuple(ParallelCorpus(target=code, data=one) for code, one in pairs.items()),
            "filters": Filters(longest=MAX_LENGTH),
        },
        align=on_english().model_copy(
            update={
                "steps": _ALIGNED,
                "batch_size": 4 * len(others),
                "evaluate_every": None,
                "weight_decay": 1e-2,
                "batching": Batching(batches="balanced"),
            }
        ),
        max_length=MAX_LENGTH,
        heads={},
        exercises={
            "XNLI": Exercise(real.labelled(), real.chosen(), real.tested(), on_english(), MAX_LENGTH, languages)
        },
        sentences=lambda code: FileSource(
            path=str(folder / f"tatoeba/tatoeba.{TATOEBA[code]}-eng.{{lang}}"), aligned=True
        ),
        shown=real.tested(),
        said="XNLI and Tatoeba (real scale), six blocks of multilingual-e5-small where the paper has mBERT",
        needs=(small,),
        remarks=(
            "Smaller than in the paper: a student of 6 blocks of 384 (12 of 768), whose head for hidden words was "
            "trained on the news below first, and a teacher of 6 blocks of 384 (12 of 768); 1,997 sentences of news "
            f"with translations into each language (10.5 million pairs), {_ALIGNED} steps; tuned on "
            f"{LABELLED:,} English rows (392,702); of XNLI's dev rows {CHOSEN} to choose by and {TESTED:,} to test on "
            "(2,490 and 5,010); 64 tokens (128).",
        ),
    )
