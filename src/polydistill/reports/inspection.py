"""An inspection as tables, plots and sections of a page: all of it from what was found, without any model."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from polydistill.inspection.inspection import FILE, Comparison, Inspected, LayerNumbers, ModelNumbers
from polydistill.inspection.projection import Plane
from polydistill.reports.figures import Line, Panel, Point, draw_panels
from polydistill.reports.page import Grid, Headlines, Number, Picture, Record, write_page
from polydistill.reports.plots import NO_PICTURES, Plot, can_draw
from polydistill.reports.vectors import meanings_picture, models_picture
from polydistill.whole import write_bytes, written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHARES = {"translations": "translations found", "same_meaning": "same meaning", "same_language": "same language"}
DISTANCES = {"alignment": "alignment", "uniformity": "uniformity"}
READABLE = 14  # ours: layers of a map of CKA whose cells still have room for a number


def layers_grid(found: Inspected, every: bool = False) -> Grid:
    """The numbers of each model's last layer, or of every layer."""
    names = {**SHARES, **DISTANCES} if _has_languages(found) else {"uniformity": DISTANCES["uniformity"]}
    rows = [
        [model.name, str(numbers.layer), *(_cell(name, getattr(numbers, name)) for name in names)]
        for model in found.models
        for numbers in (model.layers if every else model.layers[-1:])
    ]
    chance = ", ".join(f"{SHARES[name]} {100 * found.by_chance[name]:.1f}" for name in SHARES if name in names)
    remark = f"Shares in percent. Where vectors lie anyhow: {chance}." if chance else ""
    bars = [2 + at for at, name in enumerate(names) if name in SHARES]
    return Grid("By layer" if every else "The last layers", ["model", "layer", *names.values()], rows, remark, bars)


def comparisons_grid(found: Inspected) -> Grid:
    """Every other model beside the first: the last layers, and the first one's layer that is most like the other's."""
    first = found.models[0].name
    columns = [f"{first} and", "CKA", f"most like it: layer of {first}", "CKA of these"]
    beside = any(one.same_model is not None for one in found.comparisons)
    rows = []
    for one in found.comparisons:
        best, value = one.best_layer[one.other_layers[-1]]
        row = [one.other, f"{one.cka[-1][-1]:.3f}", str(best), f"{value:.3f}"]
        shares = (_cell("found", one.found), _cell("same_model", one.same_model), _cell("alignment", one.alignment))
        rows.append([*row, *shares] if beside else row)
    columns += ["same row found", "same model", "squared distance"] if beside else []
    chance = found.by_chance
    remark = (
        f"Shares in percent. Where vectors lie anyhow: same row found {100 * chance['found']:.1f}, same model "
        f"{100 * chance['same_model']:.1f}."
    )
    return Grid("Last layers, model by model", columns, rows, remark if beside else "")


def pictures(found: Inspected) -> dict[str, Picture]:
    """All plots that there is something for, by the name of their file."""
    made: dict[str, Picture] = {}
    how = f"The first {found.drawn} of {found.rows} rows, {_where(found)}."
    if _has_languages(found):
        made["meanings.png"] = Picture("The same meanings in several languages", _meanings(found), how)
        made["layers.png"] = Picture("Layer by layer", _layers(found), "Of each model; the shares in percent.")
    if found.one_plane and found.comparisons:
        made["models.png"] = Picture(
            "Models on top of each other",
            _models(found),
            f"{how} The share is of nearest neighbours among both models.",
        )
    if found.comparisons:
        kind = "unbiased estimate" if found.inspection.unbiased else "biased estimate"
        made["cka.png"] = Picture("CKA, layer by layer", _cka_maps(found), f"Linear CKA, {kind}, of the same rows.")
        made["cka_by_layer.png"] = Picture(
            "CKA of matching layers", _cka_lines(found), "The same layer of both, and whichever layer is most like it."
        )
    return made


def main_plot(found: Inspected) -> Plot:
    """The t-SNE: of translations, or, of models that read one language each, of the models on top of each other."""
    if _has_languages(found):
        return _meanings(found)
    if not found.one_plane or not found.comparisons:
        raise ValueError("There is no t-SNE of models that read one language each and have no plane in common.")
    return _models(found)


def to_markdown(found: Inspected) -> str:
    """The numbers of the last layers."""
    grids = [layers_grid(found), *([comparisons_grid(found)] if found.comparisons else [])]
    return "\n".join(map(_grid_markdown, grids))


def _grid_markdown(grid: Grid) -> str:
    lines = [grid.columns, ["---", *("---:" for _ in grid.columns[1:])], *grid.rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines) + (f"\n{grid.remark}\n" if grid.remark else "")


def sections(found: Inspected, drawn: Mapping[str, Picture]) -> list[Headlines | Grid | Picture | Record]:
    """The parts of a page; `drawn` are its pictures."""
    grids = [comparisons_grid(found)] if found.comparisons else []
    return [
        in_short(found),
        *grids,
        layers_grid(found, every=True),
        *drawn.values(),
        Record("The inspection", found.model_dump(mode="json", exclude={"models": {"__all__": {"points"}}})),
    ]


def in_short(found: Inspected) -> Headlines:
    """Of each model how often it finds translations, or how alike it is to the first one; and what was read."""
    if _has_languages(found):
        chance = f"{100 * found.by_chance['translations']:.1f} % where vectors lie anyhow"
        numbers = [
            Number(f"{100 * (one.last.translations or 0.0):.1f} %", f"translations found by {one.name}", chance)
            for one in found.models
        ]
    else:
        numbers = []
    numbers += [
        Number(f"{one.cka[-1][-1]:.2f}", f"CKA of {one.first} and {one.other}", "last layers; 1 is alike")
        for one in found.comparisons
    ]
    return Headlines("In short", numbers, _said(found))


def _said(found: Inspected) -> str:
    what = found.inspection
    pooled = "the mean of the tokens" if what.pooling == "mean" else "the first token"
    read = "; ".join(f"{one.name} ({one.model}) in {', '.join(one.languages)}" for one in found.models)
    repeated = f" {found.repeated} rows with a text that had been there were left out." if found.repeated else ""
    return f"{found.rows} rows by {read}. A vector is {pooled}.{repeated}"


def _where(found: Inspected) -> str:
    if len(found.models) == 1:
        return "projected by t-SNE"
    return "all models projected together" if found.one_plane else "each model projected by itself, as widths differ"


def _has_languages(found: Inspected) -> bool:
    return len(found.models[0].languages) > 1


def _meanings(found: Inspected) -> Plot:
    codes = found.models[0].languages
    planes = {one.name: _plane(one) for one in found.models}
    shares = {one.name: one.last.translations or 0.0 for one in found.models}
    languages = [code for code in codes for _ in range(found.drawn)]
    meanings = list(range(found.drawn)) * len(codes)
    return meanings_picture(planes, shares, meanings, languages, "Vectors by meaning (t-SNE)")


def _models(found: Inspected) -> Plot:
    first, *others = found.models
    remarks = {one.other: f"{100 * (one.same_model or 0.0):.0f} % same model" for one in found.comparisons}
    return models_picture((first.name, _plane(first)), {one.name: _plane(one) for one in others}, remarks)


def _plane(model: ModelNumbers) -> Plane:
    return np.asarray(model.points, dtype=np.float64)


def _layers(found: Inspected) -> Plot:
    panels = []
    for name, title in {**SHARES, **DISTANCES}.items():
        lines = [Line(name=one.name, points=tuple(_points(one.layers, name))) for one in found.models]
        panels.append(Panel(title=f"{title}, %" if name in SHARES else title, lines=tuple(lines)))
    return draw_panels("Numbers by layer", "layer", "", panels, abreast=3)


def _points(layers: Sequence[LayerNumbers], name: str) -> Iterator[Point]:
    for numbers in layers:
        value = getattr(numbers, name)
        if value is not None:
            yield Point(x=numbers.layer, mean=100 * value if name in SHARES else value)


def _cka_lines(found: Inspected) -> Plot:
    first = found.models[0].name
    panels = []
    for one in found.comparisons:
        best = {layer: value for layer, (_, value) in one.best_layer.items()}
        lines = {f"the same layer of {first}": one.same_layer, f"whichever layer of {first} is most like it": best}
        panels.append(Panel(title=one.other, lines=tuple(_line(name, values) for name, values in lines.items())))
    return draw_panels(f"CKA with {first}", "layer", "linear CKA", panels)


def _line(name: str, values: Mapping[int, float]) -> Line:
    return Line(name=name, points=tuple(Point(x=layer, mean=value) for layer, value in values.items()))


def _cka_maps(found: Inspected) -> Plot:
    """A map for each other model: its layers from left to right, those of the first model from the bottom up."""
    title = f"CKA with the layers of {found.models[0].name}"

    def on(figure: "Figure") -> None:
        panels = figure.subplots(1, len(found.comparisons), squeeze=False)[0]
        for axes, one in zip(panels, found.comparisons, strict=True):
            # Cells as shapes: `imshow` embeds a picture, which a page that loads nothing does not show.
            cells = axes.pcolormesh(np.asarray(one.cka), vmin=0, vmax=1, cmap="viridis", shading="nearest")
            axes.set_xticks(range(len(one.other_layers)), list(map(str, one.other_layers)))
            axes.set_yticks(range(len(one.first_layers)), list(map(str, one.first_layers)))
            axes.set(xlabel=f"layer of {one.other}", ylabel=f"layer of {one.first}", title=one.other)
            axes.grid(visible=False)
            if max(len(one.first_layers), len(one.other_layers)) <= READABLE and len(panels) < 3:
                for row, values in enumerate(one.cka):
                    for column, value in enumerate(values):
                        ink = _readable_on(cells.cmap(value))
                        axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=8)
        bar = figure.colorbar(cells, ax=list(panels), label="linear CKA")
        assert bar.solids is not None, "a bar of colours"
        bar.solids.set_rasterized(False)

    return Plot(on, 4.2, title, f"{title}: {'; '.join(map(_last_cka, found.comparisons))}.")


def _readable_on(colour: Sequence[float]) -> str:
    """Black or white, whichever stands out more: its contrast, as WCAG has it, is 4.58 at least on any colour."""
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour[:3])
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "black" if (light + 0.05) / 0.05 > 1.05 / (light + 0.05) else "white"


def _last_cka(one: Comparison) -> str:
    return f"{one.other}, last layers {one.cka[-1][-1]:.2f}"


def _cell(name: str, value: float | None) -> str:
    """Shares in percent, other numbers as they are."""
    if value is None:
        return "–"
    return f"{value:.3f}" if name in DISTANCES else f"{100 * value:.1f}"


def write(found: Inspected, folder: Path) -> Path:
    """Numbers, plots and the page of an inspection; given back is the page."""
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / FILE) as unfinished:
        unfinished.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    drawn = pictures(found)
    if can_draw():
        for name, picture in drawn.items():
            write_bytes(folder / name, picture.plot.png())
    else:
        logging.getLogger("polydistill").warning(NO_PICTURES)
    title = f"Inside {', '.join(one.name for one in found.models)}"
    return write_page(folder / "inspect.html", title, sections(found, drawn))
