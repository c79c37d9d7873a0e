"""The command that measures models side by side: bench."""

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from polydistill.cli.screen import errors, example, results, save
from polydistill.cli.tasks import Task, task_named

if TYPE_CHECKING:
    from polydistill.serving.bench import Bench, Measured

MB = 1e6


def add(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(epilog=example("polydistill bench tuned small small-onnx --threads 2 --json bench.json"))(bench)


def bench(
    models: Annotated[list[str], typer.Argument(help="Models' or runs' folders, hub names, ONNX folders.")],
    text: Annotated[
        Path | None, typer.Option(help="Rows to read: JSONL as for predict, or a sentence a line. Default: --world.")
    ] = None,
    world: Annotated[bool, typer.Option("--world", help="Read rows of the mini-world.")] = False,
    task: Task = "nli",
    rows: Annotated[int, typer.Option(help="Rows of a turn.")] = 256,
    batch_size: Annotated[int, typer.Option(help="Rows read together, of similar lengths.")] = 32,
    turns: Annotated[int, typer.Option(help="How often each model reads all rows.")] = 5,
    threads: Annotated[int | None, typer.Option(help="Threads of each model. Default: as PyTorch has it.")] = None,
    lang: Annotated[str | None, typer.Option(help="Language of the texts; matters to XLM models only.")] = None,
    clock: Annotated[
        Literal["wall", "processor"],
        typer.Option(help="processor: with one thread, without the times at which other programs had its core."),
    ] = "wall",
    cards: Annotated[
        bool, typer.Option("--cards", help="Let the cards of exported folders say how fast their models are.")
    ] = False,
    json_: Annotated[Path | None, typer.Option("--json", help="Also write every single measurement as JSON.")] = None,
) -> None:
    """Measure models side by side: rows a second, latency, memory, size on disk, time to load."""
    if world and text is not None:
        raise ValueError(f"--world and --text {text} are two sources of rows. Give one of them.")
    known = task_named(task)
    from polydistill import api

    done = api.bench(
        *models,
        text=text,
        task=known,
        rows=rows,
        batch_size=batch_size,
        turns=turns,
        threads=threads,
        language=lang,
        clock=clock,
        cards=cards,
    )
    results().print(table(done))
    save(json_, done.model_dump_json(indent=1) + "\n")
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
