"""The pieces of a fast tokenizer, and the same tokenizer with fewer of them: its JSON, read and edited.

`tokenizers` has no way to take pieces out, so this is done on what it saves. A text whose pieces all stay is cut as
before; the reason differs by family:

- Unigram: the best way to cut a text is still there, and all others only vanish. An unknown character costs a fixed
  amount below the lowest score, so a piece with the lowest score stays too.
- WordPiece: the longest piece that fits is still the longest. A word that was unknown may become known, though.
- BPE: merges are applied in their order. All that may be merged on the way to a piece stays with it, so that the merge
  that comes next is always the same one.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from tokenizers import decoders
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerBase

Json: TypeAlias = dict[str, Any]

FAMILIES = ("Unigram", "WordPiece", "BPE")
_BYTE = re.compile("<0x[0-9A-F]{2}>")  # how SentencePiece writes a byte of a character that it does not know
_SIGNS = ("continuing_subword_prefix", "end_of_word_suffix")
_SPACE = "▁"  # how it writes a space
_DECODE = decoders.ByteLevel().decode
_BROKEN = "\ufffd"  # what decoding puts in the place of bytes that are no character


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer's JSON, and what its pieces are."""

    content: Json

    @property
    def family(self) -> str:
        """One of the `FAMILIES`."""
        return str(self.content["model"]["type"])

    @cached_property
    def pieces(self) -> dict[int, str]:
        """All pieces by their ids, those that were added to the model's among them."""
        own = self.content["model"]["vocab"]
        names = {at: piece for at, (piece, _) in enumerate(own)} if isinstance(own, list) else _turned(own)
        return dict(sorted({**names, **{token["id"]: token["content"] for token in self._added}}.items()))

    @cached_property
    def ids(self) -> dict[str, int]:
        """The ids of the pieces."""
        return _turned(self.pieces)

    @cached_property
    def special(self) -> set[int]:
        """What can never go: pieces that were added, those that name bytes, and those that the tokenizer itself names.

        Those that were added include <s>, [CLS] and their like.
        """
        model, named = self.content["model"], {token["id"] for token in self._added}
        named |= {at for at, piece in self.pieces.items() if _BYTE.fullmatch(piece)}
        named |= _ids_in(self.content["post_processor"])
        if self.byte_level:
            named |= {self.ids[sign] for sign in ByteLevel.alphabet() if sign in self.ids}
        if (unknown := model.get("unk_token")) in self.ids:
            named.add(self.ids[unknown])
        if self.family == "Unigram":
            scores = [score for _, score in model["vocab"]]
            named |= {scores.index(min(scores)), *([] if model["unk_id"] is None else [model["unk_id"]])}
        return named

    @cached_property
    def byte_level(self) -> bool:
        """Whether pieces are sequences of bytes, as GPT-2's and RoBERTa's are."""
        steps = (step for name in ("pre_tokenizer", "decoder") for step in _steps(self.content[name]))
        return any(step["type"] == "ByteLevel" for step in steps)

    @cached_property
    def texts(self) -> dict[int, str | None]:
        """What each piece stands for, without the sign of a space or of a word's inside; None: parts of a character."""
        inside, end = (self.content["model"].get(name) or "" for name in _SIGNS)

        def bare(piece: str) -> str:
            if self.byte_level:
                return _DECODE([piece])
            return piece.removeprefix(inside).removesuffix(end).replace(_SPACE, " ")

        found = ((at, bare(piece)) for at, piece in self.pieces.items())
        return {at: None if _BROKEN in text else text.removeprefix(" ") or " " for at, text in found}

    def needs(self, at: int) -> set[int]:
        """The piece itself and, of BPE, all that may be merged on the way to it."""
        found, todo = {at}, [at]
        while todo:
            for pair in self._made_of.get(self.pieces[todo.pop()], ()):
                new = {self.ids[part] for part in pair} - found
                found |= new
                todo += new
        return found

    def trimmed(self, kept: Collection[int]) -> Json:
        """The JSON of the tokenizer with these pieces alone, numbered in the order of their old ids."""
        new = {old: at for at, old in enumerate(sorted(kept))}
        model = dict(self.content["model"])
        if self.family == "Unigram":
            model["vocab"] = [pair for at, pair in enumerate(model["vocab"]) if at in new]
            model["unk_id"] = None if model["unk_id"] is None else new[model["unk_id"]]
        else:
            model["vocab"] = {piece: new[at] for piece, at in model["vocab"].items() if at in new}
        if self.family == "BPE":
            model["merges"] = [pair for pair in self._merges if self._merged(*pair) in model["vocab"]]
        content = {**self.content, "model": model}
        content["added_tokens"] = [{**token, "id": new[token["id"]]} for token in self._added]
        content["post_processor"] = _with_ids(content["post_processor"], new.__getitem__)
        if padding := content.get("padding"):
            content["padding"] = {**padding, "pad_id": new[padding["pad_id"]]}
        return content

    @property
    def _added(self) -> list[Json]:
        return list(self.content["added_tokens"])

    @cached_property
    def _merges(self) -> list[tuple[str, str]]:
        """In their order; older files write a pair as one text."""
        pairs = (pair.split(" ") if isinstance(pair, str) else pair for pair in self.content["model"]["merges"])
        return [(first, second) for first, second in pairs]

    @cached_property
    def _made_of(self) -> dict[str, list[tuple[str, str]]]:
        """The pairs that make each piece."""
        found: dict[str, list[tuple[str, str]]] = {}
        for pair in self._merges if self.family == "BPE" else ():
            found.setdefault(self._merged(*pair), []).append(pair)
        return found

    def _merged(self, first: str, second: str) -> str:
        return first + second.removeprefix(self.content["model"].get("continuing_subword_prefix") or "")


def vocabulary_of(tokenizer: PreTrainedTokenizerBase) -> Vocabulary:
    """The pieces of a tokenizer that can be trimmed."""
    backend: Any = getattr(tokenizer, "backend_tokenizer", None)
    content = None if backend is None else json.loads(backend.to_str())
    if content is None or content["model"]["type"] not in FAMILIES:
        kind = type(tokenizer).__name__ if content is None else content["model"]["type"]
        raise ValueError(
            f"A vocabulary of the kind {kind!r} cannot be trimmed; those that can: {', '.join(FAMILIES)}, as fast "
            "tokenizers (with a tokenizer.json)."
        )
    return Vocabulary(content)


def _turned(names: Mapping[Any, Any]) -> dict[Any, Any]:
    """Values to keys."""
    return {value: key for key, value in names.items()}


def _steps(step: Json | None) -> Iterator[Json]:
    """A step of a tokenizer, or all steps that it consists of."""
    for name in ("pretokenizers", "decoders"):
        for inner in (step or {}).get(name, ()):
            yield from _steps(inner)
    if step is not None:
        yield step


def _with_ids(step: Json | None, number: Callable[[int], int]) -> Json | None:
    """A post-processor that writes other ids."""
    if step is None:
        return None
    if "processors" in step:
        return {**step, "processors": [_with_ids(inner, number) for inner in step["processors"]]}
    if "special_tokens" in step:
        tokens = step["special_tokens"].items()
        return {**step, "special_tokens": {n: {**token, "ids": [*map(number, token["ids"])]} for n, token in tokens}}
    return {**step, **{name: [step[name][0], number(step[name][1])] for name in ("sep", "cls") if name in step}}


def _ids_in(step: Json | None) -> set[int]:
    """The ids that a post-processor writes."""
    found: set[int] = set()

    def noted(at: int) -> int:
        found.add(at)
        return at

    _with_ids(step, noted)
    return found
