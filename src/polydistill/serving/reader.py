"""What reads rows: a model of a task with its tokenizer, whatever runs it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import nn
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils.hub import cached_file

from polydistill.defaults import MAX_LENGTH
from polydistill.models.loaded import Loaded
from polydistill.models.polyglot import Polyglot
from polydistill.serving.onnx_student import is_onnx, load_onnx
from polydistill.starts.hub import pinned
from polydistill.starts.loading import load_for
from polydistill.tasks import AnyTask

Backend = Literal["PyTorch", "ONNX Runtime"]

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Reader:
    """A model that is ready to read. `student(inputs, language)` gives a `Reading`, as every student does."""

    student: nn.Module
    tokenizer: PreTrainedTokenizerBase
    device: torch.device
    backend: Backend

    @property
    def max_length(self) -> int:
        """Tokens to which a row is cut."""
        return min(MAX_LENGTH, int(self.tokenizer.model_max_length))


def open_reader(model: "str | Path | Loaded | Reader", task: AnyTask) -> Reader:
    """A model's or a run's folder, a hub name or an exported ONNX folder, ready to read rows of a task."""
    if isinstance(model, Reader):
        return model
    if not isinstance(model, Loaded) and is_onnx(model):
        student = load_onnx(model, task)
        return Reader(student, AutoTokenizer.from_pretrained(Path(model).expanduser()), _CPU, "ONNX Runtime")
    loaded = model if isinstance(model, Loaded) else load_tuned(model, task)
    return Reader(Polyglot(loaded.network), loaded.tokenizer, loaded.network.device, "PyTorch")


def load_tuned(model: str | Path, task: AnyTask) -> Loaded:
    """A model of a task (a model's or a run's folder, or a hub name) and its tokenizer, on the fastest device here."""
    loaded = load_for(pinned(model), task)
    torch.nn.Module.to(loaded.network, torch.accelerator.current_accelerator() or "cpu").train(False)
    return loaded


def model_place(model: str | Path) -> Path:
    """The folder of a model's files: its own, that inside a run's folder, or the cache's of a hub name."""
    if is_onnx(model):
        return Path(model).expanduser()
    found = pinned(model)
    if Path(found.name).is_dir():
        return Path(found.name)
    file = cached_file(found.name, "config.json", revision=found.revision)
    assert file is not None, "a missing file is an error"
    return Path(file).parent


def size_on_disk(folder: Path) -> int:
    """Bytes of the files of a model's folder: weights, tokenizer and configuration."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
