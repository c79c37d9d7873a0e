"""Sentences given word by word, as a model reads them: long ones in several windows, and where each word begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from polydistill.data.batches.encoding import Encoded, Ints, from_lists, pad_values
from polydistill.data.batches.token_ids import column_names

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, kw_only=True)
class Windows(Encoded):
    """Texts that are windows of sentences. N = the words that a model gets to see, in order.

    A word that the tokenizer gives nothing for (a lone control character, for some) is in no window.
    """

    words: Ints
    """Number of words of each sentence."""
    word_N: Ints
    """Each seen word's number, counted through all sentences."""
    token_N: Ints
    """Where its first sub-token stands in the columns."""


@dataclass(frozen=True)
class _Window:
    """Some words of a sentence as token ids, and the word of each token (None: a special token)."""

    first_word: int
    columns: dict[str, list[int]]
    words: list[int | None]


def encode_words(tokenizer: PreTrainedTokenizerBase, sentences: Sequence[Sequence[str]], max_length: int) -> Windows:
    """Token ids of sentences. One that is longer than `max_length` is split between words and not cut.

    Only of a single word longer than a window is the end cut off: its first sub-tokens stay.
    """
    if not tokenizer.is_fast:
        raise ValueError(
            f"{type(tokenizer).__name__} does not say which tokens a word becomes, so words cannot be tagged with it. "
            "Use a model with a fast tokenizer, such as XLM-R or BERT."
        )
    # As in running text: a byte-level tokenizer reads the space before a word as a part of it.
    spaced = [[word if at == 0 else f" {word}" for at, word in enumerate(words)] for words in sentences]
    counts = np.array([len(words) for words in sentences], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    windows = list(_windows(tokenizer, spaced, starts, max_length))
    encoded = from_lists(
        {name: [window.columns[name] for window in windows] for name in column_names(tokenizer)},
        pad_values(tokenizer),
    )
    word_N, token_N = _first_tokens(windows, encoded.offsets)
    return Windows(encoded.columns, encoded.offsets, encoded.pad, words=counts, word_N=word_N, token_N=token_N)


def _windows(
    tokenizer: PreTrainedTokenizerBase, sentences: Sequence[list[str]], starts: Ints, max_length: int
) -> Iterator[_Window]:
    """The windows of all sentences, in order."""
    whole = _tokenized(tokenizer, sentences, None)
    long = [row for row, (_, words) in enumerate(whole) if len(words) > max_length]
    spans = {row: list(_spans(whole[row][1], len(sentences[row]), max_length)) for row in long}
    parts = [sentences[row][start:end] for row in long for start, end in spans[row]]
    split = iter(_tokenized(tokenizer, parts, max_length))
    for row, (columns, words) in enumerate(whole):
        if row not in spans:
            yield _Window(int(starts[row]), columns, words)
            continue
        for start, _ in spans[row]:
            yield _Window(int(starts[row]) + start, *next(split))


def _tokenized(
    tokenizer: PreTrainedTokenizerBase, sentences: Sequence[list[str]], max_length: int | None
) -> list[tuple[dict[str, list[int]], list[int | None]]]:
    """The columns of each sentence and the word of each of its tokens."""
    if not sentences:
        return []
    batch = tokenizer(
        list(sentences),
        is_split_into_words=True,
        truncation=max_length is not None,
        max_length=max_length,
        return_attention_mask=False,
        verbose=False,  # longer than the model reads: known, and split
    )
    names = column_names(tokenizer)
    return [({name: batch[name][row] for name in names}, batch.word_ids(row)) for row in range(len(sentences))]


def _spans(words: Sequence[int | None], count: int, max_length: int) -> Iterator[tuple[int, int]]:
    """First and last (exclusive) word of each window: as many words as have room, and always one."""
    seen = [word for word in words if word is not None]
    room = max_length - (len(words) - len(seen))
    if room < 1:
        raise ValueError(f"max_length is {max_length}, which leaves no room for a word. Allow more tokens.")
    start = used = 0
    for word, tokens in enumerate(np.bincount(seen, minlength=count).tolist()):
        if used and used + tokens > room:
            yield start, word
            start, used = word, 0
        used += tokens
    yield start, count


def _first_tokens(windows: Sequence[_Window], offsets: Ints) -> tuple[Ints, Ints]:
    """Every seen word, and where its first sub-token stands."""
    words: list[int] = []
    tokens: list[int] = []
    for window, offset in zip(windows, offsets.tolist(), strict=False):
        before: int | None = None
        for at, word in enumerate(window.words):
            if word is not None and word != before:
                words.append(window.first_word + word)
                tokens.append(offset + at)
            before = word
    return np.array(words, dtype=np.int64), np.array(tokens, dtype=np.int64)
