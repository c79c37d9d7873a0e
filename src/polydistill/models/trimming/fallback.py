"""What a text loses when pieces are gone: how much of it is written with other pieces, and how much with none."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from polydistill.models.trimming.choosing import batches, plainly
from polydistill.specs import Spec

_AT_ONCE = 100  # ours
_WORD, _SPACE = re.compile(r"\S+"), re.compile(r"\s")
_NO_PIECE = -1

Spans = list[tuple[int, int]]


class Fallback(Spec):
    """Counts of one language. Words are what stands between spaces; spaces are no characters."""

    language: str
    texts: int = 0
    words: int = 0
    characters: int = 0
    pieces: int = 0
    """Before trimming ..."""
    pieces_after: int = 0
    """... and after it."""
    changed_pieces: int = 0
    """Pieces of before that do not stand at their place any more ..."""
    changed_words: int = 0
    """... words that have such a piece, ..."""
    changed_characters: int = 0
    """... and characters."""
    unknown: int = 0
    """Characters that had no piece before ..."""
    unknown_after: int = 0
    """... and that have none now."""


@dataclass(frozen=True)
class Cut:
    """The pieces of one text: their ids, and which characters each stands for."""

    ids: list[int]
    spans: Spans


def fallback(
    language: str,
    texts: Iterable[str],
    before: PreTrainedTokenizerBase,
    after: PreTrainedTokenizerBase,
    kept: Iterable[int],
) -> Fallback:
    """What these texts lose when a tokenizer is trimmed to the pieces `kept`."""
    new = np.full(len(before), _NO_PIECE)
    new[list(kept)] = np.arange(len(after))
    total: dict[str, int] = {}
    for some in batches(texts, _AT_ONCE):
        for text, old_cut, new_cut in zip(some, _cuts(before, some), _cuts(after, some), strict=True):
            old = Cut(new[old_cut.ids].tolist(), old_cut.spans)
            lost = _lost(text, old, new_cut)
            lost["unknown"] = int(_covered(text, _of(old_cut, before.unk_token_id)).sum())
            lost["unknown_after"] = int(_covered(text, _of(new_cut, after.unk_token_id)).sum())
            total = {name: total.get(name, 0) + count for name, count in lost.items()}
    return Fallback(language=language, **total)


def _cuts(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> Iterator[Cut]:
    found = plainly(tokenizer, texts, return_offsets_mapping=True)
    for ids, spans in zip(found["input_ids"], found["offset_mapping"], strict=True):
        yield Cut(ids, spans)


def _lost(text: str, old: Cut, new: Cut) -> dict[str, int]:
    """Counts of one text; the ids of both sides are the new ones."""
    stays = set(zip(new.ids, new.spans, strict=True))
    gone = [span for at, span in zip(old.ids, old.spans, strict=True) if (at, span) not in stays]
    changed, words = _covered(text, gone), [match.span() for match in _WORD.finditer(text)]
    return {
        "texts": 1,
        "words": len(words),
        "characters": sum(end - start for start, end in words),
        "pieces": len(old.ids),
        "pieces_after": len(new.ids),
        "changed_pieces": len(gone),
        "changed_words": sum(bool(changed[start:end].any()) for start, end in words),
        "changed_characters": int(changed.sum()),
    }


def _of(cut: Cut, wanted: int | None) -> Spans:
    """The places of one piece."""
    return [span for at, span in zip(cut.ids, cut.spans, strict=True) if at == wanted]


def _covered(text: str, spans: Spans) -> NDArray[np.bool_]:
    """Which characters, spaces apart, lie in the spans."""
    found = np.zeros(len(text), dtype=bool)
    for start, end in spans:
        found[start:end] = True
    if spans:
        found[[space.start() for space in _SPACE.finditer(text)]] = False
    return found
