"""Tokenizers: opened with what they need and checked against their model, and saved as they were opened."""

import hashlib
import json
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from polydistill.data.batches.token_ids import reads_as
from polydistill.data.files.contents import digest
from polydistill.errors import DataError
from polydistill.starts.folders import here
from polydistill.starts.strict import CONFIG, place_of, quietly, readable

_STATE = "_opened_with"  # how its file cuts and pads by itself
_READS = "_reads_as"  # what it makes of texts, as it was opened
_SETTINGS = "tokenizer_config.json"
_ALONE = "tokenizer.json"  # where there is one, a fast tokenizer is made of it alone
_BESIDE = (_SETTINGS, "special_tokens_map.json", "added_tokens.json", "chat_template.jinja")
_OF_ITS_KIND = ("model_type", "tokenizer_class", "transformers_version")  # by which its model chooses it
_OF_ITS_PLACE = ("is_local", "local_files_only", "name_or_path")  # what the library says of where it was opened


_in_use: WeakValueDictionary[tuple[object, ...], PreTrainedTokenizerBase] = WeakValueDictionary()
"""Tokenizers that somebody has, by what they were opened from: a large one takes a second to open."""


def open_tokenizer(
    name: str | Path, revision: str | None = None, network: PreTrainedModel | None = None, *, masks: bool = False
) -> PreTrainedTokenizerBase:
    """A model's tokenizer. One without its files would make every text unknown pieces, so they are required.

    `network` is who reads what it writes; `masks` says that hidden words are to be predicted. Models whose tokenizers
    have the same files get one and the same as long as it is in use, so that a text need be read once for both.
    """
    made_of = _made_of(name)
    tokenizer = None if made_of is None else _in_use.get(made_of)
    if tokenizer is None or getattr(tokenizer, _READS) != _digest(tokenizer):  # somebody has changed it
        tokenizer = _opened(name, revision)
        if made_of is not None and tokenizer.is_fast:
            setattr(tokenizer, _READS, _digest(tokenizer))
            _in_use[made_of] = tokenizer
    _check(tokenizer, name, network, masks)
    return tokenizer


def _made_of(name: str | Path) -> tuple[object, ...] | None:
    """What decides which tokenizer a folder has: the content of its files, and what its model is. None: not known."""
    folder = Path(here(name))
    if not (folder / _ALONE).is_file():
        return None
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8")) if (folder / CONFIG).is_file() else {}
        files = [(file, digest(folder / file)) for file in (_ALONE, *_BESIDE) if (folder / file).is_file()]
        return (*files, *(config.get(setting) for setting in _OF_ITS_KIND))
    except (OSError, ValueError, AttributeError):  # whoever opens it says what is wrong
        return None


def _digest(tokenizer: PreTrainedTokenizerBase) -> str:
    return hashlib.sha256(f"{reads_as(tokenizer)} {tokenizer!r}".encode()).hexdigest()


def _opened(name: str | Path, revision: str | None) -> PreTrainedTokenizerBase:
    _settings(name, revision)
    known = [file for file in _files(name) if place_of(name, file, revision) is not None]
    with readable(Path(name) / (known or [_SETTINGS])[0], "a tokenizer's files"), quietly():
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            here(name), revision=revision, trust_remote_code=False
        )
    wanted = sorted(set(tokenizer.vocab_files_names.values()) - {_SETTINGS})
    if not any(place_of(name, file, revision) for file in wanted):
        raise DataError(
            name,
            None,
            f"no file of the vocabulary of its {type(tokenizer).__name__}",
            f"one of {', '.join(wanted)}",
            "Copy the tokenizer's files of the model that it was made from into the folder.",
        )
    if tokenizer.is_fast:
        backend = tokenizer.backend_tokenizer
        setattr(tokenizer, _STATE, (backend.truncation, backend.padding))
    return tokenizer


def reads_at_most(name: str | Path, revision: str | None = None) -> int:
    """The tokens of the longest input, as a model's tokenizer says; only one that does not say it is opened."""
    limit = _settings(name, revision).get("model_max_length")
    return int(open_tokenizer(name, revision).model_max_length if limit is None else limit)


def _settings(name: str | Path, revision: str | None) -> dict[str, Any]:
    """What a tokenizer's settings say; nothing where there are none."""
    path = place_of(name, _SETTINGS, revision)
    if path is None:
        return {}
    with readable(path, "a tokenizer's settings"):
        said = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(said, dict):
            raise ValueError(f"{said!r:.80}, and no object")
    return said


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a tokenizer as it was opened: not how it was last asked to cut and pad, nor where it lay."""
    backend = tokenizer.backend_tokenizer if tokenizer.is_fast else None
    now = (backend.truncation, backend.padding) if backend else (None, None)
    if backend:
        _set(backend, *getattr(tokenizer, _STATE, (None, None)))
    try:
        tokenizer.save_pretrained(folder)
    finally:
        if backend:
            _set(backend, *now)
    said = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
    kept = {name: value for name, value in said.items() if name not in _OF_ITS_PLACE}
    (folder / _SETTINGS).write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _set(backend: Any, truncation: dict[str, Any] | None, padding: dict[str, Any] | None) -> None:
    """Let the tokenizer itself cut and pad so."""
    backend.no_truncation() if truncation is None else backend.enable_truncation(**truncation)
    backend.no_padding() if padding is None else backend.enable_padding(**padding)


def _files(name: str | Path) -> list[str]:
    """What may be damaged, where it is a folder: the likeliest file first."""
    common = ("tokenizer.json", "sentencepiece.bpe.model", "spiece.model", "vocab.txt", "vocab.json", _SETTINGS)
    return list(common) if Path(here(name)).is_dir() else []


def _check(tokenizer: PreTrainedTokenizerBase, name: str | Path, network: PreTrainedModel | None, masks: bool) -> None:
    needed = {"pad": tokenizer.pad_token_id, **({"mask": tokenizer.mask_token_id} if masks else {})}
    for kind, number in needed.items():
        if number is None:
            way_out = f'Name it in its {_SETTINGS}, such as "{kind}_token": "<{kind}>" (a piece of its vocabulary).'
            raise DataError(name, None, f"a tokenizer without a {kind} piece", "one with it", way_out)
    if network is None:
        return
    embeddings: Any = network.get_input_embeddings()
    rows, largest = int(embeddings.weight.shape[0]), _largest(tokenizer)
    if largest >= rows:
        raise DataError(
            name,
            None,
            f"a tokenizer with pieces up to number {largest}, and a model with {rows} embeddings",
            "an embedding for each piece",
            "The tokenizer is of another model: copy the files of its own into the folder.",
        )


def _largest(tokenizer: PreTrainedTokenizerBase) -> int:
    """The largest number of a piece. The whole vocabulary is read only where its numbers have gaps: it takes long."""
    count = len(tokenizer)
    added = max(tokenizer.added_tokens_decoder, default=0)
    if count and tokenizer.convert_ids_to_tokens(count - 1) is not None:
        return max(count - 1, added)
    return max([added, *tokenizer.get_vocab().values()])
