"""The folder of an export to ONNX: the names of its files, and the runtime that reads it."""

from importlib import import_module
from pathlib import Path
from typing import Any

MODEL_FILE, LABELS_FILE, TOKENIZER_FILE = "model.onnx", "labels.json", "tokenizer.json"
LOGITS = "logits"
"""What a graph calls the output of a head."""


def is_onnx(model: str | Path) -> bool:
    """Whether this is the folder of an exported model with a head."""
    folder = Path(model).expanduser()
    return (folder / MODEL_FILE).is_file() and (folder / LABELS_FILE).is_file()


def onnx_runtime(wanted_for: str, *others: str) -> Any:
    """ONNX Runtime, if it and the other packages are installed."""
    try:
        runtime, *_ = [import_module(name) for name in ("onnxruntime", *others)]
    except ImportError as error:
        raise ValueError(
            f"{wanted_for} needs {error.name}, which is not installed: pip install 'polydistill[onnx]'."
        ) from None
    return runtime
