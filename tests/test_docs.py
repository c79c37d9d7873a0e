"""Every command and every example on the pages runs; `pages.py` says how blocks are marked."""

from pathlib import Path

import pytest

from pages import blocks, run_page, tidy

ROOT = Path(__file__).parents[1]
PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if page.is_file()]
RUN = [page for page in PAGES if blocks(page.read_text())]


def test_the_quickstart_is_among_the_pages():
    assert ROOT / "docs" / "quickstart.md" in RUN


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """One folder of runs for all pages: what one has finished, such as the quickstart, the next does not do again."""
    return tmp_path_factory.mktemp("runs")


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_blocks_run_and_print_what_the_page_shows(page, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("runs").symlink_to(runs)
    todo = blocks(page.read_text())
    printed = run_page([one.for_tests for one in todo], [one.kind for one in todo])
    for one, output in zip(todo, printed, strict=True):
        assert one.shown is None or (output.strip() and one.shown.strip()), one.body
        if one.same:
            assert tidy(output) == tidy(one.shown), one.body


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_python_blocks_are_short(page):
    assert all(len(one.body.splitlines()) < 10 for one in blocks(page.read_text()) if one.kind == "python")


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_a_page_says_where_the_outputs_are_from_that_vary(page):
    text = page.read_text()
    varies = any(one.shown and not one.same for one in blocks(text))
    assert not varies or "Numbers of trained models vary a little between processors." in text


def test_marks_are_read():
    (one, other) = blocks(
        "<!-- run; in tests: a b -> c; d -> -->\n```bash\na b\nd\n```\n"
        "```bash\nnot run\n```\n<!-- run; same -->\n```python\nx\n```\n\n<!-- output -->\n```text\ny\n```\n"
    )
    assert (one.for_tests, one.shown, one.same) == ("c\n\n", None, False)
    assert (other.kind, other.body, other.shown, other.same) == ("python", "x\n", "y\n", True)
