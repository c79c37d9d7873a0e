"""Plots as figures that become SVG or PNG: scores by language, loss terms by step.

Colours are the Okabe-Ito palette, which readers with colour-blindness can tell apart, without its black and yellow,
which vanish on one of the two backgrounds. In SVG everything neutral is `currentColor`, so that a plot inside a page
follows the page into its dark scheme.

A plot is drawn when it is asked for, and only that takes matplotlib, which is an extra: its title and the text that
stands for it are there without.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from polydistill.languages import called
from polydistill.results import LOWER_IS_BETTER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
LINES = ("-", "--", "-.", ":")
INK = "#1b1b1f"
WIDTH_INCHES, DPI = 9.0, 100

# Any: matplotlib types the keys of its settings as one closed list of some 300 literals.
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 11.0,
    "axes.titlesize": 13.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.18,
    "legend.frameon": False,
    "svg.fonttype": "none",
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "grid.color"), INK
    ),
}


NO_PICTURES = "Pictures need matplotlib, which is not installed: pip install 'polydistill[plots]'."


def can_draw() -> bool:
    """Whether plots can be drawn here."""
    return find_spec("matplotlib") is not None


@dataclass(frozen=True)
class Plot:
    """What is drawn on a figure of the common width, its title, and the text for who cannot see it."""

    on: Callable[[Figure], None]
    height_inches: float
    title: str
    alt: str

    @cached_property
    def figure(self) -> Figure:
        """The figure, in the common style."""
        if not can_draw():
            raise ValueError(NO_PICTURES)
        import matplotlib as mpl
        from matplotlib.figure import Figure

        with mpl.rc_context(_STYLE):
            empty = Figure(figsize=(WIDTH_INCHES, self.height_inches), dpi=DPI, layout="constrained")
            self.on(empty)
        return empty

    def svg(self) -> str:
        """The plot as an `<svg>` element, the same for the same data, transparent, in the colour of its page."""
        figure, stream = self.figure, io.StringIO()
        import matplotlib as mpl

        with mpl.rc_context({**_STYLE, "svg.hashsalt": self.title}):
            figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        drawn = stream.getvalue()
        drawn = drawn[drawn.index("<svg") :].replace(INK, "currentColor")
        drawn = re.sub(r"<metadata>.*?</metadata>\s*", "", drawn, flags=re.DOTALL)
        # Several plots share one page: only what is referred to keeps its id.
        return re.sub(r'<g id="[^"]*"', "<g", drawn).rstrip()

    def png(self) -> bytes:
        """The plot as a PNG on white, 900 pixels wide."""
        figure, stream = self.figure, io.BytesIO()
        import matplotlib as mpl

        with mpl.rc_context(_STYLE):
            figure.savefig(stream, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
        return stream.getvalue()


def score_bars(
    systems: Mapping[str, Mapping[str, float]],
    chance: float | None = None,
    title: str | None = None,
    metric: str = "accuracy",
) -> Plot:
    """Grouped bars: for each language one bar a system (such as before and after), shares or errors."""
    languages = tuple(dict.fromkeys(code for scores in systems.values() for code in scores))
    if not languages:
        raise ValueError(f"No scores to plot for systems {sorted(systems)}; expected shares by language.")
    if len(systems) > len(PALETTE):
        raise ValueError(f"{len(systems)} systems in one plot; at most {len(PALETTE)} stay apart. Make several plots.")
    said, error = metric[0].upper() + metric[1:], metric in LOWER_IS_BETTER
    unit, top = ("", None) if error else (" %", 100)
    title = title or f"{said} by language"

    def on(figure: Figure) -> None:
        axes = figure.add_subplot()
        for index, (name, scores) in enumerate(systems.items()):
            _bars(axes, index, len(systems), name, [scores.get(code) for code in languages])
        if chance is not None:
            axes.axhline(100 * chance, color=INK, linestyle="--", linewidth=1.2, label=f"chance ({100 * chance:.0f} %)")
        names = [f"{called(code)}\n{code}" if len(languages) <= 8 else code for code in languages]
        axes.set_xticks(range(len(languages)), names)
        axes.set(ylim=(0, top), ylabel=f"{said} x 100, lower is better" if error else f"{said} (%)")
        axes.grid(visible=False, axis="x")
        axes.set_title(title, pad=30)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(systems) + 1, borderaxespad=0.2)

    means = (
        f"{name} {100 * sum(scores.values()) / len(scores):.1f}{unit}" for name, scores in systems.items() if scores
    )
    return Plot(on, 4.2, title, f"Bars of {metric} by language ({', '.join(languages)}). Means: {'; '.join(means)}.")


def _bars(axes: Axes, index: int, count: int, name: str, values: Sequence[float | None]) -> None:
    """One system's bars, side by side with the others' and labelled with their values; a missing score has no bar."""
    width = 0.8 / count
    places = [(place, 100 * value) for place, value in enumerate(values) if value is not None]
    bars = axes.bar(
        [place + (index - (count - 1) / 2) * width for place, _ in places],
        [value for _, value in places],
        width=0.92 * width,
        color=PALETTE[index],
        label=name,
    )
    if count * len(values) <= 24:
        axes.bar_label(bars, fmt="%.0f", fontsize=9, padding=2)


def loss_curves(terms: Mapping[str, Sequence[tuple[int, float]]], title: str = "Loss terms by step") -> Plot:
    """One line a term of (step, unweighted value); a log axis where all are positive and span a factor of 20."""
    return curves(terms, title, "Loss term (unweighted mean)")


def curves(
    lines: Mapping[str, Sequence[tuple[int, float]]], title: str, measure: str, chosen: int | None = None
) -> Plot:
    """One line a name of (step, value), on a log axis as above; a thin line marks the step that was chosen."""
    values = [value for points in lines.values() for _, value in points]
    if not values:
        raise ValueError(f"No values to plot for terms {sorted(lines)}; expected (step, value) pairs.")
    log = min(values) > 0 and max(values) / min(values) > 20

    def on(figure: Figure) -> None:
        axes = figure.add_subplot()
        for index, (name, points) in enumerate(lines.items()):
            colour, line = PALETTE[index % len(PALETTE)], LINES[index // len(PALETTE) % len(LINES)]
            marker = "o" if len(points) == 1 else None
            axes.plot(
                *zip(*points, strict=True), color=colour, linestyle=line, linewidth=1.8, marker=marker, label=name
            )
        if chosen is not None:
            axes.axvline(chosen, color=INK, linestyle=":", linewidth=1.2, label=f"step {chosen}")
        axes.set(xlabel="Step (optimiser updates)", ylabel=measure)
        if log:
            axes.set_yscale("log")
            from matplotlib.ticker import FuncFormatter, NullFormatter

            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        elif chosen is None:
            axes.set_ylim(bottom=min(0.0, *values))
        axes.set_title(title)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))

    ends = (f"{name} from {points[0][1]:.3g} to {points[-1][1]:.3g}" for name, points in lines.items() if points)
    return Plot(on, 4.0, title, f"Lines of {measure[0].lower()}{measure[1:]} by step: {'; '.join(ends)}.")
