"""A sentence encoder as its folder says: by our own reader of the standard modules of sentence-transformers.

What it reads gives the vectors of `SentenceTransformer.encode`; a part that it does not know is refused by name.
"""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from tokenizers import normalizers
from torch import nn
from transformers import PreTrainedTokenizerBase

from polydistill.defaults import Pooling
from polydistill.errors import DataError
from polydistill.models.loaded import Loaded
from polydistill.models.sentence import (
    ACTIVATIONS,
    MODES,
    MODULES,
    POOLINGS,
    PROMPTS,
    READING,
    Dense,
    Normalize,
    Reading,
    SentenceHead,
)
from polydistill.models.static_config import STATIC
from polydistill.starts.folders import here
from polydistill.starts.loading import beside, load_encoder
from polydistill.starts.numbers import refuse_no_numbers
from polydistill.starts.strict import CONFIG, readable

_LIBRARY, _WEIGHTS = "sentence_transformers.", "model.safetensors"
_WAY_OUT = "Name a teacher of the standard modules, or leave this part out of modules.json if that is meant."


def load_sentence_encoder(name: str | Path, revision: str | None = None) -> Loaded:
    """An encoder, and where its folder says how its vectors are made (modules.json), that too."""
    files = _Files(name, revision)
    if (file := files.find(MODULES)) is None:
        return load_encoder(name, revision)
    try:
        return _with_modules(files, name, revision)
    except (TypeError, KeyError, AttributeError) as error:  # JSON of another shape
        found = f"settings that are built otherwise ({type(error).__name__}: {error})"
        raise DataError(file, None, found, "the modules of sentence-transformers, and their files", _WAY_OUT) from error


def _with_modules(files: "_Files", name: str | Path, revision: str | None) -> Loaded:
    first, *others = [(_kind(one["type"], name), str(one["path"])) for one in files.read(MODULES)]
    if first[0] == "StaticEmbedding" and files.read(CONFIG).get("model_type") == STATIC:  # one of ours
        parts = [part for kind, path in others if (part := _part(kind, files, path)) is not None]
        reading = Reading(static=True, max_length=files.read(READING).get("max_seq_length"))
        return replace(load_encoder(name, revision), sentence=SentenceHead(reading, parts).train(False))
    if first[0] != "Transformer" or not others or others[0][0] != "Pooling":
        found = ", ".join(kind for kind, _ in (first, *others))
        raise ValueError(
            f"{name} is made of {found}, but what is read here begins with Transformer, Pooling. {_WAY_OUT}"
        )
    if first[1] and not Path(here(name)).is_dir():
        raise ValueError(
            f"The encoder of {name} is in its folder {first[1]!r}, as very old versions wrote it. Save it anew with "
            "SentenceTransformer(...).save(folder), and name that folder."
        )
    loaded = load_encoder(Path(here(name)) / first[1] if first[1] else name, revision)
    if files.read(f"{first[1]}/{READING}" if first[1] else READING).get("do_lower_case", False):
        loaded = replace(loaded, tokenizer=_reading_lower_case(loaded.tokenizer))
    reading = _reading(files, first[1], others[0][1], loaded)
    parts = [part for kind, path in others[1:] if (part := _part(kind, files, path)) is not None]
    return replace(loaded, sentence=SentenceHead(reading, parts).train(False))


class _Files:
    """The files of a folder or of a repository of the hub."""

    def __init__(self, name: str | Path, revision: str | None) -> None:
        self.name, self.revision = name, revision

    def find(self, file: str) -> Path | None:
        return beside(self.name, file, self.revision)

    def read(self, file: str) -> Any:
        found = self.find(file)
        if found is None:
            return {}
        with readable(found, "settings of sentence-transformers"):
            return json.loads(found.read_bytes())

    def weights(self, path: str) -> Mapping[str, Any]:
        found = self.find(f"{path}/{_WEIGHTS}")
        if found is None:
            raise ValueError(
                f"The weights of {path} of {self.name} are not stored as model.safetensors, and other files are not "
                "read as they may hold code. Save it anew with SentenceTransformer(...).save(folder), and name that."
            )
        weights = load_file(found)
        refuse_no_numbers(found, weights.items())
        return weights


def _kind(full: str, name: str | Path) -> str:
    """Transformer, Pooling, ... of a module's full name, old or new."""
    if not full.startswith(_LIBRARY):
        raise ValueError(f"{name} has a part of its own, {full!r}, whose code is not run here. {_WAY_OUT}")
    return full.rpartition(".")[-1]


def _reading(files: _Files, encoder: str, pooling: str, loaded: Loaded) -> Reading:
    """What the files beside the encoder and that of the pooling say."""
    settings = files.read(f"{encoder}/{READING}" if encoder else READING)
    said, pool = files.read(PROMPTS), files.read(f"{pooling}/config.json")
    task = settings.get("transformer_task", "feature-extraction")
    if task != "feature-extraction":
        raise ValueError(f"{files.name} asks its transformer for {task!r}; read here is feature-extraction. {_WAY_OUT}")
    prompt = str((said.get("prompts") or {}).get(said.get("default_prompt_name") or "") or "")
    limit = settings.get("max_seq_length") or _longest(loaded)
    counts = pool.get("include_prompt", True) or not prompt
    return Reading(
        pooling=_poolings(pool, files.name),
        prompt=prompt,
        prompt_tokens=0 if counts else _tokens_of(prompt, loaded.tokenizer),
        lower=bool(settings.get("do_lower_case", False)),
        max_length=limit,
        truncate=said.get("truncate_dim"),
    )


def _poolings(pool: Mapping[str, Any], name: str | Path) -> tuple[Pooling, ...]:
    modes = pool.get("pooling_mode")
    if modes is None:
        return tuple(one for one, key in POOLINGS.items() if pool.get(key, False)) or ("mean",)
    ours = {theirs: one for one, theirs in MODES.items()}
    modes = [modes] if isinstance(modes, str) else modes
    unknown = [mode for mode in modes if mode not in ours]
    if unknown:
        raise ValueError(f"{name} pools by {', '.join(unknown)}; known are {', '.join(ours)}. {_WAY_OUT}")
    return tuple(ours[mode] for mode in modes)


def _longest(loaded: Loaded) -> int:
    positions = getattr(loaded.network.config, "max_position_embeddings", -1)
    longest = int(loaded.tokenizer.model_max_length)
    return longest if positions in (-1, None) else min(longest, int(positions))


def _tokens_of(prompt: str, tokenizer: PreTrainedTokenizerBase) -> int:
    """Tokens of a prompt with what begins an input, without what ends one."""
    ids = tokenizer(prompt)["input_ids"]
    return len(ids) - (ids[-1] in tokenizer.all_special_ids)


def _reading_lower_case(tokenizer: Any) -> Any:
    """The tokenizer, or where it reads capitals a copy of it that does not: another model may read by the same one."""
    if "Lowercase" in (normalizer := str(tokenizer.backend_tokenizer.normalizer)) or "lowercase=True" in normalizer:
        return tokenizer
    tokenizer = copy.deepcopy(tokenizer)
    backend = tokenizer.backend_tokenizer
    before = [] if backend.normalizer is None else [backend.normalizer]
    backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), *before])
    return tokenizer


def _part(kind: str, files: _Files, path: str) -> nn.Module | None:
    """One of the parts after the pooling; None for what does nothing but in training."""
    made = _PARTS.get(kind)
    if made is None:
        known = ", ".join(("Transformer", "Pooling", *_PARTS))
        raise ValueError(f"{files.name} has a part {kind!r}, which is not read here; known are {known}. {_WAY_OUT}")
    return made(files, path)


def _dense(files: _Files, path: str) -> nn.Module:
    said, weights = files.read(f"{path}/config.json"), files.weights(path)
    wide, out, bias = said["in_features"], said["out_features"], said.get("bias", True)
    named = str(said.get("activation_function", "torch.nn.modules.activation.Tanh"))
    activation = ACTIVATIONS.get(named.rpartition(".")[-1])
    if activation is None or not named.startswith("torch.nn."):
        raise ValueError(f"{files.name} ({path}) uses {named}; known activations: {', '.join(ACTIVATIONS)}. {_WAY_OUT}")
    for key in ("module_input_name", "module_output_name"):
        if said.get(key) not in (None, "sentence_embedding"):
            raise ValueError(f"{files.name} ({path}) works on {said[key]!r}, not on a text's vector. {_WAY_OUT}")
    around: nn.Module | None = None
    if said.get("use_residual", False):
        around = nn.Identity() if wide == out else nn.Linear(wide, out, bias=False)
    return _filled(Dense(nn.Linear(wide, out, bias=bias), activation(), around), weights)


def _layer_norm(files: _Files, path: str) -> nn.Module:
    weights = {key.removeprefix("norm."): value for key, value in files.weights(path).items()}
    return _filled(nn.LayerNorm(files.read(f"{path}/config.json")["dimension"]), weights)


def _filled(part: nn.Module, weights: Mapping[str, Any]) -> nn.Module:
    """A part with these weights, in their precision: every one has its place."""
    part.to(next(iter(weights.values())).dtype).load_state_dict(weights)
    return part


_PARTS: Mapping[str, Callable[[_Files, str], nn.Module | None]] = {
    "Dense": _dense,
    "LayerNorm": _layer_norm,
    "Normalize": lambda _files, _path: Normalize(),
    "Dropout": lambda _files, _path: None,
}


def files_of_head(name: str | Path, revision: str | None = None) -> tuple[str, ...]:
    """The files beside an encoder that say how its vectors are made; none where its folder does not say."""
    files = _Files(name, revision)
    if files.find(MODULES) is None:
        return ()
    paths = [str(one["path"]) for one in files.read(MODULES)][1:]
    parts = [f"{path}/{file}" for path in paths for file in ("config.json", _WEIGHTS)]
    return (MODULES, READING, PROMPTS, *parts)


def own_pooling(name: str | Path, revision: str | None = None) -> Pooling | None:
    """The first pooling that a folder says, where it says one."""
    files = _Files(name, revision)
    found = [one for one in files.read(MODULES) or () if str(one["type"]).endswith(".Pooling")]
    return _poolings(files.read(f"{found[0]['path']}/config.json"), name)[0] if found else None
