"""The token ids of texts, by the shortest way that gives the same.

A tokenizer of `transformers` also finds where in a text each token stands, and makes lists of all rows before the first
is used. Where only ids are wanted, the library below it is asked for these alone, some texts at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

Ids = NDArray[np.int32]  # four bytes each

AT_ONCE = 1024  # ours: rows that are Python objects at a time
_COLUMNS = {"input_ids": "ids", "token_type_ids": "type_ids"}
_STEPS = ("__call__", "_encode_plus", "set_truncation_and_padding")  # of which a class may have its own
_BY_LANGUAGE = "_switch_to_input_mode"  # what begins and ends a text depends on its language


def column_names(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """What a model reads of each token."""
    return [name for name in tokenizer.model_input_names if name != "attention_mask"]


def reads_as(tokenizer: PreTrainedTokenizerBase) -> str:
    """All that decides which ids whole texts become, wherever the tokenizer was loaded from and however it cuts."""
    if not tokenizer.is_fast:
        return f"{tokenizer!r} {tokenizer.get_vocab()}"
    backend = cast("PreTrainedTokenizerFast", tokenizer).backend_tokenizer
    backend.no_truncation()  # it is told anew whenever it reads
    backend.no_padding()
    return str(backend.to_str())


def token_ids(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    pairs: Sequence[str] | None = None,
    max_length: int | None = None,
    *,
    special: bool = True,
) -> dict[str, list[Ids]]:
    """By column the ids of texts or pairs of texts, cut to `max_length` where that is given.

    `special`: with what begins and ends an input.
    """
    columns: dict[str, list[Ids]] = {name: [] for name in column_names(tokenizer)}
    read = _directly if _may_be_direct(tokenizer) else _as_documented
    for start in range(0, len(texts), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        found = read(tokenizer, list(texts[some]), None if pairs is None else list(pairs[some]), max_length, special)
        for name, rows in columns.items():
            rows.extend(np.array(row, dtype=np.int32) for row in found[name])
    return columns


def _as_documented(
    tokenizer: Any, texts: list[str], pairs: list[str] | None, max_length: int | None, special: bool
) -> Any:
    """All that the tokenizer says."""
    return tokenizer(
        texts,
        pairs,
        add_special_tokens=special,
        truncation=max_length is not None,
        max_length=max_length,
        padding=False,
        return_attention_mask=False,
        verbose=False,  # longer than the model reads: known
    )


def _may_be_direct(tokenizer: Any) -> bool:
    """Whether the tokenizer's own way of reading is that of all fast tokenizers, and its columns are known."""
    if not tokenizer.is_fast or not hasattr(tokenizer, "set_truncation_and_padding"):
        return False
    from transformers import PreTrainedTokenizerFast

    own = any(getattr(type(tokenizer), name, None) is not getattr(PreTrainedTokenizerFast, name, 0) for name in _STEPS)
    own = own or tokenizer.backend_tokenizer.encode_special_tokens != tokenizer.split_special_tokens
    return not own and not hasattr(tokenizer, _BY_LANGUAGE) and set(column_names(tokenizer)) <= set(_COLUMNS)


def _directly(
    tokenizer: Any, texts: list[str], pairs: list[str] | None, max_length: int | None, special: bool
) -> dict[str, Any]:
    """The columns alone, from the library below the tokenizer, which is told to cut as it would be."""
    from transformers.tokenization_utils_base import TruncationStrategy
    from transformers.utils.generic import PaddingStrategy

    cuts = TruncationStrategy.DO_NOT_TRUNCATE if max_length is None else TruncationStrategy.LONGEST_FIRST
    tokenizer.set_truncation_and_padding(
        padding_strategy=PaddingStrategy.DO_NOT_PAD,
        truncation_strategy=cuts,
        max_length=max_length,
        stride=0,
        pad_to_multiple_of=None,
        padding_side=None,
    )
    given = texts if pairs is None else list(zip(texts, pairs, strict=True))
    rows = tokenizer.backend_tokenizer.encode_batch_fast(given, add_special_tokens=special)
    return {name: [getattr(row, _COLUMNS[name]) for row in rows] for name in column_names(tokenizer)}
