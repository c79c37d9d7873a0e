"""The mean of the weights of a training's last checkpoints (Izmailov et al. 2018), which is often better than the last.

checkpoints/
    mean-400.safetensors    the weights of checkpoint 400, kept until the mean is taken
"""

import re
import shutil
from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from polydistill.whole import written_whole

_NAME = re.compile(r"mean-(\d+)\.safetensors")


def keep(weights: Path, folder: Path, step: int, last: int | None) -> list[Path]:
    """Keep the weights of a checkpoint beside those before it, `last` in all; none: nothing is kept."""
    if last is None:
        return []
    with written_whole(folder / f"mean-{step}.safetensors") as unfinished:
        shutil.copyfile(weights, unfinished)
    found = _kept(folder)
    for old in found[last:]:
        old.unlink()
    return found[:last]


def take_mean(method: nn.Module, folder: Path) -> None:
    """Give a method the mean of the weights that are kept; numbers that are no fractions are those of the newest."""
    files = _kept(folder)
    newest = load_file(files[0])
    total = {name: value.double() for name, value in newest.items() if value.is_floating_point()}
    for file in files[1:]:
        for name, value in load_file(file).items():
            if name in total:
                total[name] += value.double()
    mean = {name: (value / len(files)).to(newest[name].dtype) for name, value in total.items()}
    method.load_state_dict({**newest, **mean}, strict=False)  # tied weights stand in the file once


def _kept(folder: Path) -> list[Path]:
    """The newest first."""
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found, reverse=True)]
