"""The folder of an export to ONNX: the names of its files, and the runtime that reads it.

The file lies where optimum, transformers.js and sentence-transformers look for it, beside `config.json` and the
tokenizer. Exports before that had it in the folder itself, and are read, too.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from polydistill.tasks.spec import AnyTask

MODEL_FILE, LABELS_FILE, TOKENIZER_FILE, TASK_FILE = "onnx/model.onnx", "labels.json", "tokenizer.json", "task.json"
_TASK: TypeAdapter[AnyTask] = TypeAdapter(AnyTask)
_BEFORE = "model.onnx"
LOGITS, SENTENCE = "logits", "sentence_embedding"
"""What a graph calls the output of a head, and the vectors of texts."""


def model_file(folder: Path) -> Path | None:
    """The file of a folder's graph; none where it has none."""
    return next((folder / name for name in (MODEL_FILE, _BEFORE) if (folder / name).is_file()), None)


def is_onnx(model: str | Path) -> bool:
    """Whether this is the folder of an exported model with a head."""
    folder = Path(model).expanduser()
    return model_file(folder) is not None and (folder / LABELS_FILE).is_file()


def task_written(task: AnyTask) -> str:
    """A task as the folder holds it: its name, or its description."""
    return _TASK.dump_json(task, exclude_defaults=True).decode() + "\n"


def task_of_folder(model: str | Path) -> AnyTask | None:
    """The task of an exported model; none where its folder, an older one, does not say it."""
    file = Path(model).expanduser() / TASK_FILE
    return _TASK.validate_json(file.read_bytes()) if file.is_file() else None


def onnx_runtime(wanted_for: str, *others: str) -> Any:
    """ONNX Runtime, if it and the other packages are installed."""
    try:
        runtime, *_ = [import_module(name) for name in ("onnxruntime", *others)]
    except ImportError as error:
        raise ValueError(
            f"{wanted_for} needs {error.name}, which is not installed: pip install 'polydistill[onnx]'."
        ) from None
    return runtime
