"""Parallel corpora: several a pair of languages, read pair by pair, filtered, and counted.

All pairs have one language in common, such as English; the rows of one pair of languages need not be those of another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Self

import numpy as np
from datasets import Dataset, concatenate_datasets
from pydantic import Field, model_validator

from polydistill.data.files.paths import codes_in_files
from polydistill.data.files.seen import Seen
from polydistill.data.rows.hub import hub_rows
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import (
    LANGUAGE_PLACEHOLDER,
    FileSource,
    HubSource,
    Source,
    WorldSource,
    format_source,
    parse_source,
)
from polydistill.data.translations.filters import CountTokens, Filters, keep
from polydistill.data.translations.parallel import moses_path, parallel_rows
from polydistill.errors import DataError
from polydistill.languages import parts_of
from polydistill.results import LanguageCode
from polydistill.specs import Spec

_SAMPLE = 5  # what the seed is used for: which pairs of a corpus are kept


class ParallelCorpus(Spec):
    """Text of the source language and its translation: files, a zip, a set of the hub, or the mini-world."""

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


def load_corpora(corpora: Corpora, tokens: CountTokens | None, seed: int = 0) -> KeptPairs:
    """The pairs that pass the filters. `tokens` counts the tokens of texts."""
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
    return KeptPairs({code: concatenate_datasets(parts) for code, parts in kept.items()}, tuple(counts))


def read_pairs(source: Source, languages: Sequence[str]) -> Iterator[Sequence[str]]:
    """Row by row the texts in these languages, blank ones too."""
    if isinstance(source, HubSource):
        return hub_rows(source, languages)
    if isinstance(source, FileSource):
        return iter(parallel_rows(source, languages))
    rows = load_text(source, languages).rows
    return zip(*(rows[code]["text"] for code in languages), strict=True)


def _check_some(counts: Sequence[CorpusCount]) -> None:
    """Every language needs pairs."""
    for code in dict.fromkeys(count.target for count in counts):
        of_language = [count for count in counts if count.target == code]
        if not any(count.kept for count in of_language):
            said = "; ".join(
                f"{one.read} read" + "".join(f", {number} {reason}" for reason, number in one.dropped.items())
                for one in of_language
            )
            way_out = "Look whether they are the right files, or loosen the filters (shortest, longest)."
            names = ", ".join(one.corpus for one in of_language)
            raise DataError(
                names, None, f"no pair that may be kept for {code!r} ({said})", "at least one pair", way_out
            )


def parse_corpora(texts: Sequence[str], filters: Filters | None = None) -> Corpora:
    """Corpora by short forms such as `en-tr=FILE`: a zip, a table, `a.{lang}` or its prefix, `a.en,a.tr`, a source."""
    sources, corpora = set(), []
    for text in texts:
        pair, equals, data = text.partition("=")
        languages = parts_of(pair) if "-" in pair else ()
        if not (equals and data and len(languages) == 2):
            raise ValueError(f"{text!r}: expected a pair of languages and its text, such as en-tr=FILE.")
        sources.add(languages[0])
        corpora.append(ParallelCorpus(target=languages[1], data=_source(data, languages)))
    if len(sources) > 1:
        raise ValueError(f"All pairs begin with one language, and these with {' and '.join(sorted(sources))}.")
    return Corpora(source_language=sources.pop(), corpora=tuple(corpora), filters=filters or Filters())


def _source(text: str, languages: Sequence[str]) -> WorldSource | FileSource | HubSource:
    """A source by its short form, or a path, or two."""
    if text.startswith(("world:", "file:", "hub:")):
        return parse_source(text)
    first, comma, second = text.partition(",")
    if not comma or Path(text).exists():
        return FileSource(path=moses_path(text))
    for ours, theirs in product(*map(codes_in_files, languages)):
        for start in (at for at in range(len(first)) if first.startswith(ours, at)):
            template = first[:start] + LANGUAGE_PLACEHOLDER + first[start + len(ours) :]
            if template.replace(LANGUAGE_PLACEHOLDER, theirs) == second:
                return FileSource(path=template)
    raise ValueError(
        f"{text!r}: expected two files whose names differ in the code of their language only, such as a.en,a.tr. Name "
        "them so (a link will do), or put both sides into one TSV file."
    )
