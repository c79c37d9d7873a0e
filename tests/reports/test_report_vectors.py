import numpy as np

from polydistill.inspection.measures import translations_found
from polydistill.reports.vectors import alignment_picture, models_picture

MEANINGS = [0, 0, 0, 1, 1, 1, 2, 2, 2]
LANGUAGES = ["en", "tr", "sw"] * 3


def test_the_picture_of_meanings_has_a_panel_a_model_and_their_numbers():
    before, noise = np.random.default_rng(1).standard_normal((2, 9, 3))
    after = np.eye(3)[MEANINGS] + 0.01 * noise
    plot, found = alignment_picture({"before": before, "after": after}, MEANINGS, LANGUAGES)
    assert found == {"before": translations_found(before, MEANINGS, LANGUAGES), "after": 1.0}
    assert found["before"] < 1
    assert len(plot.figure.axes) == 2
    assert plot.figure.axes[1].get_title(loc="left") == "after: 100 % found"
    assert "9 sentences in 3 languages and 3 meanings" in plot.alt
    legend = [text.get_text() for text in plot.figure.legends[0].get_texts()]
    assert legend == ["English", "Turkish", "Swahili"]


def test_pairs_of_languages_have_their_names():
    plot, _ = alignment_picture({"one": np.eye(4)}, [0, 0, 1, 1], ["en-fr", "en-tr"] * 2)
    legend = [text.get_text() for text in plot.figure.legends[0].get_texts()]
    assert legend == ["English-French", "English-Turkish"]


def test_the_first_model_stands_in_every_panel_at_the_same_place():
    first, one, other = np.random.default_rng(0).normal(size=(3, 5, 2))
    plot = models_picture(("teacher", first), {"before": one, "after": 9 + other}, {"before": "x", "after": "y"})
    panels = plot.figure.axes
    assert [axes.get_title(loc="left") for axes in panels] == ["before: x", "after: y"]
    assert panels[0].get_xlim() == panels[1].get_xlim()
    assert panels[0].get_ylim() == panels[1].get_ylim()
    for axes, points in zip(panels, (one, 9 + other), strict=True):
        np.testing.assert_allclose(axes.collections[0].get_offsets(), first)
        np.testing.assert_allclose(axes.collections[1].get_offsets(), points)
        assert axes.get_xlim()[1] > 9
    legend = [text.get_text() for text in plot.figure.legends[0].get_texts()]
    assert legend == ["teacher", "before", "after"]
