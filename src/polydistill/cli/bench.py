"""Models side by side, on a terminal."""

import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from polydistill.cli.screen import save_json, show_grid, tell

if TYPE_CHECKING:
    from polydistill.serving.bench import Bench, Measured

MB = 1e6


def show(done: "Bench", json: Path | None = None) -> None:
    """Print a line a model, the first of which the others are compared with, and how they were measured."""
    headings = ("rows/s", "speedup", "p50 ms", "p95 ms", "memory MB", "disk MB", "parameters", "load s")
    lines = [(model.model, *_cells(done, model)) for model in done.models]
    show_grid(("model", "runs on", *headings), lines, left=("model", "runs on"))
    tell(_circumstances(done))
    save_json(json, done)


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
