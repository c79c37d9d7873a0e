"""From what a person gives (a path, a short form, a table, rows, a mapping by language) to a source."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from polydistill.data.rows.memory import from_memory, is_table, refuse_splits
from polydistill.data.rows.sources import AnySource, ByLanguage, FileSource, parse_source
from polydistill.languages import language

_KIND = re.compile("[A-Za-z][A-Za-z0-9+.-]+:")  # a letter alone before a colon is a drive


class Frame(Protocol):
    """A table of pandas."""

    @property
    def columns(self) -> Any:
        """The names of its columns."""


Rows = str | Path | AnySource | Frame | Iterable[Mapping[str, Any] | str] | Mapping[str, Any]
"""Where rows come from: a source or its short form (`file:xnli/dev-{lang}.tsv`), a path, a table of `datasets` or
`pandas`, rows as mappings (or texts), or any of these by language."""


def as_source(given: Rows, **options: Any) -> AnySource:
    """The source that `given` means. A bare path is a file.

    `options` go with a path or a table, and are those of a source: `columns={"text": "review"}`, `labels=("no",
    "yes")`, `aligned=True`, `rows=100`. With rows by language only `aligned` does.
    """
    if isinstance(given, AnySource):
        return _with(given, options)
    if isinstance(given, Path):
        return FileSource(path=str(given), **options)
    if isinstance(given, str):
        return _with(_of_text(given), options)
    if isinstance(given, Mapping):
        refuse_splits(given)
        return _by_language(given, **options)
    if not is_table(given):
        raise ValueError(
            f"{given!r:.80} is no source of rows. Expected a path, a short form (world:, file:PATH, hub:NAME@COMMIT), "
            "a table of pandas or datasets, a list of mappings, or one of these for each language."
        )
    return from_memory(given, **options)


def _with(source: AnySource, options: Mapping[str, Any]) -> AnySource:
    return type(source).model_validate({**source.model_dump(), **options}) if options else source


def _of_text(text: str) -> AnySource:
    """A short form, or the path of a file, which may have options after a `?`."""
    if Path(text).exists():
        return FileSource(path=text)
    if _KIND.match(text):
        return parse_source(text)
    return parse_source(f"file:{text}") if "?" in text else FileSource(path=text)


def _by_language(given: Mapping[str, Any], aligned: bool | None = None) -> ByLanguage:
    sources = {language(code).code: as_source(one) for code, one in given.items()}
    if not sources or len(sources) < len(given):
        raise ValueError(f"Rows by language have the keys {', '.join(given) or 'none'}. Name each language once.")
    return ByLanguage.model_validate({"sources": sources, "aligned": aligned})
