"""The papers' own numbers, to print beside ours: every cell, in percent, as JSON in `published/`."""

from functools import cache
from importlib.resources import files

from polydistill.errors import unknown
from polydistill.results import LanguageCode
from polydistill.specs import Spec

PAPERS = ("xd",)


class PublishedRow(Spec):
    """One row: a system, the languages whose labels it was trained on, its scores and the average it prints."""

    name: str
    labels_seen: tuple[LanguageCode, ...]
    scores: dict[LanguageCode, float]
    average: float | None

    @property
    def zero_shot(self) -> tuple[str, ...]:
        """The languages that are scored without having been trained on their labels."""
        return tuple(code for code in self.scores if code not in self.labels_seen)


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


class PublishedTable(Spec):
    """One table of a paper; its id is the paper and the table's number, such as `xd/3`."""

    id: str
    title: str
    groups: tuple[PublishedGroup, ...]

    def group(self, name: str) -> PublishedGroup:
        """The block of that name."""
        found = {group.name: group for group in self.groups}
        if name not in found:
            raise unknown(f"group of table {self.id}", name, found)
        return found[name]


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
    """A printed average that is not the mean of the cells printed beside it."""

    table: str
    group: str
    row: str
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
    source = files("polydistill.reports").joinpath("published", f"{paper}.json")
    return PublishedPaper.model_validate_json(source.read_text(encoding="utf-8"))


def published_table(table_id: str) -> PublishedTable:
    """One table by its id, such as `xd/3`."""
    paper = published_paper(table_id.partition("/")[0])
    tables = {table.id: table for table in paper.tables}
    if table_id not in tables:
        raise unknown("published table", table_id, tables)
    return tables[table_id]
