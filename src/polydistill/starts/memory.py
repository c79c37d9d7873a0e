"""Models that are given as objects: a network with its tokenizer, or a SentenceTransformer.

A start is plain data and holds no weights. So a model is written once, as a folder that the process takes away with it,
and its start names the hash of what is in that folder: `memory:HASH`. All that opens models finds the folder by that
name. The object itself is left as it is: a training begins with a copy. Another process can do the run again once it
was given a model with the same hash.
"""

import atexit
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polydistill.models.adapters import adapted, save_adapters
from polydistill.models.loaded import Loaded
from polydistill.models.sentence import write_head
from polydistill.specs import hashed
from polydistill.starts.folders import GIVEN, MEMORY, model_content
from polydistill.starts.origins import Pretrained
from polydistill.starts.strict import quietly
from polydistill.starts.tokenizers import save_tokenizer


class SentenceEncoder(Protocol):
    """A SentenceTransformer."""

    def save(self, path: str, *, create_model_card: bool) -> None:
        """Write it as a folder."""


OwnModel = str | Path | Loaded | tuple[PreTrainedModel, PreTrainedTokenizerBase] | SentenceEncoder
"""A model's or a run's folder, a hub name, or a model as an object."""


def in_memory(model: object) -> Loaded | None:
    """A network with its tokenizer, if this is one."""
    if isinstance(model, Loaded):
        return model
    if isinstance(model, tuple) and len(model) == 2 and isinstance(model[0], PreTrainedModel):
        return Loaded(*model)
    return None


def kept(model: Any) -> Pretrained:
    """The start that stands for a model that is an object."""
    loaded = in_memory(model)
    if not is_model(model):
        what = "a network without its tokenizer" if isinstance(model, PreTrainedModel) else repr(type(model).__name__)
        raise ValueError(
            f"Expected a model's folder, a hub name, (network, tokenizer) or a SentenceTransformer, not {what}."
        )
    folder = Path(tempfile.mkdtemp(prefix="polydistill-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if loaded is None:
        model.save(str(folder), create_model_card=False)
    else:
        write_whole(loaded, folder)
    name = f"{MEMORY}{hashed(model_content(folder))}"
    if GIVEN.setdefault(name, folder) != folder:
        shutil.rmtree(folder)
    return Pretrained(name=name)


def write_whole(loaded: Loaded, folder: Path) -> None:
    """Write a model as a folder: weights, tokenizer, and beside them adapters and what makes sentence vectors."""
    with quietly():
        loaded.network.save_pretrained(folder)
        save_tokenizer(loaded.tokenizer, folder)
    if adapted(loaded.network):
        save_adapters(loaded.network, folder)
    if loaded.sentence is not None:
        write_head(loaded.sentence, loaded.network.config.hidden_size, loaded.max_length, folder)


def is_model(given: object) -> bool:
    """Whether an object is a model, without importing a library that nobody has imported yet."""
    kind = getattr(sys.modules.get("sentence_transformers"), "SentenceTransformer", None)
    return in_memory(given) is not None or (kind is not None and isinstance(given, kind))
