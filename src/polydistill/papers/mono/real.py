"""The scale `real` of the monolingual-components recipes: the polyglot, which first learns hidden words, and students
of half its blocks, on text of each language.

The polyglot has no head for hidden words: it gets one, and reads the students' text with words hidden before it
teaches. All numbers are ours.
"""

from collections.abc import Mapping
from pathlib import Path

from polydistill.data.batches.schedule import Batching
from polydistill.data.rows.sources import ByLanguage, FileSource
from polydistill.methods.pretraining import PretrainSpec
from polydistill.papers.mono.scales import TATOEBA, Exercise, Setting
from polydistill.papers.real import LABELLED, MAX_LENGTH, Real, on_english
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging

LANGUAGES = ("en", "tr", "sw")
_LINES, _HELD_OUT, _READ, _STEPS = 9_000, 400, 600, 900
_ENTITIES = 1_000
_GLOBAL, _LEARNERS = "parallel/globalvoices/*.{lang}", "parallel/tatoeba/*-eng.{lang}"
_TEXT = {"en": _GLOBAL, "tr": _LEARNERS, "sw": _GLOBAL}
_NEWS = "parallel/ntrex/*.{lang}.txt"


def setting(real: Real) -> Setting:
    """The setting, where the text is at hand."""
    if real.data is None:
        raise ValueError("The text of this table is not on the hub. Give a folder of data (docs/real.md).")
    languages = real.of(LANGUAGES)
    if languages[:1] != LANGUAGES[:1] or len(languages) < 2:
        raise ValueError(f"langs is {', '.join(languages)}; name en, which has the labels, and tr, sw or both.")
    folder = real.data
    text = ByLanguage(
        sources={code: FileSource(path=str(folder / _TEXT[code]), rows=_LINES) for code in languages}, aligned=False
    )
    held_out = FileSource(path=str(folder / _NEWS), rows=_HELD_OUT, aligned=True)
    small = real.trimmed(languages)
    reading = on_english().model_copy(update={"steps": _READ, "evaluate_every": _READ // 2, "weight_decay": 0.01})
    teacher = Run(
        name="teacher",
        method=PretrainSpec(languages=languages, data=text, pairs=0.0, mask_rate=0.15, max_length=MAX_LENGTH),
        start=small.start,
        training=reading,
        selection=Judging(languages=languages, data=held_out, max_length=MAX_LENGTH, measure="perplexity"),
    )
    shots = on_english().model_copy(update={"steps": 10, "evaluate_every": None, "learning_rate": 5e-5})
    return Setting(
        scale="real",
        languages=languages,
        text=text,
        held_out=held_out,
        depth=6,
        distil=reading.model_copy(
            update={
                "steps": _STEPS,
                "evaluate_every": None,
                "learning_rate": 2e-4,  # table 4.2
                "batching": Batching(sampling="in-turn"),  # algorithm 1
            }
        ),
        teacher_price=2.5,  # as in the mini-world; at this size it was not measured
        max_length=MAX_LENGTH,
        exercises=_exercises(real, folder, languages),
        sentences=lambda code: FileSource(
            path=str(folder / f"tatoeba/tatoeba.{TATOEBA[code]}-eng.{{lang}}"), aligned=True
        ),
        teacher=lambda _: ResultOf(run=teacher),
        teacher_blocks=12,
        efficient_rate=5e-4,  # five times that of full tuning, as in the thesis (1e-4 and 2e-5, Sec. 4.2.2)
        shots=shots,
        said="XNLI, WikiAnn, XCOPA and Tatoeba (real scale), multilingual-e5-small where the thesis has XLM-R base",
        needs=(small,),
        remarks=(
            f"Smaller than in the thesis: a teacher of 12 blocks of 384 (768), whose head for hidden words is new and "
            f"learned {_READ} steps of 32 texts, and students of 6; {_LINES:,} lines a language, of news or (Turkish) "
            f"of Tatoeba (CC-100), {_STEPS} steps for all students together (500,000 each); {LABELLED:,} English rows "
            "of XNLI (392,702), 6,000 sentences of WikiAnn (20,000), 1,954 questions of SIQA (33,410); tested on half "
            f"of XNLI's dev rows, {_ENTITIES:,} sentences of WikiAnn and XCOPA's 100 dev questions; "
            f"{MAX_LENGTH} tokens.",
        ),
    )


def _exercises(real: Real, folder: Path, languages: tuple[str, ...]) -> Mapping[str, Exercise]:
    """The thesis' tasks, each tuned in minutes."""

    def panx(split: str, skip: int = 0, rows: int | None = None) -> FileSource:
        return FileSource(path=str(folder / f"panx/{split}-{{lang}}.tsv"), skip=skip, rows=rows)

    choices = folder / "copa_en" / "val.en.jsonl"
    xcopa = FileSource(path=str(folder / "xcopa/{lang}/val.{lang}.jsonl"), questions=str(choices))
    twice = on_english().model_copy(update={"steps": 2 * 6_000 // 32, "evaluate_every": 6_000 // 64})
    return {
        "XNLI": Exercise(
            "nli", real.labelled(), real.chosen(), real.tested(), real.learned(), on_english(), MAX_LENGTH, languages
        ),
        "NER": Exercise(
            "ner",
            panx("train"),
            panx("dev", skip=_ENTITIES, rows=_ENTITIES),
            panx("dev", rows=_ENTITIES),
            panx("train"),
            twice,
            MAX_LENGTH,
            languages,
        ),
        "XCOPA": Exercise(
            "choice",
            FileSource(path=str(folder / "siqa" / "*_dev.jsonl")),
            FileSource(path=str(choices)),
            xcopa,
            None,
            on_english().model_copy(update={"steps": 2 * 1_954 // 16, "batch_size": 16, "evaluate_every": 1_954 // 32}),
            MAX_LENGTH,
            languages[1:],
        ),
    }
