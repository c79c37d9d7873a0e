"""Which pieces stay: the most frequent ones in some text, those of some scripts, or the most frequent of these."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Literal

import numpy as np
import regex
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from polydistill.data.batches.token_ids import token_ids
from polydistill.models.trimming.vocabulary import Vocabulary

By = Literal["frequency", "script", "both"]
"""`frequency`: what occurs in the text. `script`: what is written in the scripts, whether it occurs or not. `both`: the
same, but what occurs most often first."""

_AT_ONCE = 1000  # ours: texts that are tokenised together


def count_pieces(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str], pieces: int) -> NDArray[np.int64]:
    """How often each of the pieces occurs in the texts."""
    counts = np.zeros(pieces, dtype=np.int64)
    for some in batches(texts, _AT_ONCE):
        counts += np.bincount(np.concatenate(token_ids(tokenizer, some, special=False)["input_ids"]), minlength=pieces)
    return counts


def plainly(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], **more: Any) -> Any:
    """The pieces of whole texts, without special ones."""
    settings = {"add_special_tokens": False, "truncation": False, "padding": False, "verbose": False}
    return tokenizer(list(texts), return_attention_mask=False, **settings, **more)


def choose(
    vocabulary: Vocabulary,
    counts: NDArray[np.int64],
    scripts: Sequence[str],
    by: By,
    keep: int | None = None,
    also: Collection[int] = (),
) -> list[int]:
    """The ids of the pieces to keep, in order; not more than `keep` of them, special ones included.

    Whatever the choice is `by`, these stay: special and byte pieces, `also`, and single characters of the scripts and
    of ASCII, so that any word of the languages can be written. Among equally frequent pieces the tokenizer's own order
    decides. Of BPE a piece brings along all that it is merged from.
    """
    within, proper = written_in([*scripts, "Common", "Inherited"]), written_in(scripts)
    special = vocabulary.special.union(also)
    characters = {at for at, text in vocabulary.texts.items() if _is_character(text, proper)}
    kept = set[int]().union(*map(vocabulary.needs, special | characters))
    if keep is not None and keep < len(kept):
        raise ValueError(
            f"keep={keep:,} is too few: {len(kept):,} pieces always stay, {len(special):,} that are special and the "
            f"others single characters of ASCII and of {', '.join(scripts)}, with what they are merged from. Keep at "
            "least as many, or name fewer languages."
        )
    room = len(vocabulary.pieces) if keep is None else keep
    for at in _ranked(vocabulary, counts, within, by):
        if len(kept) == room:
            break
        new = vocabulary.needs(at) - kept
        if len(kept) + len(new) <= room:
            kept |= new
    return sorted(kept)


def written_in(scripts: Iterable[str]) -> Callable[[str], bool]:
    """Whether a text has only characters of these scripts; digits, signs and emoji are Common, accents Inherited."""
    fits = regex.compile("[" + "".join(rf"\p{{Script={name}}}" for name in scripts) + "]*").fullmatch
    return lambda text: fits(text) is not None


def _is_character(text: str | None, within: Callable[[str], bool]) -> bool:
    """Whether a piece is a character that any text in the scripts may need."""
    return text is not None and len(text) == 1 and (text.isascii() or within(text))


def _ranked(vocabulary: Vocabulary, counts: NDArray[np.int64], within: Callable[[str], bool], by: By) -> Iterable[int]:
    """The pieces that may be kept, the most wanted first. A part of a character is of no script, but may occur."""
    texts = vocabulary.texts
    if by == "frequency":
        open_to_choice = [at for at in texts if counts[at]]
    else:
        open_to_choice = [at for at, text in texts.items() if (counts[at] if text is None else within(text))]
    return sorted(open_to_choice, key=lambda at: (-counts[at], at))


def batches(texts: Iterable[str], size: int) -> Iterable[list[str]]:
    """Some texts after the other."""
    held: list[str] = []
    for text in texts:
        held.append(text)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held
