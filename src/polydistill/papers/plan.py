"""What a table would take: runs, steps, examples, a rough time, and what must be fetched. Nothing is run or read."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from polydistill.data.rows.sources import FileSource, HubSource
from polydistill.languages import parts_of
from polydistill.papers.recipe import TableRecipe
from polydistill.specs import Spec
from polydistill.starts.origins import Fresh, Pretrained
from polydistill.training.run import ResultOf, Run, Start

LARGE, SMALL, MINI = 250.0, 30.0, 400.0
"""Rows a second. LARGE: assumed of a base-size encoder on one GPU. SMALL: of the encoders of the scale `real` on one
core, MINI: of the mini-world's."""
HEADINGS = ("method", "model", "runs", "steps", "examples", "hours")


class Line(Spec):
    """All runs of one method on one model."""

    method: str
    model: str
    runs: int
    steps: int
    examples: int
    hours: float


class Plan(Spec):
    """What a table takes; `rows_a_second` is what its time was reckoned with, where it was given."""

    id: str
    setting: str
    seeds: tuple[int, ...]
    lines: tuple[Line, ...]
    downloads: tuple[str, ...]
    files: tuple[str, ...] = ()
    rows_a_second: float | None = None

    @property
    def runs(self) -> int:
        """Number of different runs, those that others start from among them."""
        return sum(line.runs for line in self.lines)

    @property
    def hours(self) -> float:
        """All of them one after the other."""
        return sum(line.hours for line in self.lines)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to fetch, and how the time was reckoned."""
        speed = (
            f"{self.rows_a_second:g} rows learned a second"
            if self.rows_a_second
            else f"{LARGE:g} rows learned a second by a downloaded encoder on one GPU (assumed), {SMALL:g} by one of "
            f"the scale real and {MINI:g} by one of the mini-world on one core (measured); say your own with "
            "--rows-a-second"
        )
        return (
            f"To download: {'; '.join(self.downloads) or 'nothing'}.",
            *([f"Files to be there: {', '.join(self.files)}."] if self.files else []),
            f"Hours: {speed}. What teachers read and what is scored comes on top.",
            "Runs go to their last step: where patience may stop them earlier, these are upper bounds.",
        )


def plan_table(
    recipe: TableRecipe, seeds: Sequence[int], rows_a_second: float | None = None, tried: Sequence[Run] = ()
) -> Plan:
    """What the table takes, and the runs of its search; a run that several rows or runs share counts once."""
    if rows_a_second is not None and rows_a_second <= 0:
        raise ValueError(f"rows_a_second is {rows_a_second:g}; expected more than 0, such as 300.")
    runs = with_starts([*tried, *recipe.wanted(seeds)])
    made = {str(one.folder): one.of for one in recipe.needs}
    lines = [_line(run, rows_a_second, made) for run in runs]
    kinds = dict.fromkeys((line.method, line.model) for line in lines)
    return Plan(
        id=recipe.id,
        setting=recipe.setting,
        seeds=tuple(seeds),
        lines=tuple(_sum([line for line in lines if (line.method, line.model) == kind]) for kind in kinds),
        downloads=_downloads(runs, made),
        files=tuple(dict.fromkeys(source.path for source, _ in _read(runs) if isinstance(source, FileSource))),
        rows_a_second=rows_a_second,
    )


def with_starts(runs: Iterable[Run]) -> list[Run]:
    """These runs and all they start from, each once, what is needed first."""
    found: dict[str, Run] = {}

    def add(run: Run) -> None:
        for first in run.first:
            add(first)
        found.setdefault(run.outline, run)

    for run in runs:
        add(run)
    return list(found.values())


def _line(run: Run, rows_a_second: float | None, made: Mapping[str, Pretrained]) -> Line:
    origin = _origin(run.start)
    small = isinstance(origin, Pretrained) and origin.name in made
    usual = MINI if isinstance(origin, Fresh) else SMALL if small else LARGE
    examples = run.training.steps * run.training.batch_size * run.training.accumulation
    return Line(
        method=run.method.kind,
        model=f"fresh {origin.blocks} x {origin.width}"
        if isinstance(origin, Fresh)
        else made.get(origin.name, origin).name,
        runs=1,
        steps=run.training.steps,
        examples=examples,
        hours=examples / (rows_a_second or usual) / 3600,
    )


def _origin(start: Start) -> Fresh | Pretrained:
    """The encoder that a chain of runs goes back to."""
    if isinstance(start, Fresh | Pretrained):
        return start
    return _origin(start.run.start if isinstance(start, ResultOf) else start.of)


def _sum(lines: Sequence[Line]) -> Line:
    """Lines of one method and model as one."""
    numbers = ("runs", "steps", "examples", "hours")
    return lines[0].model_copy(update={name: sum(getattr(line, name) for line in lines) for name in numbers})


def _read(runs: Iterable[Run]) -> list[tuple[object, tuple[str, ...]]]:
    """The sources of all runs, each with its languages."""
    judged = [judging for run in runs for judging in (run.selection, run.evaluation) if judging]
    return [*(read for run in runs for read in run.method.reads), *((one.data, one.languages) for one in judged)]


def _downloads(runs: Sequence[Run], made: Mapping[str, Pretrained]) -> tuple[str, ...]:
    """The models and data sets of the hub that the runs read, each once."""
    origins = [_origin(model) for run in runs for model in run.models.values()]
    names = (made.get(origin.name, origin).name for origin in origins if isinstance(origin, Pretrained))
    models = dict.fromkeys(name for name in names if not Path(name).is_dir())
    languages: dict[str, set[str]] = {}
    for source, codes in _read(runs):
        if isinstance(source, HubSource):
            languages.setdefault(source.name, set()).update(part for code in codes for part in parts_of(code))
    return (*models, *(f"{name} ({len(codes)} languages)" for name, codes in languages.items()))


def title(plan: Plan) -> str:
    """What is planned."""
    seeds = "1 seed" if len(plan.seeds) == 1 else f"{len(plan.seeds)} seeds"
    return f"{plan.id}: what it takes ({plan.setting}; {seeds})"


def cells(plan: Plan) -> list[tuple[str, ...]]:
    """The cells of the table, one row a method and model, the sum last."""
    total = Line(
        method="all",
        model="",
        runs=plan.runs,
        steps=sum(line.steps for line in plan.lines),
        examples=sum(line.examples for line in plan.lines),
        hours=plan.hours,
    )
    return [
        (line.method, line.model, f"{line.runs:,}", f"{line.steps:,}", f"{line.examples:,}", hours(line.hours))
        for line in (*plan.lines, total)
    ]


def hours(count: float) -> str:
    """Hours, or fewer as minutes."""
    return f"{count:,.1f} h" if count >= 1 else f"{60 * count:.1f} min"


def to_rich(plan: Plan) -> Group:
    """The plan for a terminal."""
    view = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for at, heading in enumerate(HEADINGS):
        view.add_column(heading, justify="left" if at < 2 else "right", overflow="fold")
    for row in cells(plan):
        view.add_row(*map(Text, row))
    return Group(Text(title(plan), style="bold"), view, Text("\n".join(plan.notes)))


def to_markdown(plan: Plan) -> str:
    """The plan for a page."""
    rows = [HEADINGS, ("---", "---", *["---:"] * (len(HEADINGS) - 2)), *cells(plan)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([f"**{title(plan)}**", "", *lines, "", *(f"- {note}" for note in plan.notes)]) + "\n"
