"""Vectors on a plane: translations of the same meanings, model by model, and two models on top of each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from polydistill.inspection.measures import translations_found
from polydistill.inspection.projection import Plane, project
from polydistill.languages import called
from polydistill.reports.plots import INK, PALETTE, Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*", "d", "8", "H")
PANEL_INCHES, PANELS_ABREAST = 4.2, 3


def alignment_picture(
    panels: Mapping[str, ArrayLike],
    meanings: Sequence[object],
    languages: Sequence[str],
    seed: int = 0,
    title: str = "Sentence vectors by meaning (t-SNE)",
) -> tuple[Plot, dict[str, float]]:
    """A panel for each set of vectors, such as before and after, and the share of translations found in each."""
    found = {name: translations_found(vectors, meanings, languages) for name, vectors in panels.items()}
    planes = {name: project(vectors, seed) for name, vectors in panels.items()}
    return meanings_picture(planes, found, meanings, languages, title), found


def meanings_picture(
    planes: Mapping[str, Plane],
    found: Mapping[str, float],
    meanings: Sequence[object],
    languages: Sequence[str],
    title: str,
) -> Plot:
    """A panel a set of points, with the share of translations found as its heading.

    Colour is the meaning, shape the language, and thin lines tie a meaning's translations to their centre, so that
    meanings are told apart also where their number exceeds that of the colours.
    """
    codes = tuple(dict.fromkeys(languages))

    def on(figure: Figure) -> None:
        for axes, (name, points) in zip(_panels(figure, len(planes)), planes.items(), strict=True):
            _tied(axes, points, meanings, [codes.index(code) for code in languages])
            axes.set_title(f"{name}: {100 * found[name]:.0f} % found", fontsize=12)
        handles = [_handle(called(code), MARKERS[place % len(MARKERS)], INK) for place, code in enumerate(codes)]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(len(codes), 8), title="Shape: language")
        headline = f"{title}, one colour a meaning; translations found"
        figure.suptitle(headline, x=0.01, ha="left", fontsize=13, fontweight="bold")

    numbers = ", ".join(f"{name} {100 * found[name]:.1f} %" for name in planes)
    alt = (
        f"{len(planes)} scatter plots of {len(languages)} sentences in {len(codes)} languages and "
        f"{len(set(meanings))} meanings. Share of nearest neighbours in other languages with the same meaning: "
        f"{numbers}."
    )
    return Plot(on, _height(len(planes)), title, alt)


def models_picture(first: tuple[str, Plane], others: Mapping[str, Plane], remarks: Mapping[str, str]) -> Plot:
    """A panel for each other model: its points and the first model's, on one plane, with a remark as its heading."""
    title = f"{first[0]} and the others (t-SNE, one plane)"
    looks = {name: (PALETTE[at], MARKERS[at]) for at, name in enumerate((first[0], *others))}

    def on(figure: Figure) -> None:
        for axes, (name, points) in zip(_panels(figure, len(others)), others.items(), strict=True):
            for who, plane in (first, (name, points)):
                colour, marker = looks[who]
                axes.scatter(plane[:, 0], plane[:, 1], s=16, color=colour, marker=marker, alpha=0.7, linewidths=0)
            axes.set_title(f"{name}: {remarks[name]}", fontsize=12)
        _same_limits(figure.axes)
        handles = [_handle(name, marker, colour) for name, (colour, marker) in looks.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 6), title="Model")
        figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")

    said = "; ".join(f"{name}: {remark}" for name, remark in remarks.items())
    return Plot(
        on,
        _height(len(others)),
        title,
        f"{len(others)} scatter plots of two models' vectors, {first[0]} in each. {said}.",
    )


def _height(panels: int) -> float:
    return 1.0 + PANEL_INCHES * ceil(panels / PANELS_ABREAST)


def _panels(figure: Figure, count: int) -> Iterator[Axes]:
    """So many empty panels without numbers at their axes."""
    for place in range(1, count + 1):
        axes = figure.add_subplot(ceil(count / PANELS_ABREAST), min(count, PANELS_ABREAST), place)
        axes.set(xticks=[], yticks=[], xlabel="t-SNE 1 (no unit)", ylabel="t-SNE 2 (no unit)")
        axes.margins(0.06)
        yield axes


def _tied(axes: Axes, points: Plane, meanings: Sequence[object], looks: Sequence[int]) -> None:
    for place, meaning in enumerate(dict.fromkeys(meanings)):
        members = [index for index, one in enumerate(meanings) if one == meaning]
        centre, colour = points[members].mean(axis=0), PALETTE[place % len(PALETTE)]
        for member in members:
            x, y = points[member]
            axes.plot([centre[0], x], [centre[1], y], color=colour, linewidth=0.7, alpha=0.55, zorder=1)
            marker = MARKERS[looks[member] % len(MARKERS)]
            axes.plot(x, y, marker=marker, color=colour, markersize=6.5, linestyle="", zorder=2)


def _same_limits(panels: Sequence[Axes]) -> None:
    """So that the first model's points stand at the same places in every panel."""
    for name in ("xlim", "ylim"):
        limits = [limit for axes in panels for limit in getattr(axes, f"get_{name}")()]
        for axes in panels:
            axes.set(**{name: (min(limits), max(limits))})


def _handle(name: str, marker: str, colour: str) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="", marker=marker, color=colour, label=name)
