"""A figure of a paper as data: panels of lines, a point the mean over seeds; drawn, printed as a table, or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.table import Table as RichTable

from polydistill.errors import unknown
from polydistill.reports.plots import INK, NO_PICTURES, PALETTE, Plot, can_draw
from polydistill.specs import Spec

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

MARKERS = ("o", "s", "^", "D", "v", "P")


class Point(Spec):
    """The mean over seeds at one place, and its sample standard deviation where there are several seeds."""

    x: float
    mean: float
    spread: float | None = None


class Line(Spec):
    """One system."""

    name: str
    points: tuple[Point, ...]


class Panel(Spec):
    """One pair of axes."""

    title: str
    lines: tuple[Line, ...]


class Figure(Spec):
    """What is shown, of which runs."""

    id: str
    title: str
    setting: str
    seeds: tuple[int, ...]
    x: str
    y: str
    panels: tuple[Panel, ...]


def line(name: str, seeds: Sequence[Sequence[tuple[float, float]]]) -> Line:
    """A line of the (x, y) pairs of each seed: only places that all seeds have are shown."""
    values = [dict(pairs) for pairs in seeds]
    places = [x for x in values[0] if all(x in one for one in values)] if values else []
    return Line(name=name, points=tuple(_point(x, [one[x] for one in values]) for x in places))


def _point(x: float, values: Sequence[float]) -> Point:
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Point(x=x, mean=float(np.mean(values)), spread=spread)


def draw(figure: Figure) -> Plot:
    """The panels side by side, one colour and marker a system, with a bar of the spread on each side of a point."""
    if not any(line.points for panel in figure.panels for line in panel.lines):
        raise ValueError(f"Figure {figure.id} has no points: none of its runs are done. Run it without --finished.")
    return draw_panels(figure.title, figure.x, figure.y, figure.panels)


def draw_panels(title: str, x: str, y: str, panels: Sequence[Panel], abreast: int | None = None) -> Plot:
    """All panels side by side with one scale of y, or `abreast` many in a row with a scale each."""
    names = list(dict.fromkeys(line.name for panel in panels for line in panel.lines))
    columns = abreast or len(panels)
    rows = ceil(len(panels) / columns)

    def on(drawn: Canvas) -> None:
        from matplotlib.ticker import MaxNLocator

        grid = drawn.subplots(rows, columns, sharey=abreast is None, squeeze=False)
        for axes, panel in zip(grid.flat, panels, strict=False):
            for one in panel.lines:
                look = names.index(one.name)
                axes.errorbar(
                    [point.x for point in one.points],
                    [point.mean for point in one.points],
                    [point.spread or 0.0 for point in one.points],
                    color=PALETTE[look % len(PALETTE)],
                    marker=MARKERS[look % len(MARKERS)],
                    capsize=3,
                    label=one.name,
                )
            axes.set_title(panel.title)
            axes.set_xlabel(x, color=INK)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for empty in grid.flat[len(panels) :]:
            empty.set_axis_off()
        grid[0][0].set_ylabel(y, color=INK)
        drawn.legend(*grid[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=min(len(names), 3))

    return Plot(on, 4.0 if rows == 1 else 1.0 + 3.0 * rows, title, f"{title}: {y} by {x}, {len(panels)} panels.")


def drawing(out: Path) -> Callable[[Plot], bytes]:
    """How a plot becomes a file of this name."""
    kinds: dict[str, Callable[[Plot], bytes]] = {".png": Plot.png, ".svg": lambda plot: plot.svg().encode()}
    if out.suffix not in kinds:
        raise unknown("kind of picture", out.suffix or out.name, kinds)
    if not can_draw():
        raise ValueError(NO_PICTURES)
    return kinds[out.suffix]


def to_rich(figure: Figure) -> RichTable:
    """All points, a row a line and a column a place."""
    view = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, title=_heading(figure), title_justify="left")
    headings, rows = grid_of(figure)
    for heading in headings:
        view.add_column(heading, justify="left" if heading in ("", figure.x) else "right")
    for row in rows:
        view.add_row(*row)
    return view


def to_markdown(figure: Figure) -> str:
    """The same as Markdown."""
    headings, rows = grid_of(figure)
    lines = [headings, ["---", "---", *("---:" for _ in headings[2:])], *rows]
    return f"## {_heading(figure)}\n\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def grid_of(figure: Figure) -> tuple[list[str], list[list[str]]]:
    """All points as headings and rows."""
    places = _places(figure)
    return ["", figure.x, *places], _rows(figure, places)


def _heading(figure: Figure) -> str:
    seeds = f"{len(figure.seeds)} seed{'s' if len(figure.seeds) > 1 else ''}"
    return f"{figure.id}: {figure.title} ({figure.y}; {figure.setting}, {seeds})"


def _places(figure: Figure) -> list[str]:
    found = {point.x for panel in figure.panels for line in panel.lines for point in line.points}
    return [f"{x:g}" for x in sorted(found)]


def _rows(figure: Figure, places: Sequence[str]) -> list[list[str]]:
    rows = []
    for panel in figure.panels:
        for one in panel.lines:
            cells = {f"{point.x:g}": _text(point) for point in one.points}
            rows.append([panel.title, one.name, *(cells.get(place, "–") for place in places)])
    return rows


def _text(point: Point) -> str:
    return f"{point.mean:.1f}" + ("" if point.spread is None else f" ± {point.spread:.1f}")
