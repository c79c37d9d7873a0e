"""A table as a terminal table, plain text, Markdown or JSON: every form shows the same cells and the same notes."""

import re
from itertools import pairwise

from rich import box
from rich.console import Group as RichGroup
from rich.table import Table as RichTable
from rich.text import Text

from polydistill.languages import LANGUAGES
from polydistill.papers.columns import Column
from polydistill.papers.table import Cell, Group, Row, Table
from polydistill.papers.wording import CLAIMS_NOTE, claim_text, difference_text
from polydistill.reports.significance import Comparison
from polydistill.results import LOWER_IS_BETTER

TERMINAL_WIDTH = 120
NAME_WIDTH = 22
GAP = 2
ZERO_SHOT = "°"
NOTHING = "–"
ARROWS = {"better": "↑", "worse": "↓", "within noise": ""}


def number_text(points: float) -> str:
    """A score in points, always with one decimal."""
    return f"{points:.1f}"


def ours_text(cell: Cell) -> str:
    """Our part of a cell, such as `78.1 ± 0.4°↑`; a dash where there is no run."""
    if cell.mean is None:
        return NOTHING
    spread = "" if cell.spread is None else f" ± {number_text(cell.spread)}"
    arrow = "" if cell.comparison is None else ARROWS[cell.comparison.verdict]
    return number_text(cell.mean) + spread + (ZERO_SHOT if cell.zero_shot else "") + arrow


def published_text(cell: Cell, over: int | None = None) -> str:
    """The paper's part of a cell, such as `(80.6°)`; `over` is stated where the paper averages over other languages."""
    if cell.published is None:
        return ""
    of = "" if over is None else f" of {over}"
    return f"({number_text(cell.published)}{ZERO_SHOT if cell.published_zero_shot else ''}{of})"


def average_heading(table: Table) -> str:
    """The heading of the last column, which says over how many languages ours is."""
    return f"avg of {len(table.average_over)}"


def column_heading(column: Column) -> str:
    """The heading of a column; a mean's says over how many columns ours is."""
    return f"{column.name} of {len(column.over)}" if column.over else column.name


def headings(table: Table, stacked: bool = False) -> list[str]:
    """The headings of all columns, the main average last where there is one.

    Stacked, a name such as `NER tr` stands in two lines, because numbers are narrower.
    """
    names = [column_heading(column) for column in table.columns]
    names = [name.replace(" ", "\n", 1) for name in names] if stacked else names
    return [*names, *([average_heading(table)] if table.average_over else [])]


def published_average_over(table: Table) -> int | None:
    """Over how many columns the paper averages, where that is not what our column says."""
    return None if table.published_over == len(table.average_over) else table.published_over


def _published_mean_over(column: Column) -> int | None:
    return None if column.published_over == len(column.over) else column.published_over


def row_cells(table: Table, row: Row) -> list[tuple[str, str]]:
    """Ours and published of each column, the average last; both empty where a block leaves a column out."""
    shown = [(row.cells.get(column.name), _published_mean_over(column)) for column in table.columns]
    if table.average_over:
        shown.append((row.average, published_average_over(table)))
    return [("", "") if cell is None else (ours_text(cell), published_text(cell, over)) for cell, over in shown]


def to_rich(table: Table, width: int = TERMINAL_WIDTH) -> RichGroup:
    """The table for a terminal, to be printed by a rich console; the published number stands under ours.

    Where `width` columns do not hold it, spreads move to a line of their own; where that is not enough, the columns
    are spread over several blocks.
    """
    lines = [[_lines(pair, stacked=False) for pair in row_cells(table, row)] for row in _rows(table)]
    heads = headings(table, stacked=True)
    if sum(_widths(heads, lines)) > width - NAME_WIDTH:
        lines = [[_lines(pair, stacked=True) for pair in row_cells(table, row)] for row in _rows(table)]
    blocks = _blocks(_widths(heads, lines), width - NAME_WIDTH)
    views = [_block(table, heads, lines, block) for block in blocks]
    return RichGroup(Text(_title(table), style="bold"), *views, Text("\n".join(notes(table))))


def _block(table: Table, heads: list[str], lines: list[list[str]], columns: range) -> RichTable:
    """The columns of one block, under their headings."""
    view = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    view.add_column("", overflow="fold", min_width=min(NAME_WIDTH - GAP, max(len(row.name) for row in _rows(table))))
    for column in columns:
        view.add_column(heads[column], justify="right", no_wrap=True)
    texts = iter(lines)
    for group in table.groups:
        if group.name:
            view.add_row(Text(group.name, style="bold"))
        # The rows come first, so that zip stops before it takes a line of the next group.
        for row, cells in zip(group.rows, texts, strict=False):
            view.add_row(Text(row.name), *(Text(cells[column]) for column in columns))
    return view


def _rows(table: Table) -> list[Row]:
    return [row for group in table.groups for row in group.rows]


def _lines(pair: tuple[str, str], stacked: bool) -> str:
    ours, published = pair
    return "\n".join(part for part in (ours.replace(" ± ", "\n± ") if stacked else ours, published) if part)


def _widths(heads: list[str], lines: list[list[str]]) -> list[int]:
    """The width of each column with the gap before it."""
    columns = [[head, *(row[at] for row in lines)] for at, head in enumerate(heads)]
    return [GAP + max(len(line) for text in column for line in text.split("\n")) for column in columns]


def _blocks(widths: list[int], room: int) -> list[range]:
    """The columns in as few blocks of neighbours as fit the room, about equally many in each."""
    per_block = max(1, room // max(widths))
    count = 1 if sum(widths) <= room else -(-len(widths) // per_block)
    bounds = [round(at * len(widths) / count) for at in range(count + 1)]
    return [range(start, stop) for start, stop in pairwise(bounds)]


def to_markdown(table: Table) -> str:
    """The table for a README or a paper's notes; the published number stands beside ours."""
    heads = ["", *headings(table)]
    lines = [f"**{_cell_safe(_title(table))}**", "", _line(heads), _line(["---", *["---:"] * (len(heads) - 1)])]
    for group in table.groups:
        if group.name:
            lines.append(_line([f"**{_cell_safe(group.name)}**", *[""] * (len(heads) - 1)]))
        for row in group.rows:
            texts = [" ".join(part for part in pair if part) for pair in row_cells(table, row)]
            lines.append(_line([_cell_safe(row.name), *texts]))
    return "\n".join([*lines, "", *(f"- {_cell_safe(note)}" for note in notes(table))]) + "\n"


def notes(table: Table) -> list[str]:
    """What a reader must know to judge the numbers: signs, columns, tests, each row's seeds and labels, and claims."""
    cells = [cell for group in table.groups for row in group.rows for cell in (*row.cells.values(), row.average)]
    found = [
        _metric_note(table),
        *_average_notes(table),
    ]
    if any(cell.spread is not None for cell in cells):
        found.append("±: sample standard deviation over seeds.")
    if any(cell.published is not None for cell in cells):
        found.append("(in brackets): the number the paper prints.")
    if any(cell.zero_shot or cell.published_zero_shot for cell in cells):
        found.append(f"{ZERO_SHOT} zero-shot: trained without labels of this language.")
    if any(cell.comparison is not None for cell in cells):
        found.append(_tests_note(table, [cell.comparison for cell in cells if cell.comparison]))
    found += table.remarks
    found += [_row_note(table, group, row) for group in table.groups for row in group.rows if row.seeds]
    rows = [row.name for row in _rows(table)]
    return [*found, *([CLAIMS_NOTE] if table.claims else []), *(claim_text(claim, rows) for claim in table.claims)]


def _metric_note(table: Table) -> str:
    """What the numbers are, and of errors that the lower is the better."""
    said = f"{table.metric[:1].upper()}{table.metric[1:]} in points."
    if not LOWER_IS_BETTER.isdisjoint(re.findall(r"\w+", table.metric)):
        said += " Mae is the mean absolute error x 100: the lower the better."
    return f"{said} Ours: {table.setting}." if table.setting else said


def _average_notes(table: Table) -> list[str]:
    """What each average is over."""
    means = [(f"{column.name}: the mean of", column.over, _published_mean_over(column)) for column in table.columns]
    if table.average_over:
        means.append(("Our average is over", table.average_over, published_average_over(table)))
    return [_average_note(*mean) for mean in means if mean[1]]


def _average_note(begin: str, over: tuple[str, ...], papers: int | None) -> str:
    spelled = (f"{name} {LANGUAGES[name].name}" if name in LANGUAGES else name for name in over)
    what = "languages" if all(name in LANGUAGES for name in over) else "columns"
    of = "" if papers is None else f" The paper averages over {papers} {what}, shown as 'of {papers}'."
    return f"{begin} {', '.join(spelled)}.{of}"


def _tests_note(table: Table, comparisons: list[Comparison]) -> str:
    tests = "; ".join(dict.fromkeys(one.test for one in comparisons))
    singles = "languages" if all(column.is_language for column in table.columns) else "columns"
    return (
        f"↑ better, ↓ worse than {table.reference} at 5 %; no arrow: within noise. Tests: {tests}; "
        f"p-values after Holm's correction, averages and single {singles} each as one family."
    )


def _row_note(table: Table, group: Group, row: Row) -> str:
    name = f"{group.name}, {row.name}" if group.name and len(table.groups) > 1 else row.name
    seeds = ("seed " if len(row.seeds) == 1 else "seeds ") + ", ".join(map(str, row.seeds))
    labels = ", ".join(row.labels_seen) or "none"
    selected = ", ".join(row.selected_on) or "nothing"
    note = f"{name}: {seeds}; labels seen: {labels}; selected on: {selected}."
    compared = row.average.comparison
    return note if compared is None else f"{note} {comparison_text(compared, table.reference or 'reference')}"


def comparison_text(found: Comparison, reference: str) -> str:
    """A difference of averages in words, for example +3.1 points with its interval and verdict."""
    return f"Average {difference_text(found, reference)}: {found.verdict}."


def _title(table: Table) -> str:
    return f"{table.id}: {table.title}"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell_safe(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
