"""Tables, plots and pages of an inspection, drawn from the stored numbers alone."""

import numpy as np
import pytest

from polydistill.data.rows.sources import WorldSource
from polydistill.inspection.inspection import Comparison, Inspected, Inspection, LayerNumbers, ModelNumbers
from polydistill.reports.inspection import comparisons_grid, layers_grid, main_plot, pictures, sections
from polydistill.reports.page import Grid, page_html


def numbers(layer, share):
    shares = {"translations": share, "same_meaning": share / 2, "same_language": 1 - share}
    return LayerNumbers(layer=layer, uniformity=-share, alignment=share, **shares)


def model(name, shares, rows=4, languages=("en", "tr")):
    points = np.random.default_rng(len(name)).normal(size=(rows * len(languages), 2))
    return ModelNumbers(
        name=name,
        model=f"folder/{name}",
        fingerprint="f",
        width=8,
        languages=languages,
        layers=tuple(numbers(layer, share) for layer, share in enumerate(shares, start=1)),
        points=tuple(map(tuple, points.tolist())),
    )


def inspected(**changes):
    cka = ((0.9, 0.2, 0.1), (0.3, 0.5, 0.4))
    both = {"first_layers": (1, 2), "other_layers": (1, 2, 3), "cka": cka}
    content = {
        "inspection": Inspection(data=WorldSource(), drawn=4),
        "data_fingerprint": "d",
        "rows": 50,
        "repeated": 1,
        "models": (model("teacher", (0.2, 0.4)), model("<after>", (0.1, 0.5, 0.625))),
        "comparisons": (
            Comparison(first="teacher", other="<after>", **both, alignment=1.5, found=0.25, same_model=1.0),
        ),
        "one_plane": True,
        **changes,
    }
    return Inspected.model_validate(content)


def test_the_tables():
    found = inspected()
    last = layers_grid(found)
    assert last.columns[:3] == ["model", "layer", "translations found"]
    assert last.rows[1] == ["<after>", "3", "62.5", "31.2", "37.5", "0.625", "-0.625"]
    assert "translations found 2.0, same meaning 1.0, same language 49.5" in last.remark
    assert [row[:2] for row in layers_grid(found, every=True).rows] == [
        ["teacher", "1"],
        ["teacher", "2"],
        ["<after>", "1"],
        ["<after>", "2"],
        ["<after>", "3"],
    ]
    beside = comparisons_grid(found)
    assert beside.rows == [["<after>", "0.400", "2", "0.400", "25.0", "100.0", "1.500"]]
    assert len(beside.columns) == 7


def test_the_best_layer_is_the_one_that_is_most_alike():
    (one,) = inspected().comparisons
    assert one.best_layer == {1: (1, 0.9), 2: (2, 0.5), 3: (2, 0.4)}
    assert one.same_layer == {1: 0.9, 2: 0.5}


def test_every_plot_shows_its_numbers():
    drawn = {name: picture.plot for name, picture in pictures(inspected()).items()}
    maps = drawn["cka.png"].figure.axes[0]
    np.testing.assert_array_equal(maps.collections[0].get_array(), [[0.9, 0.2, 0.1], [0.3, 0.5, 0.4]])
    assert [text.get_text() for text in maps.texts] == ["0.90", "0.20", "0.10", "0.30", "0.50", "0.40"]
    assert [text.get_text() for text in maps.get_xticklabels()] == ["1", "2", "3"]
    lines = drawn["cka_by_layer.png"].figure.axes[0].containers
    assert [list(line.lines[0].get_ydata()) for line in lines] == [[0.9, 0.5], [0.9, 0.5, 0.4]]
    panels = drawn["layers.png"].figure.axes
    assert [axes.get_title(loc="left") for axes in panels[:3]] == [
        "translations found, %",
        "same meaning, %",
        "same language, %",
    ]
    assert list(panels[0].containers[1].lines[0].get_ydata()) == pytest.approx([10, 50, 62.5])
    assert drawn["meanings.png"].figure.axes[1].get_title(loc="left") == "<after>: 62 % found"
    assert drawn["models.png"].figure.axes[0].get_title(loc="left") == "<after>: 100 % same model"
    assert all(plot.png().startswith(b"\x89PNG") for plot in drawn.values())


def test_no_plot_embeds_a_picture_that_the_page_may_not_load():
    drawn = pictures(inspected())
    assert "cka.png" in drawn
    assert [name for name, one in drawn.items() if "<image" in one.drawn or "data:" in one.drawn] == []


def test_only_what_there_is_is_drawn():
    alone = inspected(models=(model("one", (0.5,)),), comparisons=())
    assert list(pictures(alone)) == ["meanings.png", "layers.png"]
    assert len(sections(alone, pictures(alone))) == 5
    apart = inspected(one_plane=False)
    assert "models.png" not in pictures(apart)
    assert "by itself, as widths differ" in pictures(apart)["meanings.png"].caption
    pairs = inspected(models=(model("a", (0.1,), languages=("en-fr",)), model("<after>", (0.1,), languages=("en-tr",))))
    assert list(pictures(pairs)) == ["models.png", "cka.png", "cka_by_layer.png"]
    assert layers_grid(pairs).columns == ["model", "layer", "uniformity"]
    assert main_plot(alone).title == "Vectors by meaning (t-SNE)"
    assert main_plot(pairs).title == "a and the others (t-SNE, one plane)"
    with pytest.raises(ValueError, match="no plane in common"):
        main_plot(pairs.model_copy(update={"one_plane": False}))


def test_the_page_escapes_what_it_shows():
    page = page_html("Inside", sections(inspected(), pictures(inspected())))
    assert "&lt;after&gt;" in page
    assert "<after>" not in page
    assert "1 rows with a text that had been there were left out" in page
    shown = page_html("x", [Grid("G", ["a", "b"], [["<r>", "1"]], "why")])
    assert '<tr><th scope="row">&lt;r&gt;</th><td>1</td></tr>' in shown
    assert '<p class="notes">why</p>' in shown
