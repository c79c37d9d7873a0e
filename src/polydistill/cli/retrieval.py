"""What retrieval found, on a terminal."""

from collections.abc import Sequence
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
    lines = []
    for one in found:
        layers = _numbers(one.layers) + ("" if one.layers == one.other_layers else f" and {_numbers(one.other_layers)}")
        lines.append((one.way, layers, f"{100 * one.accuracy:.1f}", f"{100 * one.mrr:.1f}", str(one.candidates)))
    show_grid(("direction", "layers", "accuracy", mrr, "sentences"), lines, left=("direction", "layers"))
    say(f"how: {how.said}")
    save_json(json, found)


def _numbers(layers: Sequence[int]) -> str:
    """Such as 1-4, or 1,3,5 where they do not follow one another."""
    if len(layers) > 2 and list(layers) == list(range(layers[0], layers[-1] + 1)):
        return f"{layers[0]}-{layers[-1]}"
    return ",".join(map(str, layers))
