"""Sentences of one language and their translations into others: what methods that align languages learn from."""

from typing import NamedTuple, Self

from pydantic import Field, model_validator

from polydistill.data.load import load_aligned
from polydistill.data.parallel import load_parallel
from polydistill.data.rows import SENTENCE, Corpus
from polydistill.data.sources import FileSource, Source
from polydistill.results import LanguageCode
from polydistill.specs import Spec

_TEXT = SENTENCE.texts[0]


class ParallelText(Spec):
    """Plain parallel sentences of the source language and a target: two files (Moses), or one (TSV, CSV, JSONL)."""

    target: LanguageCode
    files: tuple[str, ...]


class Translations(Spec):
    """Pairs of a sentence and its translation, by the language of the translation."""

    source_language: LanguageCode = "en"
    languages: tuple[LanguageCode, ...] = Field(min_length=1)
    """Of the translations."""
    data: Source | None = None
    """Sentences that say the same in all of these languages ..."""
    parallel: tuple[ParallelText, ...] = ()
    """... or parallel text by target language, each of its own sentences."""

    @model_validator(mode="after")
    def _one_kind_of_text(self) -> Self:
        if (self.data is None) == (not self.parallel):
            raise ValueError("Give sentences in all languages (data) or parallel text (parallel), and not both.")
        return self

    @model_validator(mode="after")
    def _every_language_has_text(self) -> Self:
        if self.source_language in self.languages:
            raise ValueError(
                f"The languages are {', '.join(self.languages)}, but {self.source_language!r} is what they are "
                "translations of. Leave it out."
            )
        given = [text.target for text in self.parallel]
        if self.parallel and sorted(given) != sorted(self.languages):
            raise ValueError(
                f"The languages are {', '.join(self.languages)}, but there is parallel text for {', '.join(given)}. "
                "Give one text for each language."
            )
        return self

    @property
    def reads(self) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """The rows this method learns from: sources, and the languages read from them."""
        if self.data is not None:
            return ((self.data, (self.source_language, *self.languages)),)
        return files_read(self.parallel, self.source_language)

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """Languages whose task labels are read: none."""
        return ()


class Pairs(NamedTuple):
    """Sentence i of `source` and of `target` say the same."""

    source: list[str]
    target: list[str]


def load_pairs(spec: Translations, who: str) -> dict[str, Pairs]:
    """The pairs by the language of the translation; `who` reads them, for errors."""
    if spec.data is not None:
        ((data, languages),) = spec.reads
        whole = load_aligned(data, SENTENCE, languages, who)
        return {code: _pairs(whole, spec.source_language, code) for code in spec.languages}
    texts = {text.target: load_parallel_text(text, spec.source_language) for text in spec.parallel}
    return {code: _pairs(texts[code], spec.source_language, code) for code in spec.languages}


def load_parallel_text(text: ParallelText, source: str) -> Corpus:
    """The two sides of a parallel text."""
    return load_parallel(text.files[0] if len(text.files) == 1 else text.files, source, text.target)


def files_read(parallel: tuple[ParallelText, ...], source: str) -> tuple[tuple[Source, tuple[str, ...]], ...]:
    """The files of parallel texts as sources, and the languages read from them."""
    return tuple((FileSource(path=file), (source, text.target)) for text in parallel for file in text.files)


def _pairs(corpus: Corpus, source: str, target: str) -> Pairs:
    return Pairs(list(corpus.rows[source][_TEXT]), list(corpus.rows[target][_TEXT]))
