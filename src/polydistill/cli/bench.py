"""Models side by side, on a terminal."""

import statistics
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from polydistill.cli.screen import errors, results

if TYPE_CHECKING:
    from polydistill.serving.bench import Bench, Measured

MB = 1e6


def show(done: "Bench") -> None:
    """Print a line a model, and under which circumstances they were measured."""
    results().print(table(done))
    errors().print(_circumstances(done), markup=False, highlight=False, soft_wrap=True)


def table(done: "Bench") -> Table:
    """A line a model; the first is what the others are compared with."""
    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    view.add_column("model", overflow="fold")
    for heading in ("runs on", "rows/s", "speedup", "p50 ms", "p95 ms", "memory MB", "disk MB", "parameters", "load s"):
        view.add_column(heading, justify="left" if heading == "runs on" else "right")
    for model in done.models:
        view.add_row(Text(model.model), *_cells(done, model))
    return view


def _cells(done: "Bench", model: "Measured") -> tuple[str, ...]:
    return (
        model.backend,
        f"{statistics.median(done.rows_a_second(model)):,.1f}",
        f"{statistics.median(done.speedups(model)):.2f}x",
        f"{1000 * model.latency(50):,.1f}",
        f"{1000 * model.latency(95):,.1f}",
        f"{model.peak_memory / MB:,.0f} (+{max(0, model.peak_memory - model.memory_before) / MB:,.0f})",
        f"{model.disk / MB:,.1f}",
        "?" if model.parameters is None else f"{model.parameters / MB:,.1f} M",
        f"{model.load_seconds:.2f}",
    )


def _circumstances(done: "Bench") -> str:
    how = done.settings
    return (
        f"{how.rows} rows of {done.text}, {how.batch_size} at a time, {how.turns} turns, {how.threads} threads, "
        f"{how.clock} clock. Latency of one row, from text to logits. "
        "Memory: the most that a model's process held (+ its own part). "
        f"{done.processor}, {done.cores} cores, load {done.load_average[0]:.1f} before."
    )
