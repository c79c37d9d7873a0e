"""The log of a run as pictures: the terms of its loss, and the scores on dev rows that chose its weights."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from polydistill.reports.left import left
from polydistill.reports.page import Picture
from polydistill.reports.plots import curves, loss_curves
from polydistill.results import RunResult
from polydistill.training.arguments import SCORE
from polydistill.training.store import LOG

_NO_TERMS = ("loss", "grad_norm", "learning_rate", "epoch", "step", "total_flos")
_DEV = "eval_"
_NO_PREFIXES = (_DEV, "train_")

Points = dict[str, list[tuple[int, float]]]


def pictures(folder: Path, result: RunResult) -> list[Picture]:
    """Loss terms and dev scores, as far as the run has them."""
    name = f"{result.name}, seed {result.seed}"
    lines: list[Mapping[str, float]] = left(folder / LOG, list) or []
    terms = _points(lines, [name for line in lines for name in line if _is_term(name)])
    dev = _points(lines, [name for line in lines for name in line if name.startswith(_DEV)])
    parts: list[Picture] = []
    if dev:
        parts += _dev(dev, name)
    if terms:
        said = "Unweighted means since the last line."
        parts.append(Picture(f"Loss: {name}", loss_curves(terms, f"Loss terms of {name}"), said))
    return parts


def _is_term(name: str) -> bool:
    return name not in _NO_TERMS and not name.startswith(_NO_PREFIXES)


def _points(lines: Sequence[Mapping[str, float]], names: Sequence[str]) -> Points:
    found: Points = {name: [] for name in names}
    for line in lines:
        for name in found.keys() & line.keys():
            if isinstance(line[name], float):
                found[name].append((int(line["step"]), line[name]))
    return {name: points for name, points in found.items() if points}


def _dev(dev: Points, name: str) -> Iterator[Picture]:
    """Each measure of each language by step; the best step is that of the weights that were kept."""
    chosen = max(dev[f"{_DEV}{SCORE}"], key=lambda point: point[1])[0]  # the first of the best, as the trainer has it
    single = {one.removeprefix(_DEV): points for one, points in dev.items() if one != f"{_DEV}{SCORE}"}
    measures: dict[str, Points] = {}
    for one, points in single.items():
        measure, _, code = one.rpartition("_")
        measures.setdefault(measure or SCORE, {})[code] = points
    for measure, by_language in (measures or {SCORE: {SCORE: dev[f"{_DEV}{SCORE}"]}}).items():
        of = f" ({measure})" if len(measures) > 1 else ""
        plot = curves(by_language, f"Dev scores{of} of {name}", measure, chosen)
        said = f"{measure} by language. The weights of step {chosen} were kept."
        yield Picture(f"Dev scores{of}: {name}", plot, said)
