"""What retrieval found, on a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polydistill.cli.screen import results, say

if TYPE_CHECKING:
    from polydistill.retrieval.retrieval import Retrieval


def show(found: "Sequence[Retrieval]") -> None:
    """Print a line a layer (or set of layers) and direction, and how they were compared."""
    from rich import box
    from rich.table import Table

    from polydistill.retrieval.retrieval import DEPTH

    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    how = found[0].how
    mrr = "MRR" if how.search == "exact" else f"MRR@{DEPTH}"
    for heading in ("direction", "layers", "accuracy", mrr, "sentences"):
        view.add_column(heading, justify="left" if heading in ("direction", "layers") else "right")
    for one in found:
        same = one.layers == one.other_layers
        layers = _numbers(one.layers) + ("" if same else f" and {_numbers(one.other_layers)}")
        view.add_row(one.way, layers, f"{100 * one.accuracy:.1f}", f"{100 * one.mrr:.1f}", str(one.candidates))
    results().print(view)
    say(f"how: {how.said}")


def _numbers(layers: Sequence[int]) -> str:
    """Such as 1-4, or 1,3,5 where they do not follow one another."""
    if len(layers) > 2 and list(layers) == list(range(layers[0], layers[-1] + 1)):
        return f"{layers[0]}-{layers[-1]}"
    return ",".join(map(str, layers))
