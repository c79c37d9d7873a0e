"""Parallel corpora, read and counted."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from polydistill.jobs.options import Pairs

if TYPE_CHECKING:
    from polydistill.data.translations.corpora import KeptPairs


class FilterOptions(TypedDict, total=False):
    """The fields of `Filters`, by name."""

    shortest: int | None
    longest: int | None
    duplicates: Literal["drop", "keep"]
    same_sides: Literal["drop", "keep"]
    at_most: int | None
    sample: Literal["first", "random"]


def corpora(
    text: Pairs, tokenizer: str | Path | None = None, *, seed: int = 0, **filters: Unpack[FilterOptions]
) -> "KeptPairs":
    """The pairs of parallel corpora (`en-tr=FILE`, ...) that are kept, by target language, and what was dropped.

    `filters` are the fields of `Filters`. Lengths are counted by `tokenizer`, a model's folder or hub name; without one
    they do not matter.
    """
    from functools import partial

    from polydistill.data.batches.encoding import token_counts
    from polydistill.data.translations.corpora import load_corpora
    from polydistill.data.translations.filters import Filters
    from polydistill.data.translations.given import as_corpora
    from polydistill.starts.hub import pinned
    from polydistill.starts.tokenizers import open_tokenizer

    said: dict[str, Any] = {"shortest": None, "longest": None} if tokenizer is None else {}
    wanted = as_corpora(text, filters=Filters(**(said | dict(filters))))
    if tokenizer is None:
        return load_corpora(wanted, None, seed)
    start = pinned(tokenizer)
    reader = open_tokenizer(start.name, start.revision)
    return load_corpora(wanted, partial(token_counts, reader), seed)
