"""Opening a model strictly: what its folder says is what there is, or an error that names the difference.

`from_pretrained` draws missing weights at random, leaves out unexpected ones, reads pickles and runs a repository's own
code if somebody types "y". Here every weight must be where the configuration says. Only a head may be new, where the
caller means it to be, and with it the pooler that it reads.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub import try_to_load_from_cache
from safetensors import safe_open
from transformers import CONFIG_MAPPING, AutoConfig, PretrainedConfig, PreTrainedModel
from transformers.utils.hub import cached_file

from polydistill.errors import DataError
from polydistill.manifest import refuse_changed
from polydistill.progress import underway
from polydistill.starts.fetched import refuse_other_content
from polydistill.starts.folders import here
from polydistill.starts.numbers import FETCH, HARMLESS, counted, refuse_no_numbers

WEIGHTS, INDEX, CONFIG = "model.safetensors", "model.safetensors.index.json", "config.json"
_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "pytorch_model.pt")
_HEADS = ("SequenceClassification", "MaskedLM", "PreTraining", "TokenClassification", "QuestionAnswering")
_COUNTS = ("num_hidden_layers", "hidden_size", "vocab_size")


@dataclass(frozen=True)
class Opened:
    """A network, and the parts of it that were drawn at random because they are meant to be new."""

    network: PreTrainedModel
    new: tuple[str, ...] = ()


@dataclass
class _Odd:
    """Weights that are not as the configuration says, by what is odd about them."""

    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kinds = {"missing": self.missing, "unexpected": self.unexpected, "of another shape": self.misshapen}
        return "; ".join(counted(sorted(names), kind) for kind, names in kinds.items() if names)


def open_config(name: str | Path, revision: str | None = None) -> PretrainedConfig:
    """A model's configuration; never its code. A folder that is not as it was written is refused."""
    refuse_changed(Path(name))
    file = place_of(name, CONFIG, revision)
    if file is None:
        raise DataError(name, None, f"no {CONFIG}", "a model's folder or repository", "Check the name.")
    with readable(file, "a model's configuration"):
        said = json.loads(file.read_bytes())
        if not isinstance(said, dict) or not isinstance(said.get("model_type"), str):
            raise ValueError("no object with a `model_type`")
        _refuse_unknown(file, said["model_type"])
        config: PretrainedConfig = AutoConfig.from_pretrained(here(name), revision=revision, trust_remote_code=False)
        _refuse_odd(config)
    return config


def _refuse_unknown(file: Path, family: str) -> None:
    """Refuse a family that the installed `transformers` does not know; a repository's own code is never run."""
    if family not in CONFIG_MAPPING:
        raise DataError(
            file,
            None,
            f"a model of the type {family!r}",
            f"a family that transformers {transformers.__version__} knows; code that comes with a model is not run",
            "Where it is newer than that: pip install -U transformers. Else take another model.",
        )


def _refuse_odd(config: PretrainedConfig) -> None:
    """Refuse settings that are read here and are not of their type; `transformers` takes any."""
    names = {"architectures": config.architectures or [], "id2label": list((config.id2label or {}).values())}
    for setting, values in names.items():
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise ValueError(f"`{setting}` is {getattr(config, setting)!r:.80}, and no names")
    for setting in _COUNTS:
        value, own = getattr(config, setting, 1), getattr(type(config), setting, None)  # own: a student of no blocks
        if value not in (None, own) and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise ValueError(f"`{setting}` is {value!r:.80}, and no number of at least 1")


def open_network(
    name: str | Path, revision: str | None, head: Any, *, new_head: bool = False, **settings: Any
) -> Opened:
    """The model under this Auto class, every weight of it from its safetensors file.

    `new_head` says that a head which the model lacks, or has in another shape, is meant to be drawn anew.
    """
    config = open_config(name, revision)
    file = weights_file(name, revision)
    with readable(file, "weights that fit the model's configuration"), quietly(), underway("The model is opened"):
        _refuse_depth(config, file)
        network, info = head.from_pretrained(
            here(name),
            revision=revision,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # refused below, with their names
            use_safetensors=True,
            trust_remote_code=False,
            **settings,
        )
        new, odd = _judged(network, info, new_head)
    if info["error_msgs"]:
        raise DataError(file, None, _first_line("; ".join(info["error_msgs"])), "weights that can be read", FETCH)
    if said := str(odd):
        raise DataError(
            file,
            None,
            said,
            f"exactly the weights of {type(network).__name__} as {CONFIG} describes it",
            f"The file and {CONFIG} are not of one model, or one of them was changed. {FETCH}",
        )
    refuse_no_numbers(file, network.named_parameters())
    return Opened(network, new)


def weights_file(name: str | Path, revision: str | None = None) -> Path:
    """The file (or the index of the files) of a model's weights. Pickles are refused: reading one can run code."""
    for file in (WEIGHTS, INDEX):
        if (found := place_of(name, file, revision)) is not None:
            return found
    pickles = [file for file in _PICKLES if place_of(name, file, revision) is not None]
    if pickles:
        raise DataError(
            Path(name) / pickles[0],
            None,
            "weights as a pickle, which can run code when it is read",
            WEIGHTS,
            "Take the model's safetensors files, or, if you trust it, convert it once: "
            f"transformers' AutoModel.from_pretrained({str(name)!r}).save_pretrained(FOLDER) writes them.",
        )
    raise DataError(name, None, "no weights", WEIGHTS, FETCH)


def place_of(name: str | Path, file: str, revision: str | None = None) -> Path | None:
    """Where a file of a model lies here, if it has it; one of the hub is fetched."""
    if Path(here(name)).is_dir():
        found = Path(here(name)) / file
        return found if found.is_file() else None
    cached = _fetched(str(name), file, revision)
    if cached is not None:
        refuse_other_content(cached)
    return cached


def _fetched(name: str, file: str, revision: str | None) -> Path | None:
    """A file of a repository; the hub is not asked for what is known of a commit, which never changes."""
    known = try_to_load_from_cache(name, file, revision=revision) if revision else None
    if known is not None:
        return Path(known) if isinstance(known, str) else None  # else it is known that there is none
    try:
        cached = cached_file(
            name, file, revision=revision, _raise_exceptions_for_gated_repo=True,
            _raise_exceptions_for_missing_entries=False,
        )  # fmt: skip
    except (OSError, ValueError):
        raise
    except Exception as error:  # the errors of a broken connection differ by the version of the hub's client
        found, way_out = f"no answer of the hub ({type(error).__name__})", "Try again later, or give a folder."
        raise DataError(name, None, found, file, way_out) from error
    return None if cached is None else Path(cached)


@contextmanager
def quietly() -> Iterator[None]:
    """Without the bars of `transformers` for moments, and its reports: what is odd is said here."""
    logging: Any = transformers.logging
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        logging.enable_progress_bar()


@contextmanager
def readable(file: Path, expected: str, way_out: str = FETCH) -> Iterator[None]:
    """Say of a damaged file which one it is and what is wrong, whatever its reader raises."""
    try:
        yield
    except (MemoryError, ImportError, DataError):
        raise
    except Exception as error:  # a damaged file makes its readers raise nearly anything
        raise DataError(file, None, f"{type(error).__name__}: {_first_line(str(error))}", expected, way_out) from error


def _first_line(said: str) -> str:
    line = " ".join(said.split())
    return line if len(line) <= 200 else f"{line[:200]}..."


def _refuse_depth(config: PretrainedConfig, file: Path) -> None:
    """Refuse more layers than the file has tensors before they are built: a wrong number would fill the memory."""
    layers = getattr(config, "num_hidden_layers", 0)
    if file.name == WEIGHTS and isinstance(layers, int):
        with safe_open(file, framework="pt") as opened:
            tensors = len(opened.keys())
        if layers > tensors:
            raise ValueError(f"{layers} layers by {CONFIG}, but {tensors} tensors here")


def _judged(network: PreTrainedModel, info: dict[str, Any], new_head: bool) -> tuple[tuple[str, ...], _Odd]:
    """What is new and may be, and what is odd."""
    chain = _chain(network)
    body = "".join(f"{name}." for name, _ in chain)
    shapes = {key: f"{key}: {list(theirs)}, not {list(ours)}" for key, theirs, ours in info["mismatched_keys"]}
    head_is_new = any(not key.startswith(body) for key in (*info["missing_keys"], *shapes))
    new, odd = [], _Odd()
    for key in sorted({*info["missing_keys"], *shapes}):
        if key.startswith(f"{body}pooler.") and key not in shapes and (head_is_new or not chain):
            new.append("pooler")
        elif new_head and not key.startswith(body):
            new.append(_part(key, chain))
        elif key in shapes:
            odd.misshapen.append(shapes[key])
        else:
            odd.missing.append(key)
    odd.unexpected = _unexplained(network, info["unexpected_keys"])
    return tuple(dict.fromkeys(new)), odd


def _chain(network: PreTrainedModel) -> list[tuple[str, Any]]:
    """The way from a network to its encoder: the name of each inner network, and the network that holds it."""
    found: list[tuple[str, Any]] = []
    inner: Any = network
    while isinstance(inner, PreTrainedModel) and inner.base_model is not inner:
        found.append((inner.base_model_prefix, inner))
        inner = inner.base_model
    return found


def _part(key: str, chain: list[tuple[str, Any]]) -> str:
    """The part of a network, or of one inside it, that a weight belongs to."""
    for name, _ in chain:
        key = key.removeprefix(f"{name}.")
    return key.split(".")[0]


def _unexplained(network: PreTrainedModel, keys: set[str]) -> list[str]:
    """Those of the unexpected weights that are of no head of this family, of no pooler, and no old buffer."""
    chain = _chain(network) or [(network.base_model_prefix, network)]
    inside = {name for name, _ in network.base_model.named_children()} | {chain[-1][0]}
    parts = {key: _part(key, chain) for key in keys if not key.endswith(HARMLESS)}
    odd = {key for key, part in parts.items() if part in inside and part != "pooler"}
    left = {key for key, part in parts.items() if part not in inside and part != "pooler"}
    known = _head_parts(network.config)
    while left and (heads := next(known, None)) is not None:
        left = {key for key in left if parts[key] not in heads}
    return sorted(odd | left)


def _head_parts(config: PretrainedConfig) -> Iterator[set[str]]:
    """The parts of each head that this family knows, by name; the head that the model was saved with first."""
    saved_as = " ".join(config.architectures or ())
    for kind in sorted(_HEADS, key=lambda kind: f"For{kind}" not in saved_as):
        auto = getattr(transformers, f"AutoModelFor{kind}")
        try:
            with torch.device("meta"):
                whole = auto.from_config(config, trust_remote_code=False)
        except ValueError:  # this family has no such head
            continue
        chain = _chain(whole)
        yield {part for _, holder in chain for part, _ in holder.named_children()} - {name for name, _ in chain}
