import re
from html.parser import HTMLParser

import pytest

from polydistill.papers.page import Scores
from polydistill.papers.table import Entry, EntryGroup, build_table
from polydistill.reports.page import (
    Command,
    Headlines,
    Number,
    Picture,
    Prose,
    Record,
    Sample,
    Samples,
    page_html,
    write_page,
)
from polydistill.reports.plots import score_bars

EVIL = "<script>alert('&\"')</script>"


class Outline(HTMLParser):
    """Tags in order, and whether they close as they open."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def outline(html):
    parser = Outline()
    parser.feed(html)
    assert parser.open == []
    return parser.seen


@pytest.fixture
def sections(make_run):
    run = make_run(EVIL, {"en": 80, "sw": 60})
    sample = Sample(EVIL, {"en": [EVIL, "b"], "sw": ["c"]}, {"en": EVIL, "sw": "neutral"}, {"en": EVIL})
    return [
        Headlines(EVIL, [Number(EVIL, EVIL, EVIL)]),
        Prose("Prose", f"{EVIL}\n\nSecond paragraph."),
        Scores("Scores", build_table("t", EVIL, [EntryGroup(EVIL, [Entry(EVIL, [run])])], setting=EVIL)),
        Picture("Picture", score_bars({EVIL: {"en": 0.5}}, title=EVIL), EVIL),
        Samples("Samples", [sample], EVIL, "after"),
        Record("Record", {EVIL: [EVIL, 1.5]}),
        Command("Command", EVIL),
    ]


def test_the_page_is_well_formed_and_every_text_is_escaped(sections):
    html = page_html(EVIL, sections)
    seen = outline(html)
    assert "script" not in {tag for tag, _ in seen}
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 15
    assert not any(key.startswith("on") for _, attributes in seen for key in attributes)


def test_the_page_loads_nothing(sections):
    seen = outline(page_html("t", sections))
    assert {tag for tag, _ in seen} & {"link", "script", "img", "iframe", "object", "image"} == set()
    loaded = [value for _, found in seen for key, value in found.items() if key in ("src", "href", "xlink:href")]
    assert loaded
    assert all(value.startswith("#") for value in loaded)
    assert not re.search(r"url\((?!#|['\"]?#)", page_html("t", sections))


def test_contents_lead_to_the_sections(sections):
    seen = outline(page_html("t", sections))
    links = [found["href"][1:] for tag, found in seen if tag == "a"]
    ids = [found["id"] for _, found in seen if "id" in found]
    assert links == [f"part-{at}" for at in range(1, 8)]
    assert set(links) <= set(ids)
    assert len(ids) == len(set(ids))


def test_tables_are_accessible(sections):
    for section in (sections[2], sections[4]):
        seen = outline(section.html())
        assert all("scope" in found for tag, found in seen if tag == "th")
        tags = [tag for tag, _ in seen]
        assert tags.count("caption") == tags.count("table") == 1
    assert "80.0" in sections[2].html()
    assert 'scope="rowgroup"' in sections[2].html()


def test_plots_have_alternative_text_and_a_caption(make_run):
    plot = score_bars({"XD": {"en": 0.5}})
    seen = outline(Picture("Picture", plot, "What it shows.").html())
    svg = next(found for tag, found in seen if tag == "svg")
    assert (svg["role"], svg["aria-label"]) == ("img", plot.alt)
    assert "figcaption" in {tag for tag, _ in seen}


def test_right_and_wrong_are_signs_and_words():
    sample = Sample("neutral", {"en": ["a"], "tr": ["b"], "sw": ["c"]}, {"en": "neutral", "tr": "entailment"}, {})
    html = Samples("Samples", [sample]).html()
    cells = re.findall(r'<td class="answer" data-label="before">(.*?)</td>', html)
    assert "✓" in cells[0]
    assert "right: " in cells[0]
    assert "✗" in cells[1]
    assert "wrong: " in cells[1]
    assert "entailment" in cells[1]
    assert cells[2] == "–"
    assert '<td lang="tr" dir="auto"><p>b</p></td>' in html


def test_write_page_makes_the_folder(tmp_path):
    path = write_page(tmp_path / "new" / "report.html", "A $title & more", [Prose("Costs", "$5 and $body")])
    written = path.read_text(encoding="utf-8")
    assert "<h1>A $title &amp; more</h1>" in written
    assert "<p>$5 and $body</p>" in written
