"""What scores a student while it is trained, to choose the weights that are kept."""

from collections.abc import Mapping

import numpy as np
from transformers import PreTrainedModel

from polydistill.methods.method import Prepared
from polydistill.models.bank import Bank
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import Polyglot
from polydistill.training.arguments import SCORE
from polydistill.training.distiller import Evaluate
from polydistill.training.judging import agreement_judge, judge
from polydistill.training.perplexity import held_out
from polydistill.training.preparing import load_teacher
from polydistill.training.run import Run
from polydistill.training.settings import Judging
from polydistill.training.store import Store
from polydistill.training.vectors_on_dev import Similar, Translated, Vectors


def selecting(run: Run, student: Loaded, prepared: Prepared, store: Store) -> Evaluate | None:
    """What scores the student during training, by language and together."""
    if run.selection is None:
        return None
    if run.selection.measure == "perplexity":
        return _by_perplexity(run.selection, student, prepared, run.method.hides)
    if run.selection.measure in ("retrieval", "similarity"):
        return _by_vectors(run, run.selection, student, prepared, store)
    if run.selection.measure == "agreement":
        assert run.method.taught_in is not None, "who is selected by agreement has a teacher of one language"
        teacher = load_teacher(run, store)
        judges = [(student, agreement_judge(run.selection, student.tokenizer, teacher, run.method.taught_in))]
    else:  # those who learn: under a zero-shot strategy these need not be the student that is judged in the end
        learning = tuple(prepared.learning.values()) or (student,)
        judges = [(one, judge(run.selection, one.tokenizer)) for one in learning]
    measure = run.selection.measure

    def evaluate() -> dict[str, float]:
        found = [chosen.values(Polyglot(one.network)) for one, chosen in judges]
        values = {code: float(np.mean([values[code] for values in found])) for code in found[0]}
        mean = float(np.mean(list(values.values())))
        return {SCORE: mean, **{f"{measure}_{code}": value for code, value in values.items()}}

    return evaluate


def _by_vectors(run: Run, judging: Judging, student: Loaded, prepared: Prepared, store: Store) -> Evaluate:
    """How well translations are found, or how similar texts are."""
    assert prepared.sentence is not None, "who is selected by vectors learns how they are made"
    mine = Vectors(student, prepared.sentence, judging.max_length)
    dev = Similar(judging, mine) if judging.measure == "similarity" else _translated(run, judging, mine, store)

    def evaluate() -> dict[str, float]:
        score, found = dev.measure()
        named = {f"{measure}_{code}": value for measure, by in found.items() for code, value in by.items()}
        return {SCORE: score, **named}

    return evaluate


def _translated(run: Run, judging: Judging, student: Vectors, store: Store) -> Translated:
    assert run.method.taught_in is not None, "who is selected by retrieval learns from one language"
    if run.teacher is None:
        return Translated(judging, student, run.method.taught_in, None)
    teacher = load_teacher(run, store)
    head = run.method.vectors_of(teacher)
    theirs = None if head is None else Vectors(teacher, head.to(teacher.network.device), judging.max_length)
    return Translated(judging, student, run.method.taught_in, theirs)


def _by_perplexity(judging: Judging, start: Loaded, prepared: Prepared, mask_rate: float) -> Evaluate:
    """The less surprised the students are by held-out text, the better; the mean over languages counts."""
    text, learns = held_out(judging, start.tokenizer, mask_rate), prepared.method.student

    def readers(language: str) -> Mapping[str, PreTrainedModel]:
        return learns.of(language) if isinstance(learns, Bank) else {"": start.network}

    def evaluate() -> dict[str, float]:
        surprise = text.surprise(readers)
        return {
            SCORE: -float(np.mean(list(surprise.values()))),
            **{f"perplexity_{name}": float(np.exp(value)) for name, value in surprise.items()},
        }

    return evaluate
