"""What a file of weights holds must be numbers that a model can have."""

import json
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import safe_open

from polydistill.errors import DataError

FETCH = "Fetch or save the model again; nothing was loaded."
HARMLESS = ("position_ids", "inv_freq")  # buffers that older versions saved and that are computed
_SHOWN = 3


def counted(names: list[str], kind: str) -> str:
    """So many weights of a kind, the first of them by name."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names)} weight{'s' if len(names) > 1 else ''} {kind} ({', '.join(names[:_SHOWN])}{more})"


def refuse_no_numbers(file: Path, weights: Iterable[tuple[str, torch.Tensor]]) -> None:
    """Refuse a model that has diverged or was damaged, and one whose weights were made whole numbers."""
    if lost := not_finite(weights):
        way_out = f"The model has diverged when it was trained, or the file is damaged. {FETCH}"
        raise DataError(file, None, counted(lost, "not finite"), "weights that are numbers", way_out)
    if whole := _whole_numbers(file):
        found = counted(whole, "of whole numbers")
        way_out = "They were made smaller for another library. Take the model as it was before."
        raise DataError(file, None, found, "weights with fractions, such as fp32 or bf16", way_out)


def not_finite(weights: Iterable[tuple[str, torch.Tensor]]) -> list[str]:
    """The names of those that hold what is not a finite number. A finite sum says at a glance that all is well."""
    return [
        name
        for name, value in weights
        if not bool(torch.isfinite(value.detach().sum())) and not bool(torch.isfinite(value).all())
    ]


def _whole_numbers(file: Path) -> list[str]:
    """The weights that a file, or the files of an index, have as integers."""
    names = [file.name]
    if file.suffix == ".json":
        names = sorted(set(json.loads(file.read_bytes())["weight_map"].values()))
    found: list[str] = []
    for name in names:
        with safe_open(file.with_name(name), framework="pt") as opened:
            kinds = {key: opened.get_slice(key).get_dtype() for key in opened.keys()}  # noqa: SIM118 (not a mapping)
        found += [key for key, kind in kinds.items() if kind[0] in "IU" and not key.endswith(HARMLESS)]
    return found
