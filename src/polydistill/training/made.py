"""What was made of what, by which versions, on which machine: for results, and for the lists of a model's files."""

import platform
from pathlib import Path

import accelerate
import datasets
import tokenizers
import torch
import transformers

from polydistill import __version__
from polydistill.data.batches.signals import weights_fingerprint
from polydistill.manifest import Origin, load_manifest
from polydistill.models.loaded import Loaded
from polydistill.training.processes import processes


def origin(run: str, data: str, model: Loaded) -> Origin:
    """What the list of a model's files says of where they come from."""
    fingerprint = weights_fingerprint(model.network)[:16]
    return Origin(run_id=run, data_fingerprint=data, model_fingerprint=fingerprint, versions=versions())


def derived(model: Loaded, source: str) -> Origin:
    """The same of a model that was made of the one in a folder without training, as far as that one's list says."""
    found = load_manifest(Path(source)) if source else None
    return origin(found.run_id, found.data_fingerprint, model) if found else origin("", "", model)


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    libraries = (torch, transformers, accelerate, datasets, tokenizers)
    return {
        "polydistill": __version__,
        "python": platform.python_version(),
        **{module.__name__: module.__version__ for module in libraries},
    }


def machine() -> str:
    """What the numbers were made on."""
    return f"{platform.machine()}, {torch.get_num_threads()} threads, {processes().num_processes} processes"
