"""The job corpora: parallel corpora, read and counted."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from polydistill.bounds import Count, Length, NoneOrHeld, Seed
from polydistill.jobs.job import Argument, AsJson, Help, job
from polydistill.jobs.options import Pairs

if TYPE_CHECKING:
    from polydistill.data.translations.corpora import KeptPairs


class Printed(AsJson, total=False):
    """How the command shows pairs."""

    rows: Annotated[NoneOrHeld, Help("Also print so many pairs of each language.", default=0)]


@job(
    "Look",
    "polydistill corpora en-de=de-en.txt.zip en-de=news.{lang} --tokenizer FacebookAI/xlm-roberta-base",
    showing=Printed,
)
def corpora(
    text: Annotated[
        Pairs,
        Argument(
            "Such as en-tr=FILE: a Moses zip, a TSV, CSV, JSONL or Parquet file, a.{lang}, a.en,a.tr, hub:NAME@COMMIT. "
            "Several of one pair of languages are read in order.",
            many=True,
        ),
    ],
    tokenizer: Annotated[str | Path | None, Help("What counts tokens: a model's folder or hub name.")] = None,
    *,
    shortest: Annotated[
        Length | None, Help("Tokens of a side, at least. Default: 10 with --tokenizer, else any.")
    ] = None,
    longest: Annotated[
        Length | None, Help("Tokens of a side, at most. Default: 128 with --tokenizer, else any.")
    ] = None,
    at_most: Annotated[Count, Help("At most so many pairs of each corpus.")] = 2_000_000,
    sample: Annotated[
        Literal["first", "random"], Help("Which pairs are taken, where there are more than --at-most.")
    ] = "first",
    duplicates: Annotated[Literal["drop", "keep"], Help("What to do with pairs that came before.")] = "drop",
    same_sides: Annotated[
        Literal["drop", "keep"], Help("What to do with pairs whose two sides are the same.")
    ] = "drop",
    seed: Annotated[Seed, Help("Decides which pairs are taken, with --sample random.")] = 0,
) -> "KeptPairs":
    """Read parallel corpora as a model would, and print how many pairs were dropped, why, and how many are left."""
    from polydistill.data.batches.counting import Tokens
    from polydistill.data.translations.corpora import load_corpora
    from polydistill.data.translations.filters import Filters
    from polydistill.data.translations.given import as_corpora
    from polydistill.jobs.making import settings
    from polydistill.starts.hub import pinned
    from polydistill.starts.tokenizers import open_tokenizer

    lengths = {"shortest": shortest, "longest": longest} if tokenizer is None else {}
    filters = Filters.model_validate(settings(Filters, locals()) | lengths)
    wanted = as_corpora(text, filters=filters)
    if tokenizer is None:
        return load_corpora(wanted, None, seed)
    start = pinned(tokenizer)
    reader = open_tokenizer(start.name, start.revision)
    return load_corpora(wanted, Tokens(reader).counts, seed)
