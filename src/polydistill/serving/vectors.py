"""Texts as vectors, whatever runs the model: a model's folder by PyTorch, or an exported ONNX file of sentence vectors.

N = texts, D = width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from polydistill.data.batches.encoding import Floats, encode_texts
from polydistill.data.batches.padding import Padded, padded_batches
from polydistill.data.files.growing import room_for
from polydistill.defaults import MAX_LENGTH
from polydistill.exports.onnx_folder import LABELS_FILE, SENTENCE, TOKENIZER_FILE, model_file
from polydistill.progress import followed
from polydistill.serving.onnx_student import open_session
from polydistill.serving.reader import Backend

if TYPE_CHECKING:
    from rich.console import Console
    from torch import nn


@dataclass(frozen=True)
class VectorReader:
    """A model of vectors that is ready to read."""

    say: Callable[[Padded], Floats]
    """What it says of a padded batch [B, D]."""
    tokenizer: Any
    max_length: int
    prompt: str
    backend: Backend
    module: nn.Module | None = None
    """Of PyTorch, where that runs it."""

    def vectors(
        self, texts: Sequence[str], batch_size: int, length_one: bool = True, console: Console | None = None
    ) -> Floats:
        """The vectors of these texts [N, D], at length one or as long as the model makes them."""
        text = encode_texts(self.tokenizer, [self.prompt + one for one in texts], None, self.max_length)
        found: Floats | None = None
        batches = padded_batches(text, batch_size)
        shown = followed(batches, "Vectors", len(text), console, unit="text", many=lambda batch: len(batch[0]))
        for rows, inputs in shown:
            said = self.say(inputs)
            if found is None:
                found = room_for((len(text), said.shape[1]), np.float32)
            found[rows] = said / np.linalg.norm(said, axis=1, keepdims=True).clip(min=1e-12) if length_one else said
        assert found is not None, "there are texts to read"
        return found


def gives_vectors(folder: str | Path) -> bool:
    """Whether this is the folder of an export to ONNX that has no head, but gives sentence vectors."""
    place = Path(folder).expanduser()
    return model_file(place) is not None and not (place / LABELS_FILE).is_file()


def open_vectors(model: str | Path, prompt: str | None = None) -> VectorReader:
    """A model's or a run's folder, a hub name, or an ONNX folder; `prompt` is what stands before each text there."""
    return _of_onnx(Path(model).expanduser(), prompt or "") if gives_vectors(model) else _of_torch(model, prompt)


def _of_onnx(folder: Path, prompt: str) -> VectorReader:
    from polydistill.serving.tokenizer import plain_tokenizer

    session = open_session(folder)
    names = tuple(one.name for one in session.get_inputs())

    def say(inputs: Padded) -> Floats:
        (said,) = session.run([SENTENCE], {name: inputs[name] for name in names})
        return np.asarray(said, dtype=np.float32)

    tokenizer: Any = plain_tokenizer(folder / TOKENIZER_FILE, names)
    if tokenizer is None:  # a tokenizer that `tokenizers` does not know, such as XLM's
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    return VectorReader(say, tokenizer, min(MAX_LENGTH, int(tokenizer.model_max_length)), prompt, "ONNX Runtime")


def _of_torch(model: str | Path, prompt: str | None) -> VectorReader:
    import torch

    from polydistill.models.sentence import Reading, SentenceEncoder, SentenceHead
    from polydistill.starts.hub import pinned
    from polydistill.starts.sentence import load_sentence_encoder

    start = pinned(model)
    loaded = load_sentence_encoder(start.name, start.revision)
    head = loaded.sentence or SentenceHead(Reading())
    encoder = SentenceEncoder(loaded.network, head).to(torch.accelerator.current_accelerator() or "cpu").train(False)

    @torch.no_grad()
    def say(inputs: Padded) -> Floats:
        given = {name: torch.from_numpy(column).to(loaded.network.device) for name, column in inputs.items()}
        said: Floats = encoder(given).float().cpu().numpy()
        return said

    longest = min(loaded.max_length, head.reading.max_length or MAX_LENGTH)
    before = head.reading.prompt if prompt is None else prompt
    return VectorReader(say, loaded.tokenizer, longest, before, "PyTorch", encoder)
