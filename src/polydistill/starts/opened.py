"""A model as a person names it, or as an object, opened to be read with; and what it is called."""

from pathlib import Path

import torch

from polydistill.models.loaded import Loaded
from polydistill.results import MODEL
from polydistill.starts.hub import pinned
from polydistill.starts.loading import load_encoder
from polydistill.starts.memory import OwnModel, in_memory
from polydistill.starts.origins import Pretrained
from polydistill.starts.sentence import load_sentence_encoder


def encoder_of(model: OwnModel, own: bool = False) -> Loaded:
    """A model without its head, on the fastest device here; a network with its tokenizer stays as and where it is.

    `own`: with what makes its vectors, where its folder says that.
    """
    if (loaded := in_memory(model)) is not None:
        return loaded
    start = pinned(model)
    loaded = (load_sentence_encoder if own else load_encoder)(start.name, start.revision)
    torch.nn.Module.to(loaded.network, torch.accelerator.current_accelerator() or "cpu")
    return loaded


def place_of(model: OwnModel) -> str:
    """Where a model is, or was, loaded from."""
    if (loaded := in_memory(model)) is not None:
        return str(loaded.network.config.name_or_path)
    return str(model) if isinstance(model, str | Path) else pinned(model).name


def called_of(start: Pretrained) -> str:
    """A model's name: of its run's folder, where it lies in one."""
    path = Path(start.name)
    return path.parent.name if path.name == MODEL and path.parent.name else path.name
