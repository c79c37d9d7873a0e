"""Parallel corpora: several a pair of languages, read pair by pair, filtered, and counted.

All pairs have one language in common, such as English; the rows of one pair of languages need not be those of another.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import Self

import numpy as np
from datasets import Dataset, concatenate_datasets
from pydantic import Field, model_validator

from polydistill.data.batches.counting import Tokens
from polydistill.data.batches.streams import text_parts
from polydistill.data.batches.token_ids import AT_ONCE
from polydistill.data.files.seen import Seen
from polydistill.data.rows.hub import hub_rows
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import ByLanguage, FileSource, Source, TableSource, format_source
from polydistill.data.translations.filters import LONG, SHORT, CountTokens, Filters, keep
from polydistill.data.translations.parallel import aligned_lines, parallel_rows, plain_files
from polydistill.errors import DataError
from polydistill.results import LanguageCode
from polydistill.specs import Spec

_LOG = logging.getLogger("polydistill")
_SAMPLE = 5  # what the seed is used for: which pairs of a corpus are kept


class ParallelCorpus(Spec):
    """Text of the source language and its translation: files, a zip, a table, a set of the hub, or the mini-world."""

    target: LanguageCode
    data: Source

    @model_validator(mode="after")
    def _pairs_and_nothing_else(self) -> Self:
        for option in ("layout", "labels", "label_file", "questions", "aligned"):
            if getattr(self.data, option, None) not in (None, (), True):
                raise ValueError(f"{format_source(self.data)}: parallel text has no {option}. Leave it out.")
        return self


class Corpora(Spec):
    """Which parallel text is read, and which of its pairs are kept."""

    source_language: LanguageCode = "en"
    corpora: tuple[ParallelCorpus, ...] = Field(min_length=1)
    filters: Filters = Filters()

    @model_validator(mode="after")
    def _two_languages_each(self) -> Self:
        if self.source_language in self.languages:
            raise ValueError(f"Parallel text needs two languages, not {self.source_language!r} twice.")
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the source language is paired with."""
        return tuple(dict.fromkeys(corpus.target for corpus in self.corpora))

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows that are read: sources, and the languages read from them."""
        return tuple((corpus.data, (self.source_language, corpus.target)) for corpus in self.corpora)


class CorpusCount(Spec):
    """What was read of a corpus, dropped (by reason) and kept, in pairs."""

    corpus: str
    target: LanguageCode
    read: int
    dropped: dict[str, int]
    kept: int


@dataclass(frozen=True)
class KeptPairs:
    """By the language of the target: tables with the columns `source` and `target`; and what became of each corpus."""

    rows: Mapping[str, Dataset] = field(repr=False)
    counts: tuple[CorpusCount, ...]


def load_corpora(corpora: Corpora, tokens: CountTokens | Tokens | None, seed: int = 0) -> KeptPairs:
    """The pairs that pass the filters. `tokens` counts the tokens of texts (and keeps them, where it is `Tokens`)."""
    seen = {code: Seen() for code in corpora.languages}
    kept: dict[str, list[Dataset]] = {code: [] for code in corpora.languages}
    counts = []
    for number, corpus in enumerate(corpora.corpora):
        rng = np.random.default_rng([seed, _SAMPLE, number])
        coming = read_pairs(corpus.data, (corpora.source_language, corpus.target))
        rows, dropped = keep(coming, corpora.filters, tokens, seen[corpus.target], rng)
        kept[corpus.target].append(rows)
        read = len(rows) + dropped.total()
        name = format_source(corpus.data)
        counts.append(CorpusCount(corpus=name, target=corpus.target, read=read, dropped=dropped, kept=len(rows)))
    _check_some(counts)
    _say_what_is_lost(counts, corpora.filters)
    return KeptPairs({code: concatenate_datasets(parts) for code, parts in kept.items()}, tuple(counts))


def read_pairs(source: Source, languages: Sequence[str]) -> Iterator[Sequence[str]]:
    """Row by row the texts in these languages, blank ones too."""
    if isinstance(source, TableSource):
        return hub_rows(source, languages)
    if isinstance(source, FileSource):
        return iter(parallel_rows(source, languages))
    if isinstance(source, ByLanguage):
        return _side_by_side(source, languages)
    rows = load_text(source, languages).rows
    sides = [rows[code]["text"] for code in languages]
    parts = (slice(start, start + AT_ONCE) for start in range(0, len(sides[0]), AT_ONCE))
    return chain.from_iterable(zip(*(side[part] for side in sides), strict=True) for part in parts)


def _side_by_side(source: ByLanguage, languages: Sequence[str]) -> Iterator[Sequence[str]]:
    """Row i of each language's own source, which must have equally many."""
    own = source.of(languages)
    if (files := plain_files(own)) is not None:
        yield from aligned_lines(files)
        return
    sides = [chain.from_iterable(part() for part in text_parts(one, code)) for code, one in own.items()]
    for number, texts in enumerate(zip_longest(*sides), start=1):
        if None in texts:
            short = next(code for code, text in zip(own, texts, strict=True) if text is None)
            found = f"no row {number} for {short!r}"
            way_out = "Row i of each must say the same: look for rows lost on the way."
            raise DataError(source.name, None, found, "equally many rows in both languages", way_out)
        yield texts


def _check_some(counts: Sequence[CorpusCount]) -> None:
    """Every language needs pairs."""
    for code in dict.fromkeys(count.target for count in counts):
        of_language = [count for count in counts if count.target == code]
        if not any(count.kept for count in of_language):
            said = "; ".join(
                f"{one.read} read" + "".join(f", {number} {reason}" for reason, number in one.dropped.items())
                for one in of_language
            )
            way_out = "Look whether they are the right files, or loosen the filters (--shortest 1, --longest 512)."
            names = ", ".join(one.corpus for one in of_language)
            raise DataError(
                names, None, f"no pair that may be kept for {code!r} ({said})", "at least one pair", way_out
            )


def _say_what_is_lost(counts: Sequence[CorpusCount], filters: Filters) -> None:
    """Say so where most pairs of a language are left out for their length: few people know that there is a limit."""
    for code in dict.fromkeys(count.target for count in counts):
        of_language = [count for count in counts if count.target == code]
        read = sum(one.read for one in of_language)
        for reason, option in ((SHORT, "shortest"), (LONG, "longest")):
            lost = sum(one.dropped.get(reason, 0) for one in of_language)
            if lost > read / 2:
                _LOG.warning(
                    "%s: %s of %s pairs are left out: %s (%s=%s, in tokens). Another --%s keeps them.",
                    *(code, f"{lost:,}", f"{read:,}", reason, option, getattr(filters, option), option),
                )
