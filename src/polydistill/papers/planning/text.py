"""A plan as a terminal table or as Markdown; `Plan.model_dump_json` is its JSON form."""

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from polydistill.papers.planning.plan import Download, Plan

HEADINGS = ("method", "model", "runs", "steps", "examples", "student", "teacher", "judging", "hours")


def rows(plan: Plan) -> list[tuple[str, ...]]:
    """The cells of the table, one row a method and model, the sum last."""
    cells: list[tuple[str, ...]] = [
        (
            line.method,
            line.model,
            f"{line.runs:,}",
            f"{line.steps:,}",
            f"{line.examples:,}",
            flops(line.student_flops),
            flops(line.teacher_flops),
            flops(line.judging_flops),
            hours(line.hours),
        )
        for line in plan.lines
    ]
    sums = (
        f"{plan.runs:,}",
        f"{sum(line.steps for line in plan.lines):,}",
        f"{sum(line.examples for line in plan.lines):,}",
        flops(sum(line.student_flops for line in plan.lines)),
        flops(sum(line.teacher_flops for line in plan.lines)),
        flops(sum(line.judging_flops for line in plan.lines)),
        hours(plan.hours),
    )
    return [*cells, ("all", "", *sums)]


def flops(count: float) -> str:
    """A number of floating-point operations in FLOPs, such as `3.1e+18`; a dash for none."""
    return f"{count:.1e}" if count else "–"


def hours(count: float) -> str:
    """Hours, or fewer as minutes."""
    return f"{count:,.1f} h" if count >= 1 else f"{60 * count:.1f} min"


def title(plan: Plan) -> str:
    """What is planned."""
    seeds = "1 seed" if len(plan.seeds) == 1 else f"{len(plan.seeds)} seeds"
    return f"{plan.id}: what it takes on one {plan.gpu} ({plan.setting}; {seeds}); arithmetic in FLOPs"


def notes(plan: Plan) -> list[str]:
    """Downloads, files and assumptions."""
    fetched = "; ".join(map(_download, plan.downloads)) or "nothing"
    files = [f"Rows of these files as published, whether or not they are here: {', '.join(plan.files)}."]
    return [f"To download: {fetched}.", *(files if plan.files else ()), *plan.assumptions]


def _download(download: Download) -> str:
    size = "size unknown" if download.bytes is None else f"about {download.bytes / 1e9:.2g} GB"
    return f"{download.name}, {size}"


def to_rich(plan: Plan) -> Group:
    """The plan for a terminal."""
    view = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for at, heading in enumerate(HEADINGS):
        view.add_column(heading, justify="left" if at < 2 else "right", overflow="fold")
    for cells in rows(plan):
        view.add_row(*map(Text, cells))
    return Group(Text(title(plan), style="bold"), view, Text("\n".join(notes(plan))))


def to_markdown(plan: Plan) -> str:
    """The plan for a page."""
    lines = [f"**{title(plan)}**", "", _line(HEADINGS), _line(("---", "---", *["---:"] * (len(HEADINGS) - 2)))]
    return "\n".join([*lines, *map(_line, rows(plan)), "", *(f"- {note}" for note in notes(plan))]) + "\n"


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"
