"""What scores a student while it is trained, to choose the weights that are kept."""

import numpy as np

from polydistill.methods.method import Prepared
from polydistill.methods.monolingual import MonolingualSpec
from polydistill.methods.xd import XDSpec
from polydistill.models.bank import Bank
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import Polyglot
from polydistill.training.distiller import SCORE, Evaluate
from polydistill.training.judging import agreement_judge, judge
from polydistill.training.perplexity import held_out
from polydistill.training.preparing import load_teacher
from polydistill.training.run import Run
from polydistill.training.settings import Judging
from polydistill.training.store import Store


def selecting(run: Run, student: Loaded, prepared: Prepared, store: Store) -> Evaluate | None:
    """What scores the student during training, by language and together."""
    if run.selection is None:
        return None
    if isinstance(run.method, MonolingualSpec):
        return _by_perplexity(run.selection, student, prepared, run.method.mask_rate)
    if run.selection.measure == "agreement":
        if not isinstance(run.method, XDSpec):
            raise ValueError(
                f"Agreement is with XD's teacher, which reads the same rows in its own language; {run.method.kind!r} "
                "has no such teacher. Select by labels."
            )
        teacher = load_teacher(run, store)
        judges = [(student, agreement_judge(run.selection, student.tokenizer, teacher, run.method.source_language))]
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


def _by_perplexity(judging: Judging, start: Loaded, prepared: Prepared, mask_rate: float) -> Evaluate:
    """The less surprised the students are by held-out text, the better; the mean over languages counts."""
    text, bank = held_out(judging, start.tokenizer, mask_rate), prepared.method.student
    assert isinstance(bank, Bank), "monolingual students are in a bank"

    def evaluate() -> dict[str, float]:
        surprise = text.surprise(bank.of)
        return {
            SCORE: -float(np.mean(list(surprise.values()))),
            **{f"perplexity_{name}": float(np.exp(value)) for name, value in surprise.items()},
        }

    return evaluate
