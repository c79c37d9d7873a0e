"""MMKD's figure 2: where the encoder has sentences and their translations, before and after."""

from collections.abc import Mapping

from polydistill.errors import unknown
from polydistill.inspection.inspection import Inspection
from polydistill.papers.figure import InspectionRecipe
from polydistill.papers.mmkd.real import setting as real_setting
from polydistill.papers.mmkd.scales import setting
from polydistill.papers.mmkd.tables import Systems
from polydistill.papers.real import HUB, Real
from polydistill.training.run import Start

FIGURES: Mapping[str, str] = {"2": "20 sentences in all languages, before and after MMKD"}
"""By number: the title."""


def figure(number: str, scale: str, real: Real = HUB) -> InspectionRecipe:
    """The paper's t-SNE of first-token vectors, with the share of translations among a sentence's neighbours."""
    if number not in FIGURES:
        raise unknown("figure of mmkd", number, FIGURES)
    where = real_setting(real) if scale == "real" else setting(scale)
    of, languages = Systems(where), where.exercises["XNLI"].languages

    def models(seed: int) -> Mapping[str, Start]:
        return {"before": of.base(seed), "after": of.mmkd()(seed)}

    return InspectionRecipe(
        id=f"mmkd/{number}",
        title=FIGURES[number],
        models=models,
        languages=dict.fromkeys(("before", "after"), languages),
        # "[CLS] token embedding of last hidden states", of "20 sentences" (Sec. 4.5)
        what=Inspection(data=where.shown, layers="last", pooling="first", drawn=20),
        needs=where.needs,
    )
