"""From what a person calls a model to a start that names exactly one: a folder, or a repository at a commit."""

import logging
import re
import time
from http import HTTPStatus
from pathlib import Path

from huggingface_hub import HfApi, constants
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError
from huggingface_hub.file_download import repo_folder_name

from polydistill.results import MODEL
from polydistill.starts.folders import GIVEN, model_folder
from polydistill.starts.memory import OwnModel, kept
from polydistill.starts.origins import Pretrained

_LOG = logging.getLogger("polydistill")
_WAITS = (1.0, 2.0, 4.0)  # ours: seconds after which a busy hub is asked again


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
        return _asked(name)
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ValueError(
            f"{name!r} is neither a folder here nor a model of the hub that you can read. Check the name."
        ) from error
    except Exception as error:  # the errors of a failed connection differ by the version of the hub's client
        if (commit := _in_cache(name)) is None:
            raise ValueError(
                f"{name!r} is no folder here, the hub cannot be reached ({_reason(error)}), and the model is not "
                "in its cache. Go online once to fetch it, or give a folder."
            ) from error
        _LOG.warning("%s: the hub cannot be reached (%s); commit %s is in the cache.", name, _reason(error), commit)
        return commit


def _in_cache(name: str) -> str | None:
    """The commit of a model that was fetched last; a run fetches by commit, of which the cache keeps no name."""
    place = Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=name, repo_type="model"), "snapshots")
    found = sorted(place.glob("*/config.json"), key=lambda file: file.parent.stat().st_mtime)
    return found[-1].parent.name if found else None


def _asked(name: str) -> str:
    """The newest commit; a hub that is busy is asked again."""
    for wait in (*_WAITS, None):
        try:
            return str(HfApi().model_info(name, timeout=10).sha)
        except HfHubHTTPError as error:
            if wait is None or not _is_busy(error.response.status_code):
                raise
            time.sleep(wait)
    raise AssertionError("the last turn returns or raises")


def _is_busy(status: int) -> bool:
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _reason(error: Exception) -> str:
    if isinstance(error, HfHubHTTPError):
        return f"HTTP {error.response.status_code}"
    return type(error).__name__
