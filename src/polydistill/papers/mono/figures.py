"""Figures 4.1, 4.3 and 4.4 of the monolingual-components thesis."""

from collections.abc import Callable, Mapping
from typing import Any

from polydistill.errors import unknown
from polydistill.papers.figure import FigureRecipe, LineRecipe, by_layer, by_step
from polydistill.papers.mono.real import setting as real_setting
from polydistill.papers.mono.scales import setting
from polydistill.papers.mono.systems import SOURCE, System, Systems
from polydistill.papers.real import HUB, Real

_SIMILARITIES = {"cosine similarity": "retrieval cosine to en", "BERTScore": "retrieval bertscore to en"}


def _layers(of: Systems, system: System, code: str, metric: str) -> LineRecipe:
    return LineRecipe(lambda seed: of.examination(system, code, seed, by_layer=True), by_layer(metric))


def _by_language(of: Systems) -> Mapping[str, Mapping[str, LineRecipe]]:
    """Figure 4.1: the teacher and MonoAlignment, by both similarities, a panel a language."""
    systems = {"XLM-R base": of.teacher(), "MonoAlignment": of.distilled("MonoAlignment")}
    return {
        f"{code}-{SOURCE}": {
            f"{name}, {how}": _layers(of, system, code, metric)
            for name, system in systems.items()
            for how, metric in _SIMILARITIES.items()
        }
        for code in of.targets
    }


def _by_map(of: Systems) -> Mapping[str, Mapping[str, LineRecipe]]:
    """Figure 4.3: the layer maps and the teacher on the first target language, a panel a similarity."""
    systems = {
        "XLM-R base": of.teacher(),
        "Uniform (MonoShot)": of.distilled("MonoShot"),
        "Top": of.distilled("MonoShot-top"),
        "Bottom": of.distilled("MonoShot-bottom"),
        "Last (MonoAlignment)": of.distilled("MonoAlignment"),
    }
    code = of.targets[0]
    return {
        how: {name: _layers(of, system, code, metric) for name, system in systems.items()}
        for how, metric in _SIMILARITIES.items()
    }


def _perplexity(of: Systems) -> Mapping[str, Mapping[str, LineRecipe]]:
    """Figure 4.4: held-out perplexity of the first target language's student, by step."""
    changes: Mapping[str, Mapping[str, Any]] = {"MonoShot": {}, "MonoShot w/o Teacher Init": {"init": "random"}}
    code = of.targets[0]

    def watched(change: Mapping[str, Any]) -> LineRecipe:
        return LineRecipe(lambda seed: of.watched(seed, **change), by_step(f"eval_perplexity_{code}"))

    return {code: {name: watched(change) for name, change in changes.items()}}


FIGURES: Mapping[str, tuple[str, str, str, Callable[[Systems], Mapping[str, Mapping[str, LineRecipe]]]]] = {
    "4.1": ("Sentence retrieval to English, layer by layer", "layer", "accuracy, %", _by_language),
    "4.3": ("Layer maps: sentence retrieval to English, layer by layer", "layer", "accuracy, %", _by_map),
    "4.4": ("Hidden words while distilling, with and without the teacher's weights", "step", "perplexity", _perplexity),
}
"""By number: title, what lies along both axes, lines by panel."""


def figure(number: str, scale: str, real: Real = HUB) -> FigureRecipe:
    """Figure 4.1, 4.3 or 4.4 of the thesis."""
    if number not in FIGURES:
        raise unknown("figure of mono", number, FIGURES)
    title, x, y, panels = FIGURES[number]
    where = real_setting(real) if scale == "real" else setting(scale)
    return FigureRecipe(f"mono/{number}", title, where.said, x, y, panels(Systems(where)), where.needs)
