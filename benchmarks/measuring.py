"""Measuring on a machine that others use too: interleaved turns, medians with their ranges, and where they were taken.

Every turn runs each contender once, so a slow moment slows all of them alike; what is reported is the ratio of the
contenders within one turn, its median over the turns and its smallest and largest value.
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from polydistill.training.execute import versions

RESULTS = Path(__file__).parent / "results"

Seconds = dict[str, list[float]]


@dataclass(frozen=True)
class Spread:
    """The median of some measurements, and their range."""

    median: float
    low: float
    high: float

    def text(self, digits: int = 2) -> str:
        """Such as `1.03 (1.01 to 1.06)`."""
        return f"{self.median:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"


def spread(values: Sequence[float]) -> Spread:
    """Median and range."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(seconds: Mapping[str, Sequence[float]], of: str, to: str) -> list[float]:
    """Turn by turn, how many times as long `of` took as `to`."""
    return [one / other for one, other in zip(seconds[of], seconds[to], strict=True)]


def interleaved(contenders: Mapping[str, Callable[[], object]], turns: int, warm_up: int = 1) -> Seconds:
    """Seconds of every contender in every turn; every second turn goes through them backwards."""
    seconds: Seconds = {name: [] for name in contenders}
    for turn in range(-warm_up, turns):
        for name in list(contenders)[:: 1 if turn % 2 else -1]:
            took = timed(contenders[name])
            if turn >= 0:
                seconds[name].append(took)
    return seconds


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def machine() -> str:
    """The processor, without a name that tells whose it is."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = names[0] if names else platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores, {torch.backends.cpu.get_cpu_capability()}"


def markdown(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows of equal columns as a Markdown table."""
    header = list(rows[0])
    lines = [header, ["---"] * len(header), *([str(row[name]) for name in header] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(name: str, title: str, parts: Sequence[str], raw: Any) -> str:
    """Write `results/NAME.md` and, with every single measurement, `results/NAME.json`; gives back the page."""
    where = {"machine": machine(), "versions": versions()}
    said = ", ".join(f"{key} {value}" for key, value in versions().items())
    page = "\n\n".join([f"# {title}", *parts, f"Machine: {machine()}. Versions: {said}."]) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(page, encoding="utf-8")
    (RESULTS / f"{name}.json").write_text(json.dumps({**where, "measured": raw}, indent=1) + "\n", encoding="utf-8")
    return page
