"""The site: it builds without a warning, loads nothing from elsewhere, and names all that is public."""

import re
import shlex
from pathlib import Path

import pytest
import typer

import polydistill
from polydistill.cli import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PROSE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
_BASH = re.compile(r"^( *)```(?:bash|sh)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_LOADS = re.compile(
    r"""<(?:script|img|link|iframe|source|video)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^>]*>|@import|url\(["']?(?:https?:)?//"""
)


def commands(page: str) -> list[str]:
    """The `polydistill` commands of a page's blocks."""
    lines = [line for _, body in _BASH.findall(page) for line in body.replace("\\\n", " ").splitlines()]
    return [line.strip() for line in lines if line.strip().startswith("polydistill ")]


def _arguments(command: str) -> list[str]:
    words = shlex.split(command, comments=True)[1:]
    ends = [number for number, word in enumerate(words) if word in {"|", ">", "<", "&&"}]
    return words[: ends[0]] if ends else words


@pytest.mark.parametrize("page", PROSE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_that_are_shown_are_understood(page):
    root = typer.main.get_command(app)
    for command in commands(page.read_text(encoding="utf-8")):
        if "..." in command:
            continue
        name, *rest = _arguments(command)
        if name.startswith("-"):
            continue
        sub = root.commands[name]
        sub.make_context(name, rest, resilient_parsing="--help" in rest)


def test_the_reference_names_all_that_is_public_once():
    pages = "\n".join(page.read_text() for page in (DOCS / "api").glob("*.md"))
    named = re.findall(r"heading: polydistill\.(\w+)", pages)
    assert sorted(named) == polydistill.__all__
    there = re.findall(r"^::: (\S+)\n    options:", pages, re.MULTILINE)
    assert sorted(there) == sorted(".".join(place) for place in polydistill.public_names().values())


def test_decisions_have_an_index_of_all_their_topics():
    index, _, rest = (DOCS / "decisions.md").read_text(encoding="utf-8").partition("\n## ")
    topics = re.findall(r"^## (.+)$", f"## {rest}", re.MULTILINE)
    assert sorted(topics) == sorted(name for name in re.findall(r"\[([^]]+)\]\(#", index) if name[0].isupper())


def test_what_loads_from_elsewhere_is_seen():
    assert _LOADS.search('<script src="https://host/x.js"></script>')
    assert _LOADS.search("@font-face{src:url(//host/x.woff)}")
    assert not _LOADS.search('<a href="https://host">a link is followed by who clicks it</a>')


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    build = pytest.importorskip(
        "mkdocs.commands.build", reason="the site needs the extra docs: pip install -e '.[docs]'"
    )
    config = pytest.importorskip("mkdocs.config").load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path))
    build.build(config)
    pages = sorted(tmp_path.rglob("*.html"))
    assert {"index.html", "xd.html", "learn.html", "my_classifier.html", "CHANGELOG.html"} <= {
        page.name for page in pages
    }
    for page in [*pages, *tmp_path.rglob("*.css")]:
        found = _LOADS.search(page.read_text(encoding="utf-8"))
        assert found is None, f"{page.relative_to(tmp_path)} loads {found[0]}"
    assert "<math" in (tmp_path / "xd.html").read_text(encoding="utf-8")
    assert "anchor_share" in (tmp_path / "api" / "learn.html").read_text(encoding="utf-8")
