"""From what a person calls a model to a start that names exactly one: a folder, or a repository at a commit."""

import re
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError

from polydistill.results import MODEL
from polydistill.starts.folders import GIVEN, model_folder
from polydistill.starts.memory import OwnModel, kept
from polydistill.starts.origins import Pretrained


def pinned(model: OwnModel) -> Pretrained:
    """A model's or run's folder, `owner/name@commit`, or `owner/name`: its newest commit, which the run then keeps.

    Also a model as an object: (network, tokenizer), a SentenceTransformer, or what `polydistill.load` has loaded.
    """
    if not isinstance(model, str | Path):
        return kept(model)
    if str(model) in GIVEN:
        return Pretrained(name=str(model))
    folder = Path(model).expanduser()
    if folder.is_dir():
        found = model_folder(folder)
        if any(folder.glob("*.onnx")) or (any(folder.glob("onnx/*.onnx")) and not any(folder.glob("*.safetensors"))):
            raise ValueError(f"{folder} is an ONNX model, which can be read and no more. Name what it was made from.")
        if not (found / "config.json").is_file():
            raise ValueError(f"{folder} holds no model: expected a config.json in it or in {MODEL}/. Name its folder.")
        return Pretrained(name=str(found))
    name, _, revision = str(model).partition("@")
    if str(model).startswith((".", "/", "~")) or name.count("/") > 1:
        raise ValueError(f"There is no folder {str(model)!r}. Expected a model's folder or a hub name, owner/name.")
    if revision and not re.fullmatch("[0-9a-f]{40}", revision):
        raise ValueError(
            f"{model!r} names {revision!r}, which may stand for another commit tomorrow. Give the commit's full hash "
            f"(40 characters), or {name!r} alone for its newest commit, which the run then keeps."
        )
    return Pretrained(name=name, revision=revision or _newest(name))


as_model = pinned
"""The same by its public name."""


def _newest(name: str) -> str:
    """The commit a hub name stands for now: asked of the hub, or, without a network, what lies in the cache."""
    try:
        return str(HfApi().model_info(name, timeout=10).sha)
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ValueError(
            f"{name!r} is neither a folder here nor a model of the hub that you can read. Check the name."
        ) from error
    except Exception as error:  # the errors of a failed connection differ by the version of the hub's client
        try:
            return Path(snapshot_download(name, local_files_only=True, allow_patterns=["config.json"])).name
        except LocalEntryNotFoundError:
            raise ValueError(
                f"{name!r} is no folder here, the hub cannot be reached ({type(error).__name__}), and the model is not "
                "in its cache. Go online once to fetch it, or give a folder."
            ) from error
