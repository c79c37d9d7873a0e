"""All tables and figures of the papers, by id: what there is, what it takes, and making it."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from polydistill.errors import unknown
from polydistill.inspection.inspection import Inspected
from polydistill.languages import named_languages
from polydistill.papers.bert_kld import figures as bert_kld_figures
from polydistill.papers.bert_kld import tables as bert_kld_tables
from polydistill.papers.figure import make_figure, make_inspection
from polydistill.papers.mmkd import figures as mmkd_figures
from polydistill.papers.mmkd import tables as mmkd_tables
from polydistill.papers.mono import figures as mono_figures
from polydistill.papers.mono import tables as mono_tables
from polydistill.papers.mono.tables import Split
from polydistill.papers.multikd import tables as multikd_tables
from polydistill.papers.multikd.tables import Select
from polydistill.papers.plan import Plan, plan_table
from polydistill.papers.published import published_table
from polydistill.papers.real import HUB, Real, Trimming
from polydistill.papers.recipe import TableRecipe, make_table
from polydistill.papers.scales import Scale
from polydistill.papers.search import candidates, with_search
from polydistill.papers.table import Table
from polydistill.papers.xd.tables import TABLES as XD_TABLES
from polydistill.papers.xd.tables import table as xd_table
from polydistill.reports.figures import Figure
from polydistill.training.store import DEFAULT_ROOT, Store

_INSIDE = {"bert-kld": bert_kld_figures, "mmkd": mmkd_figures}
"""The figures of these papers look inside models."""


def tables() -> dict[str, str]:
    """The ids and titles of all tables that can be made."""
    made = {
        "xd": map(str, XD_TABLES),
        "mono": mono_tables.TABLES,
        "multikd": multikd_tables.TABLES,
        "bert-kld": bert_kld_tables.TABLES,
        "mmkd": mmkd_tables.TABLES,
    }
    ids = [f"{paper}/{number}" for paper, numbers in made.items() for number in numbers]
    return {id: published_table(id).title for id in ids}


def recipe(
    id: str,
    scale: Scale = "world",
    select: Select | None = None,
    search: bool = False,
    real: Real | None = None,
    split: Split = "test",
) -> TableRecipe:
    """A table of a paper as a list of runs, such as `xd/3`.

    `select` and `search` are for `multikd/...`: whose dev rows choose the weights, and whether the paper's learning
    rates and numbers of epochs are all tried. The search of other tables is ours (`papers/search.py`). `real` says
    where the models and data of the scale `real` are, `split` what those tables of `mono` are scored on that are dev in
    the thesis.
    """
    real = _of_scale(scale, real)
    if split == "dev" and not id.startswith("mono/"):
        raise ValueError(f"split is an option of the mono tables; {id} has its paper's split. Leave it out.")
    if id not in tables():
        raise unknown("table", id, tables())
    paper, _, number = id.partition("/")
    if paper == "multikd":
        return multikd_tables.table(number, scale, select or "supervised", search, real)
    if select is not None:
        raise ValueError(f"select is an option of the multikd tables; {id} has none. Leave it out.")
    if paper == "xd":
        return xd_table(int(number), scale, real)
    if paper == "bert-kld":
        return bert_kld_tables.table(number, scale, real)
    return mono_tables.table(number, scale, split, real) if paper == "mono" else mmkd_tables.table(number, scale, real)


def table(
    id: str,
    scale: Scale = "world",
    seeds: int = 1,
    runs: str | Path = DEFAULT_ROOT,
    console: Console | None = None,
    only_finished: bool = False,
    select: Select | None = None,
    search: bool = False,
    models: str | Path | None = None,
    data: str | Path | None = None,
    langs: str | Sequence[str] = (),
    split: Split = "test",
    report_to: Sequence[str] = (),
) -> Table:
    """Run what is missing of a table, for the seeds 0, 1, ..., and put our numbers beside the published ones.

    With `only_finished` nothing is run, and the table has what is done. `select` and `search`: see `recipe`. The scale
    `real` reads the hub, or folders of `models` and `data`, for all languages or `langs`.
    """
    made, store = (
        recipe(id, scale, select, search, _real(models, data, langs, runs, scale), split),
        Store(runs, report_to),
    )
    _make(() if only_finished else made.needs)
    if search and not id.startswith("multikd/"):
        if only_finished:
            raise ValueError("A search decides what is run, so it does not go with only_finished. Leave one out.")
        made = with_search(made, store, console)
    return make_table(made, _seeds(seeds), store, console, only_finished)


def figures() -> dict[str, str]:
    """The ids and titles of all figures that can be made."""
    lines = {f"mono/{number}": title for number, (title, *_) in mono_figures.FIGURES.items()}
    inside = {f"{paper}/{number}": title for paper, made in _INSIDE.items() for number, title in made.FIGURES.items()}
    return {**lines, **inside}


def figure(
    id: str,
    scale: Scale = "world",
    seeds: int = 1,
    runs: str | Path = DEFAULT_ROOT,
    console: Console | None = None,
    only_finished: bool = False,
    models: str | Path | None = None,
    data: str | Path | None = None,
    langs: str | Sequence[str] = (),
    report_to: Sequence[str] = (),
) -> Figure | Inspected:
    """Run what is missing of a paper's figure, such as `mono/4.1`, for the seeds 0, 1, ..., and read its points.

    Of one that looks inside models, such as `mmkd/2`, one seed is drawn, and its numbers come along. The scale `real`
    reads what it reads for a table.
    """
    paper, _, number = id.partition("/")
    real = _of_scale(scale, _real(models, data, langs, runs, scale))
    if id not in figures():
        for other in (f"{paper}/figure{number}", f"{paper}/figure-{number}", id):
            if "/figure" in other and other in tables():
                raise ValueError(f"The numbers of this figure are a table: `polydistill table {other}`.")
        raise unknown("figure", id, figures())
    if paper in _INSIDE:
        if seeds != 1:
            raise ValueError(f"seeds is {seeds}; figure {id} draws the models of one seed. Leave it out.")
        inside = _INSIDE[paper].figure(number, scale, real)
        _make(() if only_finished else inside.needs)
        return make_inspection(inside, 0, Store(runs, report_to), console, only_finished)
    made = mono_figures.figure(number, scale, real)
    _make(() if only_finished else made.needs)
    return make_figure(made, _seeds(seeds), Store(runs, report_to), console, only_finished)


def plan(
    id: str,
    scale: Scale = "paper",
    seeds: int = 1,
    rows_a_second: float | None = None,
    select: Select | None = None,
    search: bool = False,
    models: str | Path | None = None,
    data: str | Path | None = None,
    langs: str | Sequence[str] = (),
    split: Split = "test",
) -> Plan:
    """What a table would take; nothing is run or fetched."""
    made = recipe(id, scale, select, search, _real(models, data, langs, DEFAULT_ROOT, scale), split)
    tried = candidates(made) if search and not id.startswith("multikd/") else ()
    return plan_table(made, _seeds(seeds), rows_a_second, tried)


def _real(
    models: str | Path | None, data: str | Path | None, langs: str | Sequence[str], runs: str | Path, scale: Scale
) -> Real | None:
    """Where the models and data of the scale `real` are; none of another scale, where nothing is said of them."""
    if scale != "real" and models is None and data is None and not langs:
        return None
    here, there = (None if folder is None else _folder(folder) for folder in (models, data))
    return Real(here, there, named_languages(langs) if langs else (), Path(runs))


def _of_scale(scale: Scale, real: Real | None) -> Real:
    """The same, or the hub's; other scales have none."""
    if real is not None and scale != "real":
        raise ValueError(f"models, data and langs are for the scale real, not for {scale}. Leave them out.")
    return real or HUB


def _make(needed: Sequence[Trimming]) -> None:
    """Make what is not there yet."""
    for one in needed:
        one.make()


def _folder(given: str | Path) -> Path:
    if not (folder := Path(given).expanduser().resolve()).is_dir():
        raise ValueError(f"{folder} is no folder. Name the one that holds the models, or the data (docs/real.md).")
    return folder


def _seeds(count: int) -> range:
    if count < 1:
        raise ValueError(f"seeds is {count}; expected at least 1: the seeds are 0, 1, ...")
    return range(count)
