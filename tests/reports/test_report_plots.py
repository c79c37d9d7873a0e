import io
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import pytest
from PIL import Image

from polydistill.reports.figures import drawing
from polydistill.reports.page import Picture, page_html
from polydistill.reports.plots import INK, loss_curves, score_bars

BEFORE = {"en": 0.8, "tr": 0.5, "sw": 0.4}
AFTER = {"en": 0.79, "tr": 0.7}


def test_bars_have_the_heights_of_the_scores_and_a_chance_line():
    axes = score_bars({"before": BEFORE, "after": AFTER}, chance=1 / 3).figure.axes[0]
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    assert heights == [pytest.approx([80, 50, 40]), pytest.approx([79, 70])]
    assert axes.lines[0].get_ydata()[0] == pytest.approx(100 / 3)
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert sorted(legend) == ["after", "before", "chance (33 %)"]
    assert axes.get_ylabel() == "Accuracy (%)"


def test_a_missing_score_leaves_a_gap_at_its_language():
    axes = score_bars({"before": {"tr": 0.5}, "after": {"en": 0.7, "tr": 0.6}}).figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["Turkish\ntr", "English\nen"]
    after = [bar.get_x() + bar.get_width() / 2 for bar in axes.containers[1]]
    assert after == pytest.approx([0.2, 1.2])


def test_alt_text_holds_the_means():
    assert "before 56.7 %; after 74.5 %" in score_bars({"before": BEFORE, "after": AFTER}).alt


def test_loss_axis_is_logarithmic_only_where_apt():
    wide = loss_curves({"logits": [(0, 3.0), (10, 0.01)], "mlm": [(0, 5.0), (10, 2.0)]})
    assert wide.figure.axes[0].get_yscale() == "log"
    assert len(wide.figure.axes[0].lines) == 2
    assert list(wide.figure.axes[0].lines[0].get_ydata()) == [3.0, 0.01]
    assert "logits from 3 to 0.01" in wide.alt
    assert loss_curves({"mlm": [(0, 5.0), (10, 2.0)]}).figure.axes[0].get_yscale() == "linear"
    assert loss_curves({"mlm": [(0, 5.0), (10, 0.0)]}).figure.axes[0].get_yscale() == "linear"
    negative = loss_curves({"mlm": [(0, 5.0), (10, -1.0)]})
    assert negative.figure.axes[0].get_ylim()[0] <= -1


def test_svg_is_the_same_each_time_and_follows_the_page():
    drawn = [score_bars({"before": BEFORE}).svg() for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert drawn[0].startswith("<svg")
    assert INK not in drawn[0]
    assert "currentColor" in drawn[0]
    assert "Accuracy (%)" in drawn[0]
    assert "<metadata" not in drawn[0]
    root = ET.fromstring(drawn[0])
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    used = {element.get("{http://www.w3.org/1999/xlink}href") for element in root.iter()} - {None}
    assert used <= {f"#{one}" for one in ids}


def test_png_is_900_pixels_wide():
    for plot in (score_bars({"before": BEFORE}), loss_curves({"mlm": [(0, 5.0)]})):
        assert Image.open(io.BytesIO(plot.png())).width == 900


def test_plots_leave_the_global_state_alone():
    before = dict(mpl.rcParams)
    score_bars({"before": BEFORE}).png()
    assert dict(mpl.rcParams) == before


def test_nothing_to_plot_is_an_error():
    with pytest.raises(ValueError, match="No scores"):
        score_bars({"before": {}})
    with pytest.raises(ValueError, match="No values"):
        loss_curves({"mlm": []})
    with pytest.raises(ValueError, match="at most 6"):
        score_bars({str(index): BEFORE for index in range(7)})


def test_without_matplotlib_a_page_has_the_text_of_its_pictures_and_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    plot = score_bars({"before": BEFORE})
    page = page_html("Mine", [Picture("Scores", plot, "By language.")])
    assert "Means: before 56.7 %" in page
    assert "polydistill[plots]" in page
    assert "<svg" not in page
    with pytest.raises(ValueError, match="Pictures need matplotlib"):
        plot.png()
    with pytest.raises(ValueError, match="Pictures need matplotlib"):  # before anything is run
        drawing(Path("figure.png"))
