"""The papers' own numbers, to print beside ours: every cell, in percent, as JSON in `published/`."""

from functools import cache
from importlib.resources import files
from typing import Self

from pydantic import model_validator

from polydistill.errors import unknown
from polydistill.languages import canonical
from polydistill.papers.claims import Claim, check_names
from polydistill.papers.columns import AVERAGE, Column, by_name
from polydistill.results import LanguageCode
from polydistill.specs import Spec

PAPERS = ("xd", "mono", "multikd", "bert-kld", "mmkd")


class PublishedRow(Spec):
    """One row: a system, the languages whose labels it was trained on, its scores by column, its main average."""

    name: str
    labels_seen: tuple[LanguageCode, ...]
    scores: dict[str, float]
    average: float | None = None

    @property
    def cells(self) -> dict[str, float]:
        """All that the paper prints in this row, the main average as `average`."""
        return self.scores if self.average is None else {**self.scores, AVERAGE: self.average}


class PublishedGroup(Spec):
    """A block of rows under one heading, such as an encoder."""

    name: str
    rows: tuple[PublishedRow, ...]

    def row(self, name: str) -> PublishedRow:
        """The row of that name."""
        found = {row.name: row for row in self.rows}
        if name not in found:
            raise unknown(f"row of {self.name!r}", name, found)
        return found[name]


class Layout(Spec):
    """What a table shows around its rows: columns, what the main average is over, claims, remarks to a reader.

    A table without columns is one of languages: those that its rows have scores of.
    """

    columns: tuple[Column, ...] = ()
    average_over: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    remarks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _columns_are_known(self) -> Self:
        columns = by_name(self.columns)
        for name in self.average_over:
            if columns and name not in columns:
                raise unknown("column of the main average", name, columns)
        return self

    def column(self, name: str) -> Column:
        """The column of that name; in a table of languages, that of the language."""
        columns = by_name(self.columns)
        if columns and name not in columns:
            raise unknown("column", name, columns)
        return columns[name] if columns else Column.model_validate(canonical(name))

    def singles(self, name: str) -> tuple[Column, ...]:
        """The columns that a column or the main average is the mean of; a single column is that of itself."""
        over = self.average_over if name == AVERAGE else self.column(name).over or (name,)
        return tuple(self.column(one) for one in over)


class PublishedTable(Layout):
    """One table of a paper; its id is the paper and the table's number, such as `xd/3`."""

    id: str
    title: str
    groups: tuple[PublishedGroup, ...]

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        rows = [row for group in self.groups for row in group.rows]
        for row in rows:
            for name in row.scores:
                self.column(name)
        for claim in self.claims:
            columns = by_name(self.columns) or {name: self.column(name) for row in rows for name in row.scores}
            held = self.group(claim.group).rows if claim.group else rows
            check_names(claim, [row.name for row in held], columns)
        return self

    def group(self, name: str) -> PublishedGroup:
        """The block of that name."""
        found = {group.name: group for group in self.groups}
        if name not in found:
            raise unknown(f"group of table {self.id}", name, found)
        return found[name]

    def zero_shot(self, row: PublishedRow) -> tuple[str, ...]:
        """The columns of a row that were scored without labels of their language."""
        return tuple(name for name in row.scores if self.column(name).zero_shot(row.labels_seen))


class Repair(Spec):
    """A cell or name that the text of the paper garbles: what it reads, what it was taken for, and why."""

    table: str
    group: str
    row: str
    cell: str
    printed: str
    value: float | str
    because: str
    certain: bool


class AverageException(Spec):
    """A printed average that is not the mean of the cells printed beside it: the main one, or that of a column."""

    table: str
    group: str
    row: str
    column: str = AVERAGE
    printed: float
    computed: float


class PublishedPaper(Spec):
    """All tables of a paper, and what is to be known about them."""

    paper: str
    title: str
    reference: str
    task: str
    metric: str
    unit: str
    languages: tuple[LanguageCode, ...]
    notes: tuple[str, ...]
    tables: tuple[PublishedTable, ...]
    repairs: tuple[Repair, ...]
    exceptions: tuple[AverageException, ...]


@cache
def published_paper(paper: str) -> PublishedPaper:
    """The published numbers of one paper, such as `xd`."""
    if paper not in PAPERS:
        raise unknown("paper with published numbers", paper, PAPERS)
    source = files("polydistill.papers").joinpath("published", f"{paper}.json")
    return PublishedPaper.model_validate_json(source.read_text(encoding="utf-8"))


def published_table(table_id: str) -> PublishedTable:
    """One table by its id, such as `xd/3`."""
    paper = published_paper(table_id.partition("/")[0])
    tables = {table.id: table for table in paper.tables}
    if table_id not in tables:
        raise unknown("published table", table_id, tables)
    return tables[table_id]
