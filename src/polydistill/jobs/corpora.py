"""A person's parallel corpora, read and counted: what `polydistill corpora` does."""

from functools import partial
from pathlib import Path
from typing import Any, TypedDict, Unpack

from polydistill.data.batches.encoding import token_counts
from polydistill.data.translations.corpora import KeptPairs, load_corpora
from polydistill.data.translations.filters import Filters
from polydistill.data.translations.given import Parallel, as_corpora
from polydistill.starts.hub import pinned
from polydistill.starts.tokenizers import open_tokenizer


class FilterOptions(TypedDict, total=False):
    """The fields of `Filters`, by name."""

    shortest: int | None
    longest: int | None
    duplicates: str
    same_sides: str
    at_most: int | None
    sample: str


def read_corpora(
    corpora: Parallel, tokenizer: str | Path | None = None, *, seed: int = 0, **filters: Unpack[FilterOptions]
) -> KeptPairs:
    """The pairs of parallel corpora (`en-tr=FILE`, ...) that are kept, by target language, and what was dropped.

    `filters` are the fields of `Filters`. Lengths are counted by `tokenizer`, a model's folder or hub name; without one
    they do not matter.
    """
    said: dict[str, Any] = {"shortest": None, "longest": None} if tokenizer is None else {}
    wanted = as_corpora(corpora, filters=Filters(**(said | dict(filters))))
    if tokenizer is None:
        return load_corpora(wanted, None, seed)
    start = pinned(tokenizer)
    reader = open_tokenizer(start.name, start.revision)
    return load_corpora(wanted, partial(token_counts, reader), seed)
