"""A student that ONNX Runtime runs: the folder that an export leaves, read without PyTorch."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from polydistill.data.batches.encoding import Floats
from polydistill.data.batches.padding import Padded
from polydistill.exports.onnx_folder import LABELS_FILE, LOGITS, model_file, onnx_runtime
from polydistill.machine import threads
from polydistill.manifest import refuse_changed
from polydistill.tasks import AnyTask, task_of
from polydistill.tasks.reading import ArrayStudent


class OnnxStudent(ArrayStudent):
    """Reads as the exported model read. It was told the language when it was exported, so it is told none here."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.names = tuple(one.name for one in session.get_inputs())

    def logits(self, inputs: Padded) -> Floats:
        """The logits of a batch."""
        (logits,) = self.session.run([LOGITS], {name: inputs[name] for name in self.names})
        return np.asarray(logits, dtype=np.float32)


def load_onnx(model: str | Path, task: AnyTask) -> OnnxStudent:
    """The student of an exported folder, with as many threads as PyTorch would take."""
    folder = Path(model).expanduser()
    refuse_changed(folder)
    labels = tuple(json.loads((folder / LABELS_FILE).read_text(encoding="utf-8")))
    if labels != task_of(task).shape.labels:
        raise ValueError(
            f"{folder} says {', '.join(labels) or 'choices'}, which are not the labels of the task {task!r} "
            f"({', '.join(task_of(task).shape.labels) or 'choices'}). Name its own task."
        )
    return OnnxStudent(open_session(folder))


def open_session(folder: Path) -> Any:
    """What runs the file of an exported folder."""
    runtime, file = onnx_runtime("Reading an ONNX model"), model_file(folder)
    assert file is not None, "who opens it has seen that it is there"
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads()
    try:
        return runtime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has an exception a kind of trouble, and no class above them
        said = " ".join(str(error).split())
        raise ValueError(f"{file} cannot be loaded ({said}). Export the model again.") from None
