"""Small models beside the large one that they are of: size, speed, and what they still know; as a table and a page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polydistill.reports.page import Grid, Headlines, Number, Picture, Record
from polydistill.reports.plots import PALETTE, Plot
from polydistill.results import LanguageCode
from polydistill.specs import Spec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MB = 1e6


class Point(Spec):
    """One model in int8, on the rows that all are compared on."""

    name: str
    folder: str
    blocks: int
    pieces: int
    size: int
    """Bytes on disk."""
    rows_a_second: float
    latency: float
    """Seconds of a row alone, the median."""
    scores: dict[LanguageCode, float]
    """By language: the score of the task, or how often a sentence's nearest is its translation, mean of both ways."""
    agreement: float
    """With the large model as it is given: the share of equal answers, or the mean cosine of vectors."""

    @property
    def score(self) -> float:
        """The mean over languages."""
        return sum(self.scores.values()) / len(self.scores)


class Shrunk(Spec):
    """A large model in int8 (the first point), and the small ones made of it."""

    model: str
    measure: str
    """What `scores` are."""
    budget: int
    points: tuple[Point, ...]
    left_out: tuple[str, ...] = ()
    """Why a try that was meant is not there."""
    page: str = ""

    @property
    def best(self) -> tuple[Point, ...]:
        """The small models that no other one beats in both size and score."""
        small = self.points[1:]
        return tuple(
            one for one in small if not any(other.size <= one.size and other.score > one.score for other in small)
        )


def points_grid(found: Shrunk) -> Grid:
    """A line a model; speed and score also as shares of those of the large one."""
    large = found.points[0]
    codes = tuple(large.scores)
    columns = [
        "model",
        "blocks",
        "pieces",
        "MB",
        "rows/s",
        "times",
        "one row, ms",
        *codes,
        "mean",
        "% of it",
        "agreement",
    ]
    rows = [
        [
            one.name + (" *" if one in found.best else ""),
            str(one.blocks),
            f"{one.pieces:,}",
            f"{one.size / _MB:.1f}",
            f"{one.rows_a_second:,.0f}",
            f"{one.rows_a_second / large.rows_a_second:.1f}",
            f"{1000 * one.latency:.1f}",
            *(f"{100 * one.scores[code]:.1f}" for code in codes),
            f"{100 * one.score:.1f}",
            f"{100 * one.score / large.score:.1f}" if large.score else "",
            f"{one.agreement:.3f}",
        ]
        for one in found.points
    ]
    remark = (
        f"All in int8. {found.measure}, x 100. Agreement: with the large model in its own numbers. "
        f"* no other small one is both smaller and better. Budget: {found.budget / _MB:g} MB."
    )
    return Grid("Size, speed and what is left", columns, rows, " ".join([remark, *found.left_out]))


def in_short(found: Shrunk) -> Headlines:
    """The best of the small models: its size, its speed, and how much of the large one's score it keeps."""
    large, *small = found.points
    best = max(small, key=lambda one: one.score)
    kept = f"{100 * best.score / large.score:.1f} % of the large one's {100 * large.score:.1f}" if large.score else ""
    numbers = [
        Number(f"{100 * best.score:.1f}", f"{found.measure}, x 100, by {best.name}", kept),
        Number(f"{best.size / _MB:.1f} MB", "on disk, int8", f"the large one in int8: {large.size / _MB:.1f} MB"),
        Number(
            f"{best.rows_a_second / large.rows_a_second:.1f} times",
            "as many rows a second",
            f"{best.rows_a_second:,.0f} instead of {large.rows_a_second:,.0f}",
        ),
    ]
    tried = f"{len(small)} sizes of {found.model} were tried"
    return Headlines("In short", numbers, f"{tried}, within {found.budget / _MB:g} MB. This is the best of them.")


def points_plot(found: Shrunk) -> Plot:
    """Score over size; the large model as a line, the best joined."""
    best = sorted(found.best, key=lambda one: one.size)

    def on(figure: "Figure") -> None:
        axes = figure.add_subplot()
        axes.axhline(100 * found.points[0].score, color=PALETTE[1], linestyle="--", label=f"{found.points[0].name}")
        axes.axvline(found.budget / _MB, color=PALETTE[3], linestyle=":", label="budget")
        small = found.points[1:]
        axes.plot([one.size / _MB for one in small], [100 * one.score for one in small], "o", color=PALETTE[0])
        axes.plot([one.size / _MB for one in best], [100 * one.score for one in best], "-", color=PALETTE[0], alpha=0.5)
        for one in small:
            said = f"{one.name}, {one.rows_a_second / found.points[0].rows_a_second:.1f} times as fast"
            axes.annotate(
                said, (one.size / _MB, 100 * one.score), xytext=(6, 6), textcoords="offset points", fontsize=9
            )
        axes.set_xlabel("MB on disk, int8")
        axes.set_ylabel(f"{found.measure}, x 100")
        axes.legend()

    alt = "; ".join(f"{one.name}: {one.size / _MB:.1f} MB, {100 * one.score:.1f}" for one in found.points)
    return Plot(on, 4.2, "Score by size", alt)


def sections(found: Shrunk) -> Sequence[Headlines | Grid | Picture | Record]:
    """The parts of the page."""
    where = [(one.name, one.folder, f"{one.size / _MB:.1f}") for one in found.points]
    return [
        in_short(found),
        points_grid(found),
        Picture("Score by size", points_plot(found), "Each point is a folder that can be taken."),
        Grid("Where they are", ("model", "folder, beside this page", "MB"), where, words=[1]),
        Record("All of it", found.model_dump(mode="json")),
    ]
