"""What is published: one version everywhere, a README that stands alone, and no file left out."""

import importlib.util
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import polydistill

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")


def for_index(*given):
    spec = importlib.util.spec_from_file_location("polydistill_setup", ROOT / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.for_index(*given)


def test_one_version():
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.M)[1]
    changed = re.search(r"^## (\S+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)[1]
    assert {cited, changed} == {polydistill.__version__}


def test_readme_links_lead_to_files():
    files = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert len(files) > 30
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_readme_on_an_index_has_no_link_that_leads_nowhere():
    plain = for_index(README, None, "1.2")
    assert re.findall(r"\]\((?!https?:)", plain) == []
    assert "Quickstart (`docs/quickstart.md`)" in plain
    linked = for_index(README, "https://example.org/us/polydistill", "1.2")
    assert re.findall(r"\]\((?!https?:)", linked) == []
    assert "(https://example.org/us/polydistill/blob/v1.2/docs/quickstart.md)" in linked
    assert "![XNLI by language](https://example.org/us/polydistill/raw/v1.2/benchmarks/" in linked


def test_the_wheel_has_all_that_the_package_reads():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["polydistill"]
    package = ROOT / "src" / "polydistill"
    data = [one.relative_to(package) for one in package.rglob("*") if one.is_file()]
    named = [str(one) for one in data if one.suffix not in {".py", ".pyc"} and "__pycache__" not in one.parts]
    assert named
    assert [name for name in named if not any(fnmatch(name, pattern) for pattern in patterns)] == []


def test_extras_that_a_message_names_are_there():
    extras = set(PROJECT["project"]["optional-dependencies"])
    texts = [one.read_text(encoding="utf-8") for one in (ROOT / "src").rglob("*.py")]
    named = {name for text in texts for name in re.findall(r"polydistill\[([\w-]+)\]", text)}
    assert named
    assert named <= extras


def test_the_source_archive_has_all_files_of_the_root():
    lines = (ROOT / "MANIFEST.in").read_text(encoding="utf-8").splitlines()
    included = [pattern for line in lines if line.startswith("include ") for pattern in line.split()[1:]]
    always = ["pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in", "PKG-INFO"]
    kinds = {".md", ".cff", ".yml", ".toml", ".txt", ".py", ".cfg", ""}
    named = [one.name for one in ROOT.iterdir() if one.is_file() and one.suffix in kinds and one.name[0] != "."]
    assert "mkdocs.yml" in named
    assert [name for name in named if not any(fnmatch(name, pattern) for pattern in (*included, *always))] == []
    folders = {line.split()[1] for line in lines if line.startswith("graft ")}
    assert {"docs", "tests", "benchmarks", ".ci"} <= folders
