"""A student that ONNX Runtime runs: the folder that an export leaves, read without a forward pass of PyTorch."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from polydistill.exports.onnx import LABELS_FILE, LOGITS, MODEL_FILE, onnx_runtime
from polydistill.models.polyglot import Reading
from polydistill.tasks import AnyTask, task_of


class OnnxStudent(nn.Module):
    """Reads as the exported model read. It was told the language when it was exported, so it is told none here."""

    def __init__(self, session: Any) -> None:
        super().__init__()
        self.session = session
        self.names = [one.name for one in session.get_inputs()]

    def forward(self, inputs: Mapping[str, Tensor], language: str | None = None) -> Reading:
        """The logits of a batch."""
        del language
        (logits,) = self.session.run([LOGITS], {name: inputs[name].numpy() for name in self.names})
        return Reading(torch.from_numpy(logits))


def is_onnx(model: str | Path) -> bool:
    """Whether this is the folder of an exported model."""
    folder = Path(model).expanduser()
    return (folder / MODEL_FILE).is_file() and (folder / LABELS_FILE).is_file()


def load_onnx(model: str | Path, task: AnyTask) -> OnnxStudent:
    """The student of an exported folder, with as many threads as PyTorch has."""
    folder = Path(model).expanduser()
    labels = tuple(json.loads((folder / LABELS_FILE).read_text(encoding="utf-8")))
    if labels != task_of(task).shape.labels:
        raise ValueError(
            f"{folder} says {', '.join(labels) or 'choices'}, which are not the labels of the task {task!r} "
            f"({', '.join(task_of(task).shape.labels) or 'choices'}). Name its own task."
        )
    runtime = onnx_runtime("Reading an ONNX model")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = runtime.InferenceSession(folder / MODEL_FILE, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has an exception a kind of trouble, and no class above them
        said = " ".join(str(error).split())
        raise ValueError(f"{folder / MODEL_FILE} cannot be loaded ({said}). Export the model again.") from None
    return OnnxStudent(session)
