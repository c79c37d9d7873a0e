"""What pyproject.toml cannot say: the README as a package index shows it, where no link leads to a file beside it.

A link to a file is absolute where `[project.urls]` names the repository as `Source`, and its name beside its text where
it does not. A picture is absolute or left out.
"""

import re
import tomllib
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
_LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^]]*)\]\((?!https?:|#)(?P<file>[^)#\s]+)(?P<place>#[^)\s]*)?\)")


def for_index(text: str, source: str | None, version: str) -> str:
    """The README with links that work outside the repository, at the tag of this version."""

    def linked(found: "re.Match[str]") -> str:
        file, place, name = found["file"], found["place"] or "", found["text"]
        if source and found["picture"]:
            return f"![{name}]({source}/raw/v{version}/{file})"
        if source:
            return f"[{name}]({source}/blob/v{version}/{file}{place})"
        return "" if found["picture"] else f"{name} (`{file}`)" if name != file else f"`{file}`"

    return _LINK.sub(linked, text)


if __name__ == "__main__":
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = re.search(
        r'^__version__ = "(.+)"$', (HERE / "src/polydistill/__init__.py").read_text(encoding="utf-8"), re.M
    )
    assert said is not None, "the package says its version"
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    setup(
        long_description=for_index(readme, project.get("urls", {}).get("Source"), said[1]),
        long_description_content_type="text/markdown",
    )
