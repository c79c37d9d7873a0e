"""What the rows of a task of one's own hold, before the task is known: their columns and their labels."""

import math
from collections.abc import Iterator, Sequence

from polydistill.data.files.paths import find_file
from polydistill.data.files.records import first_record
from polydistill.data.rows.labels import SeveralLabelsError
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import LABEL, WORDS, Problem, RowShape
from polydistill.data.rows.sources import AnySource, ByLanguage, FileSource, WorldSource
from polydistill.data.rows.tagged import TOKENS, looks_tagged
from polydistill.data.rows.usual import found_texts
from polydistill.languages import parts_of
from polydistill.tasks import TaskSpec, task_of
from polydistill.tasks.spec import Kind


def any_task(kind: Kind, problem: Problem) -> TaskSpec:
    """A task of this kind, whatever its labels."""
    return TaskSpec(kind=kind, problem=problem, labels=() if problem == "number" else ("0", "1"))


def columns_in(rows: AnySource, languages: Sequence[str]) -> tuple[str, ...]:
    """The names of the columns, apart from those that `columns` gives other names; none where files have no header."""
    from polydistill.data.rows.hub import column_names

    if isinstance(rows, WorldSource):
        return ()
    if isinstance(rows, ByLanguage):
        return columns_in(next(iter(rows.sources.values())), languages)
    (code, *_) = parts_of(languages[0])
    if isinstance(rows, FileSource):
        file = find_file(rows.path, code)
        names = (TOKENS, "ner_tags") if looks_tagged(file) else first_record(file)
    else:
        names = tuple(column_names(rows, code))
    ours = {theirs: name for name, theirs in rows.columns.items()}
    return tuple(ours.get(name, name) for name in names)


def labels_in(rows: AnySource, kind: Kind, problem: Problem, languages: Sequence[str]) -> tuple[str, ...]:
    """The labels as rows write them: in the order of their classes, or sorted, as numbers where all are."""
    texts = WORDS.texts if kind == "tags" else task_of(any_task(kind, problem)).shape.texts
    lists = WORDS.lists if kind == "tags" else ()
    shape = RowShape(texts, lists=lists, tagged=kind == "tags", problem=problem, own=True, written=True)
    tables = load_rows(rows, shape, languages).rows.values()
    labels = {one for table in tables if LABEL in table.column_names for cell in table[LABEL][:] for one in cell}
    if named := [one for one in _classes(rows, kind, languages) if one in labels or len(labels) == 0]:
        return tuple(named)
    return tuple(sorted(labels, key=lambda one: (0, float(one), one) if _is_number(one) else (1, 0.0, one)))


def are_scored_pairs(rows: AnySource, languages: Sequence[str]) -> bool:
    """Whether they are pairs of texts with a number, of which there is more than one."""
    columns = columns_in(rows, languages)
    if found_texts("pair", columns, {}) is None:
        return False
    found = labels_in(rows, "pair", "number", languages)
    return len(found) > 1 and all(map(_is_number, found))


def problem_in(rows: AnySource, kind: Kind, languages: Sequence[str]) -> Problem:
    """What is said of a row: several labels where rows have lists, a number where not all numbers are whole."""
    if isinstance(rows, WorldSource) or kind == "tags":
        return "single"
    try:
        found = labels_in(rows, kind, "single", languages)
    except SeveralLabelsError:
        return "several"
    return "number" if found and all(map(_is_number, found)) and not all(map(_is_whole, found)) else "single"


def _classes(rows: AnySource, kind: Kind, languages: Sequence[str]) -> Iterator[str]:
    """The names of the classes, where rows are of a data set that has them."""
    if isinstance(rows, FileSource | WorldSource | ByLanguage):
        return
    from datasets import ClassLabel

    from polydistill.data.rows.hub import load_dataset

    (code, *_) = parts_of(languages[0])
    for feature in load_dataset(rows, code).features.values():
        inner = getattr(feature, "feature", feature)
        if isinstance(inner, ClassLabel) and (inner is not feature) == (kind == "tags"):
            yield from inner.names
            return


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_whole(text: str) -> bool:
    return float(text).is_integer()
