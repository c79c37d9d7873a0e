"""A model as one ONNX file, which any ONNX runtime runs without Python's libraries and without ours.

Batches and texts may be of any size. What the file says is held against what the model says before it is handed over.
"""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from polydistill.data.encoding import column_names
from polydistill.methods.method import Loaded
from polydistill.students.polyglot import Polyglot
from polydistill.tasks import TASKS, TaskName
from polydistill.training.checkpoints import install

OPSET = 20  # ours: onnxruntime knows it since 1.17, of early 2024
TOLERANCE = 1e-4  # ours: far below what tells two classes apart, far above the rounding of fp32
MODEL_FILE, LABELS_FILE, LOGITS = "model.onnx", "labels.json", "logits"
_EXPORTED, *_TRIED = ((2, 5), (1, 1), (1, 9), (3, 16), (7, 3))  # rows and tokens


@dataclass(frozen=True)
class Exported:
    """An exported model: its folder, and the largest difference to the model's own logits that was seen."""

    folder: Path
    difference: float


class _Logits(nn.Module):
    """The logits of a model from its inputs in order, as a graph needs it."""

    def __init__(self, loaded: Loaded, language: str | None) -> None:
        super().__init__()
        self.student, self.language = Polyglot(loaded.network), language
        self.names = (*column_names(loaded.tokenizer), "attention_mask")

    def forward(self, *inputs: Tensor) -> Tensor:
        """[rows, classes], or what else the model's head gives."""
        return cast(Tensor, self.student(dict(zip(self.names, inputs, strict=True)), self.language).logits_BC)


def export_onnx(
    loaded: Loaded,
    folder: str | Path,
    task: TaskName = "nli",
    language: str | None = None,
    tolerance: float = TOLERANCE,
) -> Exported:
    """Write `model.onnx` with the tokenizer and the labels beside it; refuse where its logits differ.

    `language` is for models that are told the language of a text (XLM; an MBLM whose branches read alone): the file
    then reads as they read that language.
    """
    place = Path(folder).expanduser()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ValueError(f"{place} is there and not empty. Name another folder for the ONNX model.")
    runtime = _runtime()
    asked = TASKS[task]
    model = _Logits(Loaded(loaded.network.cpu().float(), loaded.tokenizer), language).eval()  # type: ignore[no-untyped-call]
    choices = (2,) if asked.shape.lists else ()
    unfinished = place.with_name(f".{place.name}.unfinished")
    unfinished.mkdir(parents=True, exist_ok=True)
    _write(model, _inputs(loaded, _EXPORTED, choices), unfinished / MODEL_FILE)
    session = runtime.InferenceSession(unfinished / MODEL_FILE, providers=["CPUExecutionProvider"])
    difference = max(_difference(model, session, _inputs(loaded, sizes, choices)) for sizes in (_EXPORTED, *_TRIED))
    if not difference <= tolerance:
        raise ValueError(
            f"The ONNX model says other logits than the model itself: they differ by up to {difference:.2g}, more than "
            f"{tolerance:.2g}. It was left in {unfinished} to look into; raise the tolerance if that is near enough."
        )
    loaded.tokenizer.save_pretrained(unfinished)
    (unfinished / LABELS_FILE).write_text(json.dumps(asked.shape.labels, ensure_ascii=False) + "\n", encoding="utf-8")
    install(unfinished, place)
    return Exported(place, difference)


def _runtime() -> Any:
    """ONNX Runtime, if all that an export needs is installed."""
    try:
        import onnxruntime
        import onnxscript  # noqa: F401 (torch.onnx asks for it)
    except ImportError as error:
        raise ValueError(
            f"An export to ONNX needs {error.name}, which is not installed: pip install 'polydistill[onnx]'."
        ) from None
    return onnxruntime


def _write(model: _Logits, inputs: Mapping[str, Tensor], file: Path) -> None:
    sizes = dict.fromkeys(range(next(iter(inputs.values())).ndim), torch.export.Dim.DYNAMIC)
    with _quietly(), torch.no_grad():
        program = torch.onnx.export(
            model,
            tuple(inputs.values()),
            dynamo=True,
            input_names=list(inputs),
            output_names=[LOGITS],
            dynamic_shapes=((sizes,) * len(inputs),),
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None, "the exporter that is asked for gives a program"
    program.save(file)


def _inputs(loaded: Loaded, sizes: Sequence[int], choices: tuple[int, ...]) -> dict[str, Tensor]:
    """Random texts of a batch, from the second on each one place shorter and padded."""
    rows, tokens = sizes
    drawn = torch.Generator().manual_seed(rows)
    shape = (rows, *choices, tokens)
    names, vocabulary = column_names(loaded.tokenizer), _vocabulary(loaded)
    ends = torch.arange(tokens, 0, -1).repeat(rows)[:rows].view(rows, *(1 for _ in choices), 1)
    mask = (torch.arange(tokens) < ends).long().expand(shape).contiguous()
    ids = torch.randint(0, vocabulary, shape, generator=drawn)
    pads = mask == 0
    columns = {name: torch.zeros(shape, dtype=torch.long) for name in names}
    columns["input_ids"] = ids.masked_fill(pads, int(loaded.tokenizer.pad_token_id))
    return {**columns, "attention_mask": mask}


def _vocabulary(loaded: Loaded) -> int:
    embedding = cast(nn.Embedding, loaded.network.get_input_embeddings())
    return embedding.num_embeddings


@torch.no_grad()
def _difference(model: _Logits, session: Any, inputs: Mapping[str, Tensor]) -> float:
    wanted = model(*inputs.values()).numpy()
    (found,) = session.run([LOGITS], {name: value.numpy() for name, value in inputs.items()})
    return float(np.abs(found - wanted).max()) if found.shape == wanted.shape else float("inf")


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the exporter's word on operators of torchvision, and the warnings of the libraries about each other."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)
