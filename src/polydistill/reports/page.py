"""One self-contained HTML page of a result: nothing is loaded from elsewhere, everything given is escaped."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from polydistill.languages import called
from polydistill.papers.columns import Column
from polydistill.papers.rendering import average_heading, column_heading, notes, row_cells
from polydistill.papers.table import Row, Table
from polydistill.reports.plots import Plot


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


@dataclass(frozen=True)
class Prose:
    """Paragraphs, parted by empty lines."""

    heading: str
    text: str


@dataclass(frozen=True)
class Scores:
    """A table of results."""

    heading: str
    table: Table


@dataclass(frozen=True)
class Grid:
    """Rows of cells under headings, the first cell naming its row."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    remark: str = ""


@dataclass(frozen=True)
class Picture:
    """A plot and what it shows."""

    heading: str
    plot: Plot
    caption: str


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


@dataclass(frozen=True)
class Record:
    """A run's record: anything that JSON can hold."""

    heading: str
    record: Mapping[str, Any]


@dataclass(frozen=True)
class Command:
    """The command that makes this result again."""

    heading: str
    command: str


Section = Headlines | Prose | Scores | Grid | Picture | Samples | Record | Command


def write_page(path: str | Path, title: str, sections: Sequence[Section]) -> Path:
    """Write the page, with a list of contents on top."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page_html(title, sections), encoding="utf-8")
    return target


def page_html(title: str, sections: Sequence[Section]) -> str:
    """The whole page as text."""
    template = Template(files("polydistill.reports").joinpath("page.html").read_text(encoding="utf-8"))
    links = (f'<li><a href="#part-{at}">{escape(one.heading)}</a></li>' for at, one in enumerate(sections, start=1))
    parts = (
        f'<section id="part-{at}" aria-labelledby="head-{at}">\n<h2 id="head-{at}">{escape(one.heading)}</h2>\n'
        f"{section_html(one)}\n</section>"
        for at, one in enumerate(sections, start=1)
    )
    return template.substitute(title=escape(title), contents="".join(links), body="\n".join(parts))


def section_html(section: Section) -> str:
    """What stands under a section's heading."""
    match section:
        case Headlines():
            html = _headlines(section)
        case Prose():
            html = "\n".join(f"<p>{escape(part)}</p>" for part in section.text.split("\n\n"))
        case Scores():
            html = _scores(section.table)
        case Grid():
            html = _grid(section)
        case Picture():
            html = _picture(section)
        case Samples():
            html = "\n".join(_sample(at, one, section) for at, one in enumerate(section.samples, start=1))
        case Record():
            dumped = escape(json.dumps(section.record, indent=2, ensure_ascii=False))
            html = f"<details><summary>Show the record (JSON)</summary>\n<pre>{dumped}</pre></details>"
        case Command():
            html = f"<pre><code>{escape(section.command)}</code></pre>"
    return html


def _headlines(section: Headlines) -> str:
    def one(number: Number) -> str:
        note = f'<dd class="note">{escape(number.note)}</dd>' if number.note else ""
        return f'<div><dt>{escape(number.label)}</dt><dd class="value">{escape(number.value)}</dd>{note}</div>'

    return f'<dl class="numbers">{"".join(map(one, section.numbers))}</dl>'


def _scores(table: Table) -> str:
    headings = ['<th scope="col">system</th>', *map(_heading, table.columns)]
    if table.average_over:
        headings.append(f'<th scope="col">{escape(average_heading(table))}</th>')
    bodies = []
    for group in table.groups:
        head = f'<tr class="group"><th scope="rowgroup" colspan="{len(headings)}">{escape(group.name)}</th></tr>'
        rows = [_score_row(table, row) for row in group.rows]
        bodies.append(f"<tbody>{head if group.name else ''}{''.join(rows)}</tbody>")
    remarks = "".join(f"<li>{escape(note)}</li>" for note in notes(table))
    caption = escape(f"{table.id}: {table.title}")
    return (
        _scrolling(
            f'<table class="scores"><caption><span>{caption}</span></caption>'
            f"<thead><tr>{''.join(headings)}</tr></thead>{''.join(bodies)}</table>",
            f"Table {table.id}",
        )
        + f'\n<ul class="notes">{remarks}</ul>'
    )


def _heading(column: Column) -> str:
    title = "" if column.language is None else f' title="{escape(called(column.language))}"'
    text = escape(column_heading(column))
    return f'<th scope="col">{f"<abbr{title}>{text}</abbr>" if title else text}</th>'


def _score_row(table: Table, row: Row) -> str:
    def one(ours: str, published: str) -> str:
        beside = f'<span class="published">{escape(published)}</span>' if published else ""
        return f"<td>{escape(ours)}{beside}</td>"

    cells = "".join(one(*pair) for pair in row_cells(table, row))
    return f'<tr><th scope="row">{escape(row.name)}</th>{cells}</tr>'


def _grid(section: Grid) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in section.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for first, *cells in section.rows
    )
    table = f'<table class="scores"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return _scrolling(table, section.heading) + (
        f'\n<p class="notes">{escape(section.remark)}</p>' if section.remark else ""
    )


def _picture(section: Picture) -> str:
    plot = section.plot
    drawn = plot.svg().replace("<svg ", f'<svg role="img" aria-label="{escape(plot.alt)}" ', 1)
    return f"<figure>{_scrolling(drawn, plot.title)}<figcaption>{escape(section.caption)}</figcaption></figure>"


def _sample(at: int, sample: Sample, section: Samples) -> str:
    systems = {section.before: sample.before, section.after: sample.after}
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("language", "text", *systems))
    rows = "".join(_sample_row(code, texts, sample.gold, systems) for code, texts in sample.texts.items())
    caption = f"<caption><span>{at}. Gold label: {escape(sample.gold)}</span></caption>"
    table = f"<table>{caption}<thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="samples">{_scrolling(table, f"Sample {at}")}</div>'


def _sample_row(code: str, texts: Sequence[str], gold: str, systems: Mapping[str, Mapping[str, str]]) -> str:
    lines = "".join(f"<p>{escape(text)}</p>" for text in texts)
    answers = "".join(_answer(name, labels.get(code), gold) for name, labels in systems.items())
    head = f'<th scope="row">{escape(called(code))}</th>'
    return f'<tr>{head}<td lang="{escape(code)}" dir="auto">{lines}</td>{answers}</tr>'


def _answer(system: str, predicted: str | None, gold: str) -> str:
    """One prediction, marked right or wrong by a sign and by a word for screen readers, not only by colour."""
    start = f'<td class="answer" data-label="{escape(system)}">'
    if predicted is None:
        return f"{start}–</td>"
    word, sign = ("right", "✓") if predicted == gold else ("wrong", "✗")
    marked = f'<span class="{word}"><span aria-hidden="true">{sign}</span><span class="hidden">{word}: </span>'
    return f"{start}{marked} {escape(predicted)}</span></td>"


def _scrolling(inner: str, label: str) -> str:
    """What may be wider than a phone scrolls within itself; it takes the focus so that keys can scroll it."""
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}">{inner}</div>'
