"""Rows of tables: data sets of the hub, local folders in the hub's layout (read by `datasets`), and tables in memory.

No code of a data set is ever run, and what comes from the hub is one commit: `datasets` falls back to the latest copy
in its cache when it cannot reach the hub, whatever the revision, so the commit of what was loaded is compared.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polydistill.data.files.tables import TableBuilder
from polydistill.data.rows.files import NO_LABEL, check_languages, is_aligned, language_of, wanted_rows
from polydistill.data.rows.labels import Label, LabelReader
from polydistill.data.rows.layouts import LANGUAGE
from polydistill.data.rows.memory import table_of
from polydistill.data.rows.shapes import LABEL, SENTENCE, Corpus, RowShape
from polydistill.data.rows.sources import LANGUAGE_PLACEHOLDER, HubSource, MemorySource, TableSource, window
from polydistill.data.rows.usual import Found, found_texts, is_logits, soft_columns, usual_columns
from polydistill.data.translations.parallel import TRANSLATION, add_row, text_tables, translations
from polydistill.errors import DataError

if TYPE_CHECKING:
    import datasets

_BATCH = 8192  # ours: rows that are Python objects at a time
_AT_ONCE = 256  # ours: of a stream, where a row may be a long document
_NO_LABEL = -1  # the hub's convention for rows without a gold label, and for test sets


def is_local(source: HubSource) -> bool:
    """Whether the source is a folder; if not, it must be pinned."""
    local = Path(source.name).is_dir()
    if local and source.revision is not None:
        raise ValueError(f"{source.name!r} is a folder: it has no revision. Leave out @{source.revision}.")
    if not local and source.revision is None:
        raise ValueError(
            f"{source.name!r} is not a folder here, and a data set of the hub needs a revision. Expected the full hash "
            f"of a commit, hub:{source.name}@<40 characters>: see 'Files and versions', 'History' on its page."
        )
    return local


def load_hub(source: TableSource, shape: RowShape, languages: Sequence[str]) -> Corpus:
    """The rows of `source` in `shape`: a table a language, or one with all languages side by side."""
    apart = _apart(source)
    data = {code: load_dataset(source, code) for code in (languages if apart else languages[:1])}
    first = data[languages[0]]
    claimed = source.aligned
    if not apart and shape == SENTENCE and _side_by_side(first, source, languages):
        tables, claimed = _translations(source, languages), True
    else:
        check_configurations(source, languages)
        tables = {code: _task_rows(dataset, source, shape) for code, dataset in data.items()}
    rows = {code: wanted_rows(tables[code].dataset(), source) for code in languages}
    skipped = {code: dict(table.skipped) for code, table in tables.items() if table.skipped}
    return Corpus(shape, rows, is_aligned(source.name, rows, claimed), skipped)


def _apart(source: TableSource) -> bool:
    """Whether each language has rows of its own: a configuration, or those that a column says to be its."""
    if isinstance(source, MemorySource):
        return _language_column(source) is not None
    return LANGUAGE_PLACEHOLDER in (source.config or "")


def _language_column(source: MemorySource) -> str | None:
    """The column that says each row's language."""
    name = source.columns.get(LANGUAGE, LANGUAGE)
    if LANGUAGE in source.columns or name in source.header:
        check_columns(source.header, source, [name], RowShape((LANGUAGE,)))
        return name
    return None


def _side_by_side(data: datasets.Dataset, source: TableSource, languages: Sequence[str]) -> bool:
    """Whether each row has its text in all languages."""
    if TRANSLATION in data.column_names:
        return True
    return SENTENCE.texts[0] not in source.columns and all(
        source.columns.get(code, code) in data.column_names for code in languages
    )


def check_configurations(source: TableSource, languages: Sequence[str]) -> None:
    """Rows of a task in several languages come from a table each."""
    if len(languages) > 1 and not _apart(source):
        if isinstance(source, MemorySource):
            found = f"no column {LANGUAGE!r} that tells {len(languages)} languages apart ({', '.join(languages)})"
            way_out = "Give a table for each language, {'en': rows, 'de': rows}, or add the column."
            raise DataError(source.name, None, found, "a table or a column that says the language", way_out)
        found = f"one configuration for {len(languages)} languages ({', '.join(languages)})"
        way_out = "Write {lang} in the configuration: hub:NAME@COMMIT?config={lang}."
        raise DataError(source.name, None, found, "one a language", way_out)


def hub_texts(source: HubSource, code: str) -> list[Callable[[], Iterator[str]]]:
    """The texts of one language, fetched as they are read: for each file of the data set, what reads it."""
    with _explained(source, code) as (name, config):
        data = _builder(source, name, config).as_streaming_dataset(split=source.split)
    column = source.columns.get(SENTENCE.texts[0], SENTENCE.texts[0])
    if data.column_names is not None:  # some formats say only row by row what they hold
        check_columns(data.column_names, source, [column], SENTENCE)
        data = data.select_columns([column])
    files = range(data.num_shards)
    return [partial(_texts, source, code, data.shard(len(files), number), column, number) for number in files]


def _texts(source: HubSource, code: str, data: datasets.IterableDataset, column: str, file: int) -> Iterator[str]:
    """The texts of one file of a data set."""
    batches = iter(data.iter(_AT_ONCE))
    for read in itertools.count(0, _AT_ONCE):
        with _explained(source, code):
            batch = next(batches, None)
        if batch is None:
            return
        check_columns(list(batch), source, [column], SENTENCE)
        for row, text in enumerate(batch[column], start=read + 1):
            _check_texts(source, f"file {file + 1}, row {row}", [column], [text])
            yield text


def table_texts(source: MemorySource, code: str) -> Iterator[str]:
    """The texts of one language of a table in memory."""
    data, column = load_dataset(source, code), source.columns.get(SENTENCE.texts[0], SENTENCE.texts[0])
    check_columns(data.column_names, source, [column], SENTENCE)
    for number, text in enumerate(data[column], start=1):
        _check_texts(source, f"row {number}", [column], [text])
        yield text


def load_dataset(source: TableSource, code: str) -> datasets.Dataset:
    """One configuration and split, whole; of a table in memory the rows of this language."""
    if isinstance(source, MemorySource):
        return _of_language(source, code)
    with _explained(source, code) as (name, config):
        builder = _builder(source, name, config)
        builder.download_and_prepare()
        return builder.as_dataset(split=source.split)


def _of_language(source: MemorySource, code: str) -> datasets.Dataset:
    table, column = table_of(source), _language_column(source)
    if column is None:
        return table
    spoken = {value: language_of(value) for value in table.unique(column)}
    check_languages(source.name, set(spoken.values()), [code])
    return table.select([row for row, value in enumerate(table[column][:]) if spoken[value] == code])


def _builder(source: HubSource, name: str, config: str | None) -> datasets.DatasetBuilder:
    import datasets

    builder = datasets.load_dataset_builder(name, config, revision=source.revision)
    if source.revision is not None and builder.hash != source.revision:
        raise ConnectionError(f"only commit {builder.hash} is in the cache")
    return builder


@contextmanager
def _explained(source: HubSource, code: str) -> Iterator[tuple[str, str | None]]:
    """The names under which `datasets` knows what is asked for; every failure says what to do."""
    from datasets.exceptions import DatasetsError

    config = source.config.replace(LANGUAGE_PLACEHOLDER, code) if source.config else None
    name = str(Path(source.name).resolve()) if is_local(source) else source.name  # a path is never looked up on the hub
    try:
        yield name, config
    except ConnectionError as error:
        expected = f"commit {source.revision} of {source.name!r}, from the hub or from the cache"
        way_out = "Connect once, so that it is cached, or give a folder in the hub's layout: hub:FOLDER."
        raise DataError(source.name, None, f"no connection to the hub ({error})", expected, way_out) from None
    except (DatasetsError, ValueError, OSError, RuntimeError) as error:
        wanted = f"a data set with configuration {config!r} and split {source.split!r}"
        way_out = "Correct name, revision, config= or split=, or give a folder in the hub's layout."
        raise DataError(source.name, None, f"{type(error).__name__}: {error}".rstrip("."), wanted, way_out) from error


def column_names(source: TableSource, code: str) -> list[str]:
    """The columns of one configuration and split."""
    return list(load_dataset(source, code).column_names)


def _task_rows(data: datasets.Dataset, source: TableSource, shape: RowShape) -> TableBuilder:
    """Rows with the shape's columns. Labels are read by name where the data set names them, whatever its order."""
    read = LabelReader(shape, source.labels)
    columns = _columns(data, source, shape, read)
    texts, label = list(columns.texts), columns.label
    check_columns(data.column_names, source, texts, shape)
    labels = _labels(data, label, columns.shares) if shape.may_have_labels else None
    logits = bool(columns.shares or label) and is_logits([*columns.shares.values(), label or ""])
    table = TableBuilder(shape, labelled=labels is not None)
    number = 0
    for batch in data.select_columns(texts).iter(_BATCH):
        for row in zip(*(batch[name] for name in texts), strict=True):
            number += 1
            said = next(labels) if labels is not None else None
            values = ["" if value is None else value for value in row] if shape.needed else row
            _check_texts(source, f"row {number}", texts, values)
            if (reason := table.lacks(values)) is not None:
                table.skipped[reason] += 1
            elif labels is None:
                table.add(values)
            elif (index := _label(source, number, said, read, logits)) is None:
                table.skipped[NO_LABEL] += 1
            else:
                table.add([*values, index])
    return table


def check_columns(names: Sequence[str], source: TableSource, wanted: Sequence[str], shape: RowShape) -> None:
    """The columns that are read must be there."""
    for name in wanted:
        if name not in names:
            way_out = f"Say which column is which (columns={shape.texts[0]}:NAME,...)."
            raise DataError(source.name, None, f"the columns {', '.join(names)}", f"a column {name!r}", way_out)


def _columns(data: datasets.Dataset, source: TableSource, shape: RowShape, read: LabelReader) -> Found:
    """Which columns hold what: by the shape's own names, or by any usual ones."""
    if shape.own:
        return usual_columns(shape, data.column_names, source.columns, source.name, read.known)
    names, texts = data.column_names, tuple(source.columns.get(name, name) for name in shape.texts)
    label = source.columns.get(LABEL, "gold_label" if LABEL not in names and "gold_label" in names else LABEL)
    shares: dict[str, str] = {}
    if label not in names and LABEL not in source.columns and shape.labels and not shape.parts:
        soft, shares = soft_columns(names, read.known)
        label = soft or label
    other = None if source.columns or set(texts) <= set(names) else found_texts("pair", names, {})
    return Found(other if other is not None and len(other) == len(texts) else texts, label, shares)


def _labels(data: datasets.Dataset, column: str | None, shares: Mapping[str, str]) -> Iterator[object] | None:
    """The labels row by row, as names where the data set has names; `None` where there are none (as in test sets)."""
    if shares:
        rows = data.select_columns(list(shares.values()))
        return ({label: row[name] for label, name in shares.items()} for row in rows)
    if column is None or column not in data.column_names:
        return None
    from datasets import ClassLabel, Value

    feature = data.features[column]
    inner = getattr(feature, "feature", feature)
    if isinstance(feature, ClassLabel | Value) and set(data.unique(column)) == {_NO_LABEL}:
        return None
    named = inner.int2str if isinstance(inner, ClassLabel) else None
    return (_named(value, named) for value in data[column])


def _named(value: Any, name: Callable[[int], str] | None) -> object:
    """A label, or each of several, by its name where the data set has names."""
    if name is None or value == _NO_LABEL:
        return value
    return [name(one) for one in value] if isinstance(value, list) else name(value)


def _label(source: TableSource, number: int, value: object, read: LabelReader, logits: bool) -> Label | None:
    if value == _NO_LABEL and read.shape.problem == "single":
        return None
    return read.read(value, f"{source.name}, row {number}", None, logits)


def _translations(source: TableSource, languages: Sequence[str]) -> dict[str, TableBuilder]:
    """Parallel text of one table."""
    tables = text_tables(languages)
    for texts in hub_rows(source.model_copy(update={"rows": None, "skip": 0}), languages):
        add_row(tables, texts)
    return tables


def hub_rows(source: TableSource, languages: Sequence[str]) -> Iterator[list[str]]:
    """Row by row the texts in these languages: of a column of translations, or of the columns that `columns` names."""
    data = load_dataset(source, languages[0])
    data = data.select(range(*window(source).indices(len(data))))
    if TRANSLATION in data.column_names and not source.columns:
        for number, value in enumerate(data[TRANSLATION], start=1):
            yield translations(value, languages, f"{source.name}, row {number}", None)
        return
    names = [source.columns.get(code, code) for code in languages]
    check_columns(data.column_names, source, names, RowShape(tuple(languages)))
    for number, row in enumerate(data.select_columns(names), start=1):
        texts = [row[name] for name in names]
        _check_texts(source, f"row {number}", names, texts)
        yield texts


def _check_texts(source: TableSource, place: str, names: Sequence[str], values: Sequence[Any]) -> None:
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, str):
            way_out = "Name another column with columns=, or leave the row out of the data set."
            raise DataError(f"{source.name}, {place}", None, f"{name} = {value!r}", "text", way_out)
