"""The poster's hidden-state analysis: a teacher, and a student of another pair before and after it was taught."""

from collections.abc import Mapping

from polydistill.errors import unknown
from polydistill.inspection.inspection import Inspection
from polydistill.papers.bert_kld.scales import settings
from polydistill.papers.bert_kld.tables import Systems
from polydistill.papers.figure import InspectionRecipe
from polydistill.papers.real import HUB, Real
from polydistill.training.run import ResultOf, Start

FIGURES: Mapping[str, str] = {"tsne": "Hidden states of teacher and student, before and after the transfer"}
"""By number: the title."""
_TEACHER, _STUDENT = "de-tr", "de-bg"  # "Teacher and Student models are trained on de-tr and de-bg respectively."


def figure(number: str, scale: str, real: Real = HUB) -> InspectionRecipe:
    """The poster's t-SNE of first-token vectors, each model reading the test rows in its own pair of languages.

    Where a scale has several numbers of labelled rows, its models are those of the most.
    """
    if number not in FIGURES:
        raise unknown("figure of bert-kld", number, FIGURES)
    *_, where = settings(scale, real).values()
    of, student = Systems(where), "-".join(where.stand_ins.get(code, code) for code in _STUDENT.split("-"))

    def models(seed: int) -> Mapping[str, Start]:
        runs = {
            "teacher": of.tuned(_TEACHER, seed),
            "before": of.tuned(student, seed),
            "after": of.taught(student, _TEACHER, seed),
        }
        return {name: ResultOf(run=run) for name, run in runs.items()}

    return InspectionRecipe(
        id=f"bert-kld/{number}",
        title=FIGURES[number],
        models=models,
        languages={"teacher": (_TEACHER,), "before": (student,), "after": (student,)},
        what=Inspection(data=where.test, task="nli", pooling="first", drawn=200),  # 200: ours
        needs=where.needs,
    )
