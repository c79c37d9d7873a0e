"""The papers' tables, figures and claims as pages: the main result first, then every number with what it rests on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from markupsafe import Markup

from polydistill.inspection.inspection import Inspected
from polydistill.papers.ledger import HEADINGS, Decision, Entry, cells
from polydistill.papers.published import published_table
from polydistill.papers.rendering import average_heading, column_heading, notes, number_text, row_cells
from polydistill.papers.table import Table
from polydistill.papers.wording import claim_text
from polydistill.reports import figures, inspection
from polydistill.reports.page import Grid, Headlines, Number, Picture, Prose, Record, Section, shown


@dataclass(frozen=True)
class Scores:
    """A table of results."""

    heading: str
    table: Table

    def html(self) -> Markup:
        """The table and its notes."""
        table = self.table
        return shown(
            "scores.html",
            "polydistill.papers",
            table=table,
            width=1 + len(table.columns) + bool(table.average_over),
            heading=column_heading,
            average=average_heading(table),
            cells=row_cells,
            notes=notes(table.model_copy(update={"claims": ()})),
        )


def of_table(table: Table) -> list[Section]:
    """A table's best rows, its numbers, and what it says of the paper's claims."""
    rows = [row.name for group in table.groups for row in group.rows]
    claims = "\n\n".join(claim_text(claim, rows) for claim in table.claims)
    said = [Prose("What the paper claims", claims)] if claims else []
    return [
        _best(table),
        Scores("All scores", table),
        *said,
        Record("The table as data", table.model_dump(mode="json")),
    ]


def _best(table: Table) -> Headlines:
    """The best average of each group, with the paper's number of the same row."""
    numbers = []
    for group in table.groups:
        rows = [
            (row.average.mean, row) for row in group.rows if row.average is not None and row.average.mean is not None
        ]
        if rows:
            mean, row = max(rows, key=lambda pair: pair[0])
            printed = row.average.published
            paper = "" if printed is None else f"the paper prints {number_text(printed)}"
            name = f"{row.name}, {group.name}" if group.name else row.name
            numbers.append(Number(number_text(mean), f"{name}: {average_heading(table)}", paper))
    found = Counter(claim.finding for claim in table.claims)
    if found:
        others = ", ".join(f"{count} {finding}" for finding, count in found.items() if finding != "reproduced")
        numbers.append(
            Number(f"{found['reproduced']} of {len(table.claims)}", "claims of the paper reproduced", others)
        )
    ours = f" Ours: {table.setting}." if table.setting else ""
    return Headlines("In short", numbers, f"{table.title}: {table.metric} in points.{ours}")


def of_figure(made: figures.Figure | Inspected) -> list[Section]:
    """A figure and its points."""
    if isinstance(made, Inspected):
        return list(inspection.sections(made, inspection.pictures(made)))
    (_, *heads), rows = figures.grid_of(made)
    caption = f"{made.y} by {made.x}; {made.setting}."
    return [Picture(made.title, figures.draw(made), caption), Grid("Its points", ["panel", *heads], rows, words=(1,))]


def of_claims(entries: Sequence[Entry]) -> list[Section]:
    """How many claims came out how, and each with what it rests on, table by table."""
    found = Counter(one.decision for one in entries)
    numbers = [Number(str(found[kind]), f"claims {kind}", "") for kind in get_args(Decision) if found[kind]]
    lead = (
        f"{len(entries)} claims of the papers, held against the tables that are stored. A claim about several rows or "
        "columns is decided by its weakest pair; differences are in points, p-values after Holm's correction."
    )
    parts: list[Section] = [Headlines("In short", numbers, lead)]
    for table in dict.fromkeys(one.table for one in entries):
        mine = [one for one in entries if one.table == table]
        causes = " ".join(dict.fromkeys(f"Why: {one.cause}" for one in mine if one.cause))
        settings = " ".join(dict.fromkeys(f"Ours: {one.setting}." for one in mine if one.setting))
        rows = [
            (f"{one.claim} ({one.section}: “{one.quote}”)", *(cells(one)[at] for at in (1, 3, 4, 5, 6, 7)))
            for one in mine
        ]
        heads = ("claim", *(HEADINGS[at] for at in (1, 3, 4, 5, 6, 7)))
        remark = " ".join(part for part in (settings, causes) if part)
        parts.append(Grid(f"{table}: {published_table(table).title}", heads, rows, remark, words=(1, 6)))
    return parts
