"""The scale `real` of the MultiKD recipes: the sentiment of tweets in eight languages, of which none is a translation.

Teachers are the whole polyglot trimmed to one language each, so with vocabularies of their own; the student is every
second block of it, trimmed to all languages. What no set has in the paper's sizes is smaller here; all numbers are
ours.
"""

from dataclasses import replace

from polydistill.data.rows.sources import FileSource
from polydistill.papers.multikd.scales import Setting, Way
from polydistill.papers.real import MAX_LENGTH, Real, on_english
from polydistill.papers.scales import StartOf
from polydistill.starts.origins import Pretrained
from polydistill.tasks.spec import TaskSpec

SUPERVISED, ZERO_SHOT = ("en", "fr", "de"), ("es", "it", "pt", "ar", "hi")
SENTIMENT = TaskSpec(kind="text", labels=("negative", "neutral", "positive"))
_LEARNED, _CHOSEN, _TESTED = 1_500, 339, 324
"""Rows of a language: those of its training file in two parts, and its dev file."""
_TWEETS = "sentiment/train-{lang}.tsv"


def setting(real: Real) -> Setting:
    """The setting, where the tweets are at hand."""
    if real.data is None:
        raise ValueError("The tweets of this table are not read from the hub. Give a folder of data (docs/real.md).")
    languages = real.of((*SUPERVISED, *ZERO_SHOT))
    supervised = tuple(code for code in SUPERVISED if code in languages)
    if "en" not in supervised or len(supervised) < 2 or len(supervised) == len(languages):
        raise ValueError(
            f"langs is {', '.join(languages)}; name en, another one of {', '.join(SUPERVISED)}, which have teachers, "
            f"and one that has none, of {', '.join(ZERO_SHOT)}."
        )
    whole = real.trimmed(languages, _TWEETS)
    student = replace(whole, depth=6)
    teachers = {code: real.trimmed((code,), _TWEETS) for code in supervised}
    tweets = FileSource(path=str(real.data / _TWEETS), aligned=False)
    way = Way(1e-4, 2)
    return Setting(
        scale="real",
        task=SENTIMENT,
        supervised=supervised,
        zero_shot=tuple(code for code in languages if code not in supervised),
        train=tweets.model_copy(update={"rows": _LEARNED}),
        rows=_LEARNED,
        dev=tweets.model_copy(update={"skip": _LEARNED, "rows": _CHOSEN}),
        test=FileSource(path=str(real.data / "sentiment/dev-{lang}.tsv"), aligned=False),
        max_length=MAX_LENGTH,
        training=on_english(),
        teacher_way=way,
        way=way,
        ways=tuple(Way(rate, epochs) for rate in (5e-5, 1e-4, 2e-4) for epochs in (1, 2, 4)),
        students={"mBERT-based model": _start(student.start)},
        teachers={code: _start(teacher.start) for code, teacher in teachers.items()},
        blocks=2,
        depths={f"K = {deep}": deep // 2 for deep in (0, 2, 4, 6, 8, 10, 12)},
        equal_steps=True,
        said="sentiment of tweets (real scale), six blocks of multilingual-e5-small taught by twelve",
        needs=(student, *teachers.values()),
        remarks=(
            "Smaller than in the paper: students of 6 blocks of 384 (12 of 768), which were not healed after the other "
            f"blocks were taken out, and teachers of 12 (24 of 1,024); {_LEARNED:,} rows a language to learn from "
            f"(392,702 or 200,000), {_CHOSEN} to choose by and {_TESTED} to test on, as many of each label; 64 tokens "
            "(128); 2 epochs (3), and as many steps for each system. Sentiment has three labels.",
        ),
    )


def _start(model: Pretrained) -> StartOf:
    return lambda _: model
