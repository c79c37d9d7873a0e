"""Text by language: parallel text that stays aligned, and plain text, one sentence a line.

Parallel text comes as one file a language (Moses, also in a zip), or as one file with a column (TSV, CSV) or key
(JSONL) a language. A row with a blank side is left out in every language and counted, so that the rest stays aligned.
"""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from polydistill.data.files.paths import find_file
from polydistill.data.files.records import Columns, first_record, holds_objects, is_table, read_records
from polydistill.data.files.tables import TableBuilder
from polydistill.data.files.text_lines import TextFile, place_of, read_lines, uncompressed
from polydistill.data.files.zips import is_zip, members
from polydistill.data.rows.files import load_files, wanted_rows
from polydistill.data.rows.shapes import SENTENCE, Corpus
from polydistill.data.rows.sources import LANGUAGE_PLACEHOLDER, AnySource, FileSource, window
from polydistill.errors import DataError
from polydistill.languages import codes_of, language

BLANK = "blank line"
TRANSLATION = "translation"  # the hub's convention: {"translation": {"en": "...", "tr": "..."}}


def load_parallel(
    paths: str | Path | Sequence[str | Path], source: str, target: str, columns: Mapping[str, str] | None = None
) -> Corpus:
    """Aligned text in two languages.

    `paths` is two files (Moses), one path with `{lang}`, the prefix of two files (`news.en-tr` for `news.en-tr.en` and
    `news.en-tr.tr`), a zip of two, or one TSV, CSV or JSONL file. `columns` maps languages to the names that such a
    file gives them.
    """
    languages = [language(source).code, language(target).code]
    if languages[0] == languages[1]:
        raise ValueError(f"Parallel text needs two languages, not {source!r} and {target!r}.")
    if not isinstance(paths, str | Path):
        if len(paths) != 2:
            raise ValueError(f"Expected one path or two (one a language), not {len(paths)}.")
        return read_aligned({code: Path(path) for code, path in zip(languages, paths, strict=True)})
    both = FileSource(path=moses_path(str(paths)), columns=dict(columns or {}))
    files = _sides(both, languages) or dict.fromkeys(languages, Path(both.path))
    return _table(parallel_rows(both, languages), files)


def moses_path(path: str) -> str:
    """The path as it is where it names a file (by its ending, one that is not there, too) or has `{lang}`.

    Else it is the prefix of a file a language.
    """
    one_file = Path(path).is_file() or is_zip(path) or is_table(Path(path)) or uncompressed(path) != path
    return path if LANGUAGE_PLACEHOLDER in path or one_file else f"{path}.{LANGUAGE_PLACEHOLDER}"


def parallel_rows(source: FileSource, languages: Sequence[str]) -> Iterator[list[str]]:
    """Row by row the texts in these languages, blank ones too, without holding more than a row."""
    files = _sides(source, languages)
    if files is not None:
        rows = aligned_lines(files)
    else:
        rows = rows_by_language(find_file(source.path, languages[0]), languages, source.columns)
    read = window(source)
    return itertools.islice(rows, read.start, read.stop)


def _sides(source: FileSource, languages: Sequence[str]) -> dict[str, TextFile] | None:
    """The file of each language: beside each other or in a zip; none where one file has all languages."""
    if LANGUAGE_PLACEHOLDER in source.path:
        return {code: find_file(source.path, code) for code in languages}
    return dict(members(find_file(source.path, languages[0]), languages)) if is_zip(source.path) else None


def plain_files(sources: Mapping[str, AnySource]) -> dict[str, TextFile] | None:
    """The files, where all these sources are files with a sentence a line and nothing is said of them."""
    files: dict[str, TextFile] = {}
    for code, source in sources.items():
        if not isinstance(source, FileSource) or source != FileSource(path=source.path):
            return None
        files[code] = find_file(source.path, code)
    return None if any(is_table(place_of(file)) or is_zip(place_of(file)) for file in files.values()) else files


def aligned_lines(files: Mapping[str, TextFile]) -> Iterator[list[str]]:
    """Line by line of one file a language. Unequal counts are an error, at the end."""
    counts = dict.fromkeys(files, 0)
    for lines in itertools.zip_longest(*(read_lines(path) for path in files.values())):
        for code, line in zip(files, lines, strict=True):
            counts[code] += line is not None
        if all(lines):
            yield [text for _, text in lines]
    if len(set(counts.values())) > 1:
        longest, shortest = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        found = "line counts " + ", ".join(f"{counts[code]} ({place_of(path)})" for code, path in files.items())
        way_out = f"Line {counts[shortest] + 1} has no counterpart: look for lines lost or split on the way."
        raise DataError(place_of(files[longest]), counts[shortest] + 1, found, "equal line counts", way_out)


def rows_by_language(path: Path, languages: Sequence[str], columns: Mapping[str, str]) -> Iterator[list[str]]:
    """Row by row of one file with all languages: JSONL keys (also inside `translation`), or TSV or CSV columns."""
    where = _language_columns(path, languages, columns)
    for line, values in read_records(path, where):
        nested = where.texts == (TRANSLATION,)
        texts = translations(values[0], languages, path, line) if nested else values
        for code, text in zip(languages, texts, strict=True):
            if not isinstance(text, str):
                raise DataError(path, line, f"{code} = {text!r}", "text", "Correct or remove the line.")
        yield texts


def read_aligned(files: Mapping[str, TextFile]) -> Corpus:
    """One file a language, line i of each saying the same; blank lines drop out of all."""
    return _table(aligned_lines(files), files)


def read_rows_by_language(path: Path, languages: Sequence[str], columns: Mapping[str, str]) -> Corpus:
    """One file with all languages."""
    return _table(rows_by_language(path, languages, columns), dict.fromkeys(languages, path))


def _table(rows: Iterable[Sequence[str]], files: Mapping[str, TextFile]) -> Corpus:
    tables = text_tables(files)
    for texts in rows:
        add_row(tables, texts)
    return _corpus(tables, files, aligned=True)


def load_text_files(source: FileSource, languages: Sequence[str]) -> Corpus:
    """Sentences of a file source: one file a language (aligned where the source says so), or one file with all."""
    text = SENTENCE.texts[0]
    if LANGUAGE_PLACEHOLDER in source.path:
        files = {code: find_file(source.path, code) for code in languages}
        if source.columns or any(map(is_table, files.values())):
            return load_files(source, SENTENCE, languages)
        corpus = read_aligned(files) if source.aligned else _read_plain(files)
    elif is_zip(source.path):
        corpus = read_aligned(members(find_file(source.path, languages[0]), languages))
    else:
        path = find_file(source.path, languages[0])
        if text in source.columns or (not source.columns and is_table(path) and text in first_record(path)):
            return load_files(source, SENTENCE, languages)
        if len(languages) == 1 and not source.columns and not is_table(path):
            corpus = _read_plain({languages[0]: path})
        else:
            corpus = read_rows_by_language(path, languages, source.columns)
    rows = {code: wanted_rows(dataset, source) for code, dataset in corpus.rows.items()}
    return replace(corpus, rows=rows)


def translations(value: object, languages: Sequence[str], file: str | Path, line: int | None) -> list[Any]:
    """The texts of `{"en": "...", "tr": "..."}` in the order of `languages`, under any code of theirs."""
    found = value if isinstance(value, Mapping) else {}
    texts = [next((found[name] for name in codes_of(code) if name in found), None) for code in languages]
    if None in texts:
        have = f"{TRANSLATION} with {', '.join(found) or 'no keys'}" if found is value else f"{TRANSLATION} = {value!r}"
        way_out = "Correct or remove the line, or leave the language out."
        raise DataError(file, line, have, f"a text for each of {', '.join(languages)}", way_out)
    return texts


def _language_columns(path: Path, languages: Sequence[str], columns: Mapping[str, str]) -> Columns:
    """The column of each language: as the user says, by the names in the header, or, without a header, by position."""
    first = first_record(path)
    if TRANSLATION in first and not columns:
        return Columns((TRANSLATION,))
    named = {language(code).code: name for code, name in columns.items()} or _languages_in(first, languages)
    present = {code: name for code, name in named.items() if name in first}
    if all(code in present for code in languages):
        return Columns(tuple(present[code] for code in languages))
    if not named and not holds_objects(path) and len(first) == len(languages):
        return Columns(tuple(str(position) for position in range(1, len(first) + 1)), header=False)
    shown = ", ".join(field if len(field) <= 40 else field[:40] + "..." for field in first[:20])
    missing = ", ".join(code for code in languages if code not in present)
    way_out = f"Say which column is which (columns={','.join(f'{code}:NAME' for code in languages)})."
    raise DataError(path, 1, f"the columns {shown}", f"one for each language (missing: {missing})", way_out)


def _languages_in(names: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    """The names that are codes or English names of languages, by code.

    Of three letters only those that are wanted: many a word of a text is the code of some language (`one`, `bir`).
    """
    found: dict[str, str] = {}
    for name in names:
        with contextlib.suppress(ValueError):
            code = language(name).code
            if len(name) != 3 or code in wanted:
                found.setdefault(code, name)
    return found


def _read_plain(files: Mapping[str, TextFile]) -> Corpus:
    """Sentences of each file, one a line, apart from blank lines; not aligned."""
    tables = text_tables(files)
    for code, path in files.items():
        for _, text in read_lines(path):
            add_row({code: tables[code]}, [text])
    return _corpus(tables, files, aligned=len(files) == 1)


def text_tables(languages: Iterable[str]) -> dict[str, TableBuilder]:
    """An empty table of sentences for each language."""
    return {code: TableBuilder(SENTENCE, labelled=False) for code in languages}


def add_row(tables: Mapping[str, TableBuilder], texts: Sequence[str]) -> None:
    """Add one row to every language, or to none if a side is blank."""
    blank = not all(text.strip() for text in texts)
    for table, text in zip(tables.values(), texts, strict=True):
        if blank:
            table.skipped[BLANK] += 1
        else:
            table.add([text])


def _corpus(tables: Mapping[str, TableBuilder], files: Mapping[str, TextFile], aligned: bool) -> Corpus:
    rows = {code: table.dataset() for code, table in tables.items()}
    for code, table in tables.items():
        if not len(rows[code]):
            found = f"{table.skipped[BLANK]} lines of which none has text" + (
                " on every side" if len(tables) > 1 else ""
            )
            raise DataError(
                place_of(files[code]), None, found, "at least one sentence", "Look whether it is the right file."
            )
    skipped = {code: dict(table.skipped) for code, table in tables.items() if table.skipped}
    return Corpus(SENTENCE, rows, aligned, skipped)
