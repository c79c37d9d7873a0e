"""Questions about contexts, as a model reads them: the question, then a window of the context, and where words are.

    <s> question </s> </s> window of the context </s>

A context that has no room beside its question is read in several windows, of which each begins with the end of the one
before. W = windows, T = tokens of all windows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from polydistill.data.batches.encoding import Encoded, Ints, from_lists, pad_values
from polydistill.data.batches.token_ids import AT_ONCE, column_names

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

OVERLAP = 128  # tokens that two windows share, as in the scripts of `transformers`; at most half a window
LONGEST_QUESTION = 64  # tokens, as in BERT's own script; at most half of what a model reads
NOWHERE = -1  # the place of a token that is not of the context


@dataclass(frozen=True, kw_only=True)
class Passages(Encoded):
    """Texts that are windows of contexts, each behind its question."""

    contexts: tuple[str, ...]
    """Of each row, whole."""
    row_W: Ints
    """The row of each window."""
    place_T2: Ints
    """First and last (exclusive) character of each token in its context, or twice `NOWHERE`."""

    def places(self, window: int) -> Ints:
        """Those of the tokens of one window."""
        return self.place_T2[self.offsets[window] : self.offsets[window + 1]]


@dataclass(frozen=True)
class _Window:
    row: int
    columns: dict[str, Ints]
    places: Ints


def encode_passages(
    tokenizer: PreTrainedTokenizerBase,
    questions: Sequence[str],
    contexts: Sequence[str],
    max_length: int,
    overlap: int = OVERLAP,
) -> Passages:
    """Token ids of questions with windows of their contexts, each in at most `max_length` tokens.

    Of a question longer than `LONGEST_QUESTION` tokens, or half of `max_length`, the end is cut off.
    """
    if not tokenizer.is_fast:
        raise ValueError(
            f"{type(tokenizer).__name__} does not say where its tokens stand in a text, so answers cannot be found "
            "with it. Use a model with a fast tokenizer, such as XLM-R or BERT."
        )
    names = column_names(tokenizer)
    windows = [
        window
        for start in range(0, len(questions), AT_ONCE)
        for window in _windows(
            tokenizer,
            questions[start : start + AT_ONCE],
            contexts[start : start + AT_ONCE],
            start,
            max_length,
            overlap,
        )
    ]
    flat = from_lists({name: [window.columns[name] for window in windows] for name in names}, pad_values(tokenizer))
    places = [window.places for window in windows]
    return Passages(
        flat.columns,
        flat.offsets,
        flat.pad,
        contexts=tuple(contexts),
        row_W=np.array([window.row for window in windows], dtype=np.int64),
        place_T2=np.concatenate(places) if places else np.zeros((0, 2), dtype=np.int64),
    )


def _windows(
    tokenizer: PreTrainedTokenizerBase,
    questions: Sequence[str],
    contexts: Sequence[str],
    first_row: int,
    max_length: int,
    overlap: int,
) -> Iterator[_Window]:
    """The windows of some rows, in order."""
    batch = tokenizer(
        _cut(tokenizer, questions, min(LONGEST_QUESTION, max_length // 2)),
        list(contexts),
        return_offsets_mapping=True,
        return_attention_mask=False,
        verbose=False,  # longer than the model reads: known, and read in windows
    )
    for row in range(len(questions)):
        columns = {name: np.array(batch[name][row], dtype=np.int64) for name in column_names(tokenizer)}
        inside = np.array([side == 1 for side in batch.sequence_ids(row)], dtype=bool)
        places = np.where(inside[:, None], np.array(batch["offset_mapping"][row], dtype=np.int64), NOWHERE)
        for kept in _kept(inside, max_length, overlap):
            yield _Window(first_row + row, {name: ids[kept] for name, ids in columns.items()}, places[kept])


def _kept(inside: np.ndarray[tuple[int], np.dtype[np.bool_]], max_length: int, overlap: int) -> Iterator[Ints]:
    """The tokens of each window: all around the context, and a part of it."""
    context = np.flatnonzero(inside)
    room = max_length - (len(inside) - len(context))
    if room < 1:
        raise ValueError(f"max_length is {max_length}, which leaves no room for a context. Allow more tokens.")
    step = max(1, room - min(overlap, room // 2))
    first = int(context[0]) if len(context) else len(inside)
    before, after = np.arange(first), np.arange(first + len(context), len(inside))
    for start in range(0, max(1, len(context) - room + step), step):
        yield np.concatenate([before, context[start : start + room], after])


def _cut(tokenizer: PreTrainedTokenizerBase, questions: Sequence[str], longest: int) -> list[str]:
    """The questions without what is beyond so many tokens."""
    batch = tokenizer(
        list(questions),
        add_special_tokens=False,
        truncation=True,
        max_length=longest,
        return_offsets_mapping=True,
        return_attention_mask=False,
    )
    ends = (places[-1][1] if places else 0 for places in batch["offset_mapping"])
    return [question[:end] for question, end in zip(questions, ends, strict=True)]


def answer_tokens(passages: Passages, starts: Sequence[int], answers: Sequence[str]) -> Ints:
    """The first and the last token [W, 2] of each row's answer in its windows; twice 0 where it is not whole in one."""
    found = np.zeros((len(passages), 2), dtype=np.int64)
    for window, row in enumerate(passages.row_W.tolist()):
        places_L2 = passages.places(window)
        context = np.flatnonzero(places_L2[:, 0] != NOWHERE)
        begin, end = places_L2[context].T
        start, stop = starts[row], starts[row] + len(answers[row])
        if not len(context) or start < begin[0] or stop > end[-1]:
            continue
        first, last = int(np.searchsorted(end, start, "right")), int(np.searchsorted(begin, stop, "left")) - 1
        if first <= last:
            found[window] = context[first], context[last]
    return found
