"""Words of a text, and where they are among the tokens of two tokenizers: aligned by characters, whatever these are.

A word is a piece of the text, found without a tokenizer: what stands between spaces, as it is written, its punctuation
with it. In scripts that are written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) each letter with its
marks is one, and each sign of punctuation. Words that a single token of either tokenizer reaches over count as one, so
that no two words begin with the same token; a word of which a tokenizer leaves nothing (cut off, or dropped) is no word
for either.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from polydistill.data.batches.encoding import Flattened, Integers, Ints, Ragged
from polydistill.data.batches.token_ids import AT_ONCE

NO_WORD = -1

_LETTERS_ALONE = "".join(
    f"{first}-{last}"
    for first, last in (
        ("\u3001", "\u303f"),  # punctuation of Chinese and Japanese, and marks that stand for a character
        ("\uff01", "\uff0f"),
        ("\u3041", "\u309f"),  # Hiragana
        ("\u30a0", "\u30ff"),  # Katakana
        ("\u31f0", "\u31ff"),
        ("\uff66", "\uff9f"),
        ("\u3400", "\u4dbf"),  # Chinese characters
        ("\u4e00", "\u9fff"),
        ("\uf900", "\ufaff"),
        ("\U00020000", "\U000323af"),
        ("\u0e00", "\u0e7f"),  # Thai
        ("\u0e80", "\u0eff"),  # Lao
        ("\u1780", "\u17ff"),  # Khmer
        ("\u1000", "\u109f"),  # Burmese
        ("\ua9e0", "\ua9ff"),
        ("\uaa60", "\uaa7f"),
    )
)
_JOINERS = "\u1039\u17d2"  # put the next Burmese or Khmer letter below the one before
_MARKS = "".join(
    chr(code)
    for first, last in (("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"), ("\u3099", "\u309a"))
    for code in range(ord(first), ord(last) + 1)
    if unicodedata.category(chr(code)).startswith("M") and chr(code) not in _JOINERS
)
_ALONE = re.compile(f"[{_LETTERS_ALONE}]")
_WORD = re.compile(
    rf"[{_LETTERS_ALONE}](?:[{_JOINERS}][{_LETTERS_ALONE}]|[{_MARKS}{_JOINERS}])*|[^\s{_LETTERS_ALONE}]+"
)
_BETWEEN_SPACES = re.compile(r"\S+")


def words(text: str) -> list[tuple[int, int]]:
    """Where each word begins and ends, in characters."""
    pattern = _WORD if _ALONE.search(text) else _BETWEEN_SPACES
    return [found.span() for found in pattern.finditer(text)]


def tokens(text: str) -> list[str]:
    """The words of a text as taggers read them: punctuation before and after a word stands alone."""
    return [part for start, end in words(text) for part in _parts(text[start:end])]


def _parts(word: str) -> Iterator[str]:
    inside = [at for at, char in enumerate(word) if unicodedata.category(char)[0] not in "PS"]
    start, end = (inside[0], inside[-1] + 1) if inside else (0, 0)
    yield from word[:start]
    if end > start:
        yield word[start:end]
    yield from word[end:]


def shared_words(texts: Sequence[str], first: Iterable[Integers], second: Iterable[Integers]) -> tuple[Ragged, Ragged]:
    """The number of the word that each token belongs to (-1: none), for two tokenizers' tokens of the same texts.

    `first` and `second` say of each text where its tokens begin and end in it, in characters ([tokens, 2]; tokens that
    are of no text have equal ends). Words are counted from 0, the same for both.
    """
    rows = (_shared(text, one, other) for text, one, other in zip(texts, first, second, strict=True))
    sides = Flattened(), Flattened()
    while some := list(islice(rows, AT_ONCE)):
        for side, numbers in zip(sides, zip(*some, strict=True), strict=True):
            side.add(numbers)
    return _ragged(sides[0]), _ragged(sides[1])


def first_tokens(words_of_tokens: Ragged) -> Ragged:
    """The place of each word's first token, word by word."""
    places = Flattened()
    places.add(map(_firsts, words_of_tokens))
    return _ragged(places)


def _firsts(words_of_row: Integers) -> Ints:
    numbers, places = np.unique(words_of_row, return_index=True)
    return np.asarray(places[numbers != NO_WORD])


def _shared(text: str, *sides: Integers) -> tuple[Ints, ...]:
    """The words of one text's tokens, one array a tokenizer."""
    spans = words(text)
    reached = [_reached(spans, side) for side in sides]
    apart = np.ones(len(spans), dtype=bool)  # whether a word is not one with the word before it
    for first_W, last_W in reached:
        for first, last in zip(first_W[first_W < last_W], last_W[first_W < last_W], strict=True):
            apart[first + 1 : last + 1] = False
    number = np.append(np.cumsum(apart) - 1, NO_WORD)  # the last place is for tokens of no word
    tokens = [number[np.where(first <= last, first, -1)] for first, last in reached]
    common = np.intersect1d(tokens[0], tokens[1])
    common = common[common != NO_WORD]
    again = np.full(len(spans) + 1, NO_WORD, dtype=np.int64)
    again[common] = np.arange(len(common))
    return tuple(np.where(side == NO_WORD, NO_WORD, again[side]) for side in tokens)


def _reached(spans: Sequence[tuple[int, int]], tokens: Integers) -> tuple[Ints, Ints]:
    """The first and the last word that each token touches; the last comes before the first where it touches none."""
    begin_W, end_W = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    # words do not overlap, so both ends rise: a token touches those that end after it begins and begin before it ends
    first = np.searchsorted(end_W, tokens[:, 0], side="right")
    last = np.searchsorted(begin_W, tokens[:, 1], side="left") - 1
    return first, np.where(tokens[:, 0] < tokens[:, 1], last, -1)


def _ragged(rows: Flattened) -> Ragged:
    return Ragged(rows.flat(), rows.offsets(), NO_WORD)
