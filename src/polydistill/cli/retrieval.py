"""What retrieval found, on a terminal."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from polydistill.cli.screen import save_json, say, show_grid

if TYPE_CHECKING:
    from polydistill.retrieval.retrieval import Retrieval


def show(found: "Sequence[Retrieval]", json: Path | None = None) -> None:
    """Print a line a layer (or set of layers) and direction, and how they were compared."""
    from polydistill.retrieval.retrieval import DEPTH

    how = found[0].how
    mrr = "MRR" if how.search == "exact" else f"MRR@{DEPTH}"
    lines = [
        (one.way, _of_layers(one.layers, one.other_layers), *_points(one.accuracy, one.mrr), str(one.candidates))
        for one in found
    ]
    lines += _means(found)
    show_grid(("direction", "layers", "accuracy", mrr, "sentences"), lines, left=("direction", "layers"))
    say(f"how: {how.said}")
    save_json(json, found)


def _of_layers(layers: Sequence[int], others: Sequence[int]) -> str:
    return _numbers(layers) + ("" if layers == others else f" and {_numbers(others)}")


def _means(found: "Sequence[Retrieval]") -> "Iterator[tuple[str, ...]]":
    """A line a layer and direction with the mean over the pairs of languages, where there are several."""
    pairs = {(one.language, one.other) for one in found}
    views = dict.fromkeys((one.layers, one.other_layers, one.direction, one.other) for one in found)
    for layers, others, direction, other in views if len(pairs) > 1 else ():
        same = [one for one in found if (one.layers, one.other_layers, one.direction) == (layers, others, direction)]
        means = (sum(getattr(one, name) for one in same) / len(same) for name in ("accuracy", "mrr"))
        yield f"mean of {len(same)} {direction} {other}", _of_layers(layers, others), *_points(*means), ""


def _points(*shares: float) -> tuple[str, ...]:
    return tuple(f"{100 * share:.1f}" for share in shares)


def _numbers(layers: Sequence[int]) -> str:
    """Such as 1-4, or 1,3,5 where they do not follow one another."""
    if len(layers) > 2 and list(layers) == list(range(layers[0], layers[-1] + 1)):
        return f"{layers[0]}-{layers[-1]}"
    return ",".join(map(str, layers))
