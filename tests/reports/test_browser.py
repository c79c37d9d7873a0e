"""Every kind of page in a real browser: nothing is wrong with it, and its script does what its fields say."""

import pytest
from example_pages import LANGUAGES, example_pages

from browser import NEEDED, browser, chromium, faults, opened
from polydistill import api

pytestmark = pytest.mark.pages
KINDS = (
    *("run", "run of numbers", "run of many labels", "runs", "compare", "inspect", "inspect three", "small"),
    *("table", "claims", "figure"),
)


@pytest.fixture(scope="module")
def running():
    if chromium() is None:
        pytest.skip(NEEDED)
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return example_pages(tmp_path_factory.mktemp("pages"))


def test_every_page_is_looked_at(pages):
    assert set(pages) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wrong_with_a_page(running, pages, kind):
    assert "\n".join(faults(running, pages[kind])) == ""


def test_nothing_is_wrong_with_the_quickstarts_pages(running, tmp_path):
    made = api.quickstart(tmp_path, scale="smoke")
    pages = [made.page, *tmp_path.glob("*/report.html")]
    assert len(pages) == 4  # its own, and one a run
    assert "\n".join(f"{page}: {fault}" for page in pages for fault in faults(running, page)) == ""


def test_what_is_wrong_is_found(running, tmp_path):
    (tmp_path / "page.html").write_text(
        "<html lang=en><title>t</title><main><h1>t</h1><p style='width: 900px'>wide</p><img src=gone.png>"
        "<p style='color: #888'>grey</p><svg><path d='M0 0H99V99H0z' fill='#000'/><text y=50 fill='#333'>dark</text>"
        "</svg><label>a<input></label><input><script>console.error('said'); gone()</script></main>"
    )
    found = "\n".join(faults(running, tmp_path / "page.html"))
    for words in (
        "asks for file:",
        "says error: said",
        "gone is not defined",
        "light, 390 pixels: scrolls sideways",
        "contrast of 3.54: <p> grey",
        ": <text> dark",
        "a picture that is not shown",
        "a picture without a text",
        "a drawing without a text",
        "label: Form elements must have labels",
    ):
        assert words in found
    assert "1280 pixels: scrolls sideways" not in found


class Browsing:
    """The rows of a page, as somebody filters them."""

    def __init__(self, page):
        self.page = page

    def choose(self, name, value):
        self.page.select_option(f".rows [name={name}]", value)

    def fill(self, name, value):
        self.page.fill(f".rows [name={name}]", value)

    @property
    def rows(self):
        return self.page.locator(".rows tbody tr")

    @property
    def said(self):
        return self.page.inner_text(".rows output")

    def column(self, selector):
        return self.rows.locator(selector).all_inner_texts()


@pytest.fixture
def browsing(running, pages):
    shown = opened(running, pages["run"])
    yield Browsing(shown.page)
    assert shown.said == []
    shown.page.context.close()


def test_rows_are_filtered_by_language_and_by_right_or_wrong(browsing):
    count = 40 * len(LANGUAGES)
    assert browsing.said == f"{count} of {count} rows, 25 shown."
    browsing.choose("language", "sw")
    assert browsing.said.startswith("40 of 600 rows")
    assert all(head.startswith("Swahili") for head in browsing.column("th"))
    browsing.choose("which", "wrong")
    signs = browsing.column("td:last-child")
    assert signs
    assert all("✗" in sign for sign in signs)
    browsing.choose("which", "mended")
    before, after = (browsing.column(f"td:nth-last-child({at})") for at in (2, 1))
    assert before
    assert all("✗" in sign for sign in before)
    assert all("✓" in sign for sign in after)


def test_rows_are_filtered_by_label_and_searched(browsing):
    browsing.choose("gold", "neutral")
    browsing.choose("answer", "contradiction")
    assert set(browsing.column("td[data-label='right answer']")) == {"neutral"}
    assert all("contradiction" in answer for answer in browsing.column("td:last-child"))
    browsing.page.click("text=Show all")
    browsing.page.wait_for_function("document.querySelector('.rows output').textContent.startsWith('600 of')")
    browsing.fill("search", "NEEDLE")
    assert browsing.said.startswith(f"{len(LANGUAGES)} of 600")
    assert browsing.column("mark") == ["needle"] * len(LANGUAGES)
    browsing.fill("search", "nowhere at all")
    assert browsing.rows.count() == 0


def test_rows_are_ordered_by_how_sure_the_answer_is(browsing):
    def shares():
        return [float(text) for text in browsing.column("td:last-child .note")]

    assert shares() == sorted(shares(), reverse=True)
    browsing.choose("order", "unsure")
    assert shares() == sorted(shares())
    browsing.fill("least", "0.9")
    assert min(shares()) >= 0.9
    assert not browsing.said.startswith("600 of")


def test_more_rows_are_shown_when_asked_for(browsing):
    assert browsing.rows.count() == 25
    browsing.page.click("[name=more]")
    assert browsing.rows.count() == 50


def test_a_page_works_by_keys_alone(browsing):
    browsing.page.focus(".rows [name=search]")
    browsing.page.keyboard.type("needle")
    assert browsing.rows.count() == len(LANGUAGES)
    browsing.page.keyboard.press("Enter")  # sends nothing anywhere
    assert browsing.rows.count() == len(LANGUAGES)


def test_links_of_the_contents_lead_to_their_parts(browsing):
    browsing.page.click("nav >> text=Row by row")
    assert browsing.page.locator("section:target h2").inner_text() == "Row by row"
