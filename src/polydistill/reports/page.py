"""One self-contained HTML page of sections: nothing is loaded from elsewhere, everything given is escaped.

A section is anything with a heading that says its own HTML; here are those that know no paper.
"""

import base64
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from polydistill.languages import called
from polydistill.reports.plots import NO_PICTURES, PALETTE, Plot, can_draw
from polydistill.whole import write_bytes

_HERE = "polydistill.reports"


class Section(Protocol):
    """A part of a page."""

    @property
    def heading(self) -> str:
        """What stands above it, and in the contents."""
        ...

    def html(self) -> Markup:
        """What stands under the heading."""
        ...


def write_page(path: str | Path, title: str, sections: Sequence[Section]) -> Path:
    """Write the page, with a list of contents on top."""
    target = Path(path)
    write_bytes(target, page_html(title, sections).encode())
    return target


def page_html(title: str, sections: Sequence[Section]) -> str:
    """The whole page as text. Nothing runs in it but the scripts of its sections, which are ours, by their hash."""
    names = dict.fromkeys(name for section in sections if (name := getattr(section, "script", None)))
    scripts = [Markup((files(_HERE) / "templates" / name).read_text(encoding="utf-8")) for name in names]
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    style = Markup((files(_HERE) / "templates" / "page.css").read_text(encoding="utf-8"))
    return shown("page.html", title=title, sections=sections, scripts=scripts, hashes=hashes, style=style)


def shown(template: str, package: str = _HERE, **values: Any) -> Markup:
    """A template of a package's folder `templates`, filled in; it may use those of this package."""
    return Markup(_templates(package).get_template(template).render(**values))


@cache
def _templates(package: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(_HERE)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["called"] = called
    return environment


@dataclass(frozen=True)
class Number:
    """One headline number, such as `78.1 %`, what it is, and a remark."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True)
class Headlines:
    """The numbers a reader should take away."""

    heading: str
    numbers: Sequence[Number]
    lead: str = ""
    """What was done, in a sentence or two."""

    def html(self) -> Markup:
        """What stands under the heading."""
        return shown("headlines.html", section=self)


@dataclass(frozen=True)
class Prose:
    """Paragraphs, parted by empty lines."""

    heading: str
    text: str

    def html(self) -> Markup:
        """What stands under the heading."""
        return shown("prose.html", section=self)


@dataclass(frozen=True)
class Grid:
    """Rows of cells under headings, the first cell naming its row.

    `bars` are the columns whose numbers, from 0 to 100, are also drawn as bars; those of `words` hold text.
    """

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    remark: str = ""
    bars: Collection[int] = ()
    words: Collection[int] = ()

    @staticmethod
    def share(cell: str) -> float:
        """How long the bar of a cell is, in percent of the cell's width; what is no number has none."""
        try:
            return min(100.0, max(0.0, float(cell.rstrip("°%").partition("±")[0])))
        except ValueError:
            return 0.0

    def html(self) -> Markup:
        """What stands under the heading."""
        return shown("grid.html", section=self)


@dataclass(frozen=True)
class Picture:
    """A plot and what it shows."""

    heading: str
    plot: Plot
    caption: str

    @property
    def drawn(self) -> Markup:
        """The plot as SVG in the colours of the page, with its text for who cannot see it; or that text alone."""
        if not can_draw():
            return Markup("<p>{}</p><p>{}</p>").format(self.plot.alt, NO_PICTURES)
        name = Markup('<svg role="img" aria-label="{}" ').format(self.plot.alt)
        drawn = self.plot.svg().replace("<svg ", name, 1)
        for at, colour in enumerate(PALETTE, 1):
            drawn = drawn.replace(colour.lower(), f"var(--series-{at})")
        return Markup(drawn)

    def html(self) -> Markup:
        """What stands under the heading."""
        return shown("picture.html", section=self)


@dataclass(frozen=True)
class Sample:
    """One row of a task: its texts (one or more) by language, the gold label, and the labels predicted by language."""

    gold: str
    texts: Mapping[str, Sequence[str]]
    before: Mapping[str, str]
    after: Mapping[str, str]


@dataclass(frozen=True)
class Samples:
    """Rows with what was predicted before and after."""

    heading: str
    samples: Sequence[Sample]
    before: str = "before"
    after: str = "after"

    def html(self) -> Markup:
        """What stands under the heading."""
        return shown("samples.html", section=self)


@dataclass(frozen=True)
class Record:
    """A run's record: anything that JSON can hold."""

    heading: str
    record: Mapping[str, Any]

    @property
    def json(self) -> str:
        """The record as text."""
        return json.dumps(self.record, indent=2, ensure_ascii=False)

    def html(self) -> Markup:
        """What stands under the heading."""
        return shown("record.html", section=self)


@dataclass(frozen=True)
class Command:
    """The command that makes this result again."""

    heading: str
    command: str

    def html(self) -> Markup:
        """What stands under the heading."""
        return shown("command.html", section=self)


@dataclass(frozen=True)
class Links:
    """Other pages, beside this one: what each has, by where it lies from here."""

    heading: str
    pages: Mapping[str, str]

    def html(self) -> Markup:
        """What stands under the heading."""
        return shown("links.html", section=self)
