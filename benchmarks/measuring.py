"""Measuring on a machine that others use too: interleaved turns, medians with their ranges, and where they were taken.

Every turn runs each contender once, so a slow moment slows all of them alike. What is reported is the ratio of two
contenders within a turn: its median over the turns, its smallest and its largest value.
"""

import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from polydistill.machine import processor
from polydistill.training.made import versions

RESULTS = Path(__file__).parent / "results"

Seconds = dict[str, list[float]]
Row = dict[str, object]


def now() -> float:
    """Seconds of processor time with one thread, which neighbours do not lengthen; with more, seconds of the clock."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    began = now()
    work()
    return now() - began


def interleaved(contenders: Mapping[str, Callable[[], object]], turns: int, warm_up: int = 1) -> Seconds:
    """Seconds of every contender in every turn; every second turn goes through them backwards."""
    seconds: Seconds = {name: [] for name in contenders}
    for turn in range(-warm_up, turns):
        for name in list(contenders)[:: 1 if turn % 2 else -1]:
            took = timed(contenders[name])
            if turn >= 0:
                seconds[name].append(took)
    return seconds


def ratios(seconds: Seconds, of: str, to: str) -> list[float]:
    """Turn by turn, how many times as long `of` took as `to`."""
    return [one / other for one, other in zip(seconds[of], seconds[to], strict=True)]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median and range, such as `1.03 (1.01 to 1.06)`."""
    middle, low, high = (f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values)))
    return f"{middle} ({low} to {high})"


def in_ms(seconds: Sequence[float], pieces: int = 1) -> str:
    """The median of some times, a piece, in milliseconds."""
    milliseconds = 1000 * statistics.median(seconds) / pieces
    return f"{milliseconds:,.{0 if milliseconds >= 100 else 1}f}"


def machine() -> str:
    """The processor and what PyTorch uses of it."""
    kernels = torch.backends.cpu.get_cpu_capability()
    return f"{processor()}, {os.cpu_count()} cores, {kernels}, shared with other work"


def markdown(rows: Sequence[Row]) -> str:
    """Rows of equal columns as a Markdown table."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([str(row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(name: str, title: str, parts: Sequence[str], measured: Sequence[Row]) -> None:
    """Print a page and write it to `results/NAME.md`; every single measurement goes to `results/NAME.json`."""
    said = ", ".join(f"{key} {value}" for key, value in versions().items())
    clock = "Rows of one thread are processor time, rows of more are wall-clock time."
    page = "\n\n".join([f"# {title}", *parts, f"Machine: {machine()}. {clock}\nVersions: {said}."]) + "\n"
    content = {"machine": machine(), "versions": versions(), "measured": measured}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(page, encoding="utf-8")
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(page)
