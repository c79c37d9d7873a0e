"""Text without labels that a task's rows are made of: rows as the task has them, or plain sentences, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from polydistill.data.files.paths import find_files
from polydistill.data.files.records import is_table
from polydistill.data.files.text_lines import read_lines
from polydistill.data.rows.load import load_rows, load_text
from polydistill.data.rows.shapes import SENTENCE, RowShape
from polydistill.data.rows.sources import AnySource, ByLanguage, FileSource, format_source

if TYPE_CHECKING:
    from datasets import Dataset

_LOOKED_AT = 50  # ours: lines that tell sentences from a word a line


def rows_of_text(source: AnySource, shape: RowShape, code: str) -> Dataset:
    """The rows of a task in a language; of a plain file its sentences, under `text`."""
    own = source.of([code])[code] if isinstance(source, ByLanguage) else source
    if not is_plain(own, shape, code):
        rows = load_rows(own, shape, [code]).rows[code]
    else:
        lines = own.model_copy(update={"columns": {}})  # those are of tables
        every = load_text(lines, [code]).rows[code]
        rows = every.select([at for at, line in enumerate(every[SENTENCE.texts[0]][:]) if line.strip()])
    if not len(rows):
        raise ValueError(f"There is no text in {code!r}: {format_source(own)} has blank lines only.")
    return rows


def is_plain(source: AnySource, shape: RowShape, code: str) -> bool:
    """Whether a file has a sentence a line; of tagged words it may also have a word a line."""
    if not isinstance(source, FileSource) or source.layout is not None:
        return False
    files = find_files(source.path, code)
    if any(map(is_table, files)):
        return False
    return not shape.tagged or _sentences([text for _, text in islice(read_lines(files[0]), _LOOKED_AT)])


def _sentences(lines: Sequence[str]) -> bool:
    return any(" " in line.strip() for line in lines) and not any("\t" in line for line in lines)
