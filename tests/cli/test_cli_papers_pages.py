"""Papers' results as pages, from the command line."""

from pathlib import Path

RESULTS = Path(__file__).parents[2] / "docs" / "results"


def test_the_command_writes_its_page(polydistill, tmp_path):
    page = tmp_path / "pages" / "claims.html"
    result = polydistill(f"claims --tables {RESULTS} --page {page}")
    assert result.exit_code == 0, result.output
    assert "<h1>What the papers claim, and what ours say</h1>" in page.read_text()


def test_a_plan_has_no_page(polydistill, tmp_path):
    result = polydistill(f"table xd/3 --plan --page {tmp_path / 'page.html'}")
    assert result.exit_code != 0
    assert "with --plan there are none" in result.output
