"""What reads rows: a model of a task with its tokenizer, whatever runs it. Only a model of PyTorch's loads PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from polydistill.defaults import MAX_LENGTH
from polydistill.exports.onnx_folder import TOKENIZER_FILE, is_onnx, model_file
from polydistill.tasks import AnyTask

if TYPE_CHECKING:
    import torch

    from polydistill.models.loaded import Loaded
    from polydistill.starts.memory import OwnModel
    from polydistill.tasks.reading import Student

Backend = Literal["PyTorch", "ONNX Runtime"]


@dataclass(frozen=True)
class Reader:
    """A model that is ready to read."""

    student: Student
    tokenizer: Any
    """Of `transformers`, or a `PlainTokenizer`."""
    device: torch.device | None
    """None: not one of PyTorch's."""
    backend: Backend

    @property
    def max_length(self) -> int:
        """Tokens to which a row is cut."""
        return min(MAX_LENGTH, int(self.tokenizer.model_max_length))


def open_reader(model: OwnModel | Reader, task: AnyTask) -> Reader:
    """A model's or a run's folder, a hub name or an exported ONNX folder, ready to read rows of a task."""
    if isinstance(model, Reader):
        return model
    if isinstance(model, str | Path) and is_onnx(model):
        return _of_onnx(Path(model).expanduser(), task)
    from polydistill.starts.memory import in_memory

    return _of_torch(in_memory(model) or load_tuned(model, task))


def _of_onnx(folder: Path, task: AnyTask) -> Reader:
    from polydistill.serving.onnx_student import load_onnx
    from polydistill.serving.tokenizer import plain_tokenizer

    student = load_onnx(folder, task)
    tokenizer: Any = plain_tokenizer(folder / TOKENIZER_FILE, student.names)
    if tokenizer is None:  # a tokenizer that `tokenizers` does not know, such as XLM's
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    return Reader(student, tokenizer, None, "ONNX Runtime")


def _of_torch(loaded: Loaded) -> Reader:
    from polydistill.models.polyglot import Polyglot

    return Reader(Polyglot(loaded.network), loaded.tokenizer, loaded.network.device, "PyTorch")


def load_tuned(model: OwnModel, task: AnyTask) -> Loaded:
    """A model of a task (a model's or a run's folder, or a hub name) and its tokenizer, on the fastest device here."""
    import torch

    from polydistill.starts.hub import pinned
    from polydistill.starts.loading import load_for

    loaded = load_for(pinned(model), task)
    torch.nn.Module.to(loaded.network, torch.accelerator.current_accelerator() or "cpu").train(False)
    return loaded


def model_place(model: str | Path) -> Path:
    """The folder of a model's files: its own, that inside a run's folder, or the cache's of a hub name."""
    folder = Path(model).expanduser()
    if model_file(folder) is not None:
        return folder
    from transformers.utils.hub import cached_file

    from polydistill.starts.hub import pinned

    found = pinned(model)
    if Path(found.name).is_dir():
        return Path(found.name)
    file = cached_file(found.name, "config.json", revision=found.revision)
    assert file is not None, "a missing file is an error"
    return Path(file).parent


def size_on_disk(folder: Path) -> int:
    """Bytes of the files of a model's folder: weights, tokenizer and configuration."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
