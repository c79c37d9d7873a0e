"""From what a person gives as parallel text (`en-tr=FILE`, or text by target language) to corpora: the one grammar.

    en-de=de-en.txt.zip             a zip of OPUS, as it is
    en-de=news.tsv                  a table with a column or key a language
    en-de=news.{lang}               a file a language
    en-de=news.de-en                the same: what the names of the two files begin with
    en-de=english.txt,german.txt    the same: both files, by any names
    en-de=world:?rows=60            a source in its short form

In Python text may also be given by target language: a path, two files, a table, or a list of corpora.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from polydistill.data.files.records import is_table
from polydistill.data.files.zips import is_zip
from polydistill.data.rows.given import Rows, as_source
from polydistill.data.rows.sources import LANGUAGE_PLACEHOLDER, AnySource, ByLanguage, FileSource, parse_source
from polydistill.data.translations.corpora import Corpora, ParallelCorpus
from polydistill.data.translations.filters import Filters
from polydistill.data.translations.parallel import moses_path
from polydistill.languages import codes_of, language, parts_of

Parallel = str | Iterable[str] | Mapping[str, Rows | Sequence[Rows]]
"""Corpora by their short forms, or by target language: a path, two files of lines, a table, or a list of corpora."""

_KINDS = ("world:", "file:", "hub:")


def as_corpora(given: Parallel, source_language: str = "en", filters: Filters | None = None) -> Corpora:
    """The corpora that `given` means. Short forms name the source language; of a mapping it is `source_language`."""
    if isinstance(given, Mapping):
        first = language(source_language).code
        named = [(first, language(code).code, one) for code, texts in given.items() for one in _each(texts)]
    else:
        named = [_short(text) for text in ([given] if isinstance(given, str) else given)]
    sources = {source for source, _, _ in named}
    if len(sources) > 1:
        raise ValueError(f"All pairs begin with one language, and these with {' and '.join(sorted(sources))}.")
    if not named:
        raise ValueError("There is no parallel text. Expected at least one corpus, such as en-tr=FILE.")
    corpora = tuple(ParallelCorpus(target=target, data=_source(one, (source, target))) for source, target, one in named)
    return Corpora(source_language=sources.pop(), corpora=corpora, filters=filters or Filters())


def _short(text: str) -> tuple[str, str, str]:
    """Both languages of `en-tr=FILE`, and the rest."""
    pair, equals, data = text.partition("=") if isinstance(text, str) else ("", "", "")
    languages = parts_of(pair) if "-" in pair else ()
    if not (equals and data and len(languages) == 2):
        raise ValueError(f"{text!r}: expected a pair of languages and its text, such as en-tr=FILE.")
    return languages[0], languages[1], data


def _each(texts: Any) -> Iterator[Any]:
    """The corpora of one language: of a list each, unless it is rows, or two files of lines."""
    whole = not isinstance(texts, list | tuple) or any(isinstance(one, Mapping) for one in texts)
    if whole or (len(texts) == 2 and all(map(_is_a_side, texts))):
        yield texts
    else:
        yield from texts


def _is_a_side(text: Any) -> bool:
    """Whether it is the path of a file that has one language only, by its looks."""
    if not isinstance(text, str | Path) or str(text).startswith(_KINDS) or LANGUAGE_PLACEHOLDER in str(text):
        return False
    return not is_zip(text) and not is_table(Path(text))


def _source(given: Any, languages: Sequence[str]) -> AnySource:
    """Where the pairs of a corpus are."""
    if isinstance(given, list | tuple) and len(given) == 2 and all(map(_is_a_side, given)):
        return _two_files(str(given[0]), str(given[1]), languages)
    if not isinstance(given, str | Path):
        return as_source(given)
    text = str(given)
    if text.startswith(_KINDS):
        return parse_source(text)
    if not Path(text).exists():
        if "?" in text:
            source = parse_source(f"file:{text}")
            assert isinstance(source, FileSource), "the short form says that it is a file"
            return source.model_copy(update={"path": moses_path(source.path)})
        first, comma, second = text.partition(",")
        if comma:
            return _two_files(first, second, languages)
    return FileSource(path=moses_path(text))


def _two_files(first: str, second: str, languages: Sequence[str]) -> FileSource | ByLanguage:
    """A file a language: one path where the names differ in its code only, else both."""
    for ours, theirs in product(*map(codes_of, languages)):
        for start in (at for at in range(len(first)) if first.startswith(ours, at)):
            template = first[:start] + LANGUAGE_PLACEHOLDER + first[start + len(ours) :]
            if template.replace(LANGUAGE_PLACEHOLDER, theirs) == second:
                return FileSource(path=template)
    files = zip(languages, (first, second), strict=True)
    return ByLanguage(sources={code: FileSource(path=file) for code, file in files}, aligned=True)
