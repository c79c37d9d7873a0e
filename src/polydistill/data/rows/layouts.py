"""The benchmarks' own layouts, and how one is recognised from the first line of a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polydistill.data.files.records import Columns, Quoted, file_format, first_record, holds_objects
from polydistill.data.rows.labels import LabelReader
from polydistill.data.rows.shapes import LABEL, PARAPHRASES, RowShape
from polydistill.data.rows.sources import LayoutName
from polydistill.data.rows.usual import soft_columns, usual_columns
from polydistill.errors import DataError

LANGUAGE = "language"


@dataclass(frozen=True)
class _Named:
    """A layout with a header (or JSON keys): its names of the texts, of the label (any of these), of the language."""

    name: LayoutName
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    language: str | None = None
    short_rows: bool = False  # MultiNLI: rows of the training set leave out the last four columns of the header
    quoted: Quoted = "never"


def _named_layouts(shape: RowShape) -> tuple[_Named, ...]:
    """In the order in which they are tried; those whose number of texts is not the shape's do not apply."""
    layouts = (
        # in other tasks files with these columns are MultiNLI's, which are not quoted
        *([_Named("pawsx", PARAPHRASES.texts, (LABEL,), quoted="some")] if shape.texts == PARAPHRASES.texts else []),
        _Named("xnli", ("sentence1", "sentence2"), ("gold_label",), LANGUAGE, short_rows=True),
        _Named("marc", ("review_body", "review_title", "product_category"), ("stars",)),
        _Named("headed", shape.texts, (LABEL, "gold_label")),
        _Named("multinli", ("sentence1", "sentence2"), ("gold_label", LABEL), short_rows=True),
        _Named("xnli-mt", ("premise", "hypo"), (LABEL,)),
    )
    return tuple(layout for layout in layouts if len(layout.texts) == len(shape.texts))


def find_columns(
    path: Path, shape: RowShape, layout: LayoutName | None, mapping: Mapping[str, str], labels: LabelReader
) -> Columns:
    """The columns of `path`: by the user's mapping, by the layout the user names, or by the looks of the first line."""
    first = first_record(path)
    if shape.own and not (layout or _looks_headerless(path, first, shape, labels)):
        found = usual_columns(shape, first, mapping, path, labels.known)
        spoken = mapping.get(LANGUAGE) or (LANGUAGE if LANGUAGE in first else None)
        own = Columns(found.texts, found.label, tuple(found.shares.values()), spoken)
        _check_unique(path, own, first)
        return own
    if mapping:
        return _mapped(path, first, shape, mapping)
    if layout in ("xtreme", "headerless"):
        return _by_position(path, first, shape, quoted=layout == "xtreme")
    for named in _named_layouts(shape):
        if layout in (None, named.name) and (columns := _columns_of(named, first, shape, labels)):
            _check_unique(path, columns, first)
            return columns
    if layout is None and _looks_headerless(path, first, shape, labels):
        return _by_position(path, first, shape, quoted=True)
    raise _wrong_columns(path, first, shape, layout)


def _columns_of(layout: _Named, first: tuple[str, ...], shape: RowShape, labels: LabelReader) -> Columns | None:
    """The columns, if the header has those of this layout. Only test sets lack the label: only some layouts may."""
    label = next((name for name in layout.labels if name in first), None) if shape.may_have_labels else None
    lacks_label = shape.may_have_labels and label is None and layout.name not in ("headed", "pawsx")
    if lacks_label or not set(_needed(layout.texts, shape)) <= set(first):
        return None
    if layout.language is not None and layout.language not in first:
        return None
    language = LANGUAGE if LANGUAGE in first else None
    blank, shares = _may_lack(layout.texts, shape), dict[str, str]()
    if layout.name == "headed" and label is None and shape.labels and not shape.parts:
        label, shares = soft_columns(first, labels.known)
    soft = tuple(shares.values())
    return Columns(layout.texts, label, soft, language, short_rows=layout.short_rows, quoted=layout.quoted, blank=blank)


def label_column(shape: RowShape) -> str:
    """What the column of the labels is called in files of the shape's own layout."""
    return next(layout.labels[0] for layout in _named_layouts(shape) if layout.texts == shape.texts)


def _needed(texts: tuple[str, ...], shape: RowShape) -> tuple[str, ...]:
    """The columns of texts that must be there: all, unless the shape says which it needs."""
    return tuple(name for name, ours in zip(texts, shape.texts, strict=True) if ours in (shape.needed or shape.texts))


def _may_lack(texts: tuple[str, ...], shape: RowShape) -> tuple[str, ...]:
    """The columns that an object may lack: all texts, where the shape says which it needs and others may be empty."""
    return texts if shape.needed else ()


def _mapped(path: Path, first: tuple[str, ...], shape: RowShape, mapping: Mapping[str, str]) -> Columns:
    """Columns by the user's own names: all texts of the shape; the label and the language where there are such."""
    needed = _needed(shape.texts, shape)
    known = {*shape.texts, LANGUAGE, *((LABEL,) if shape.may_have_labels else ())}
    if set(mapping) - known or not set(needed) <= set(mapping):
        raise ValueError(
            f"columns= maps {', '.join(mapping)}; expected {', '.join(needed)} and, where there are such, "
            f"{', '.join(sorted(known - set(needed)))}. For example: columns={shape.texts[0]}:name_in_the_file."
        )
    texts = tuple(mapping.get(name, name) for name in shape.texts)
    columns = Columns(texts, mapping.get(LABEL), (), mapping.get(LANGUAGE), blank=_may_lack(texts, shape))
    for name in columns.wanted:
        if name not in first and name in mapping.values():
            raise DataError(path, 1, f"no column {name!r}", f"one of {', '.join(first)}", "Correct columns=.")
    _check_unique(path, columns, first)
    return columns


def _by_position(path: Path, first: tuple[str, ...], shape: RowShape, quoted: bool) -> Columns:
    """Columns of a file without header: the texts in the shape's order, then, unless it is a test set, the label."""
    texts = len(shape.texts)
    if holds_objects(path) or not texts <= len(first) <= texts + shape.may_have_labels:
        raise _wrong_columns(path, first, shape, "xtreme" if quoted else "headerless")
    names = tuple(str(position) for position in range(1, len(first) + 1))
    label = names[texts] if len(first) > texts else None
    return Columns(names[:texts], label, header=False, quoted="as csv" if quoted else "never")


def _looks_headerless(path: Path, first: tuple[str, ...], shape: RowShape, labels: LabelReader) -> bool:
    """XTREME's files: texts and a label; or, in `test-xx.tsv`, texts alone (elsewhere that may be a wrong header)."""
    if file_format(path) != "tsv" or len(shape.texts) < 2:
        return False
    if len(first) == len(shape.texts) + 1:
        return labels.knows(first[-1])
    return len(first) == len(shape.texts) and path.name.startswith("test-")


def _check_unique(path: Path, columns: Columns, first: tuple[str, ...]) -> None:
    for name in columns.wanted:
        if first.count(name) > 1:
            raise DataError(path, 1, f"two columns {name!r}", "each name once", "Rename one of them.")


def _wrong_columns(path: Path, first: tuple[str, ...], shape: RowShape, layout: LayoutName | None) -> DataError:
    shown = ", ".join(field if len(field) <= 40 else field[:40] + "..." for field in first[:20])
    ours = [*shape.texts, *((LABEL,) if shape.may_have_labels else ())]
    if layout in ("xtreme", "headerless"):
        expected = f"layout {layout}: lines of {' <TAB> '.join(ours)} without a header"
    else:
        needed = _needed(shape.texts, shape)
        others = [name for name in shape.texts if name not in needed]
        named = [*needed, *((label_column(shape),) if shape.may_have_labels else ())]
        expected = f"the columns {', '.join(named)}" + (f" as layout {layout} names them" if layout else "")
        expected += f" ({' and '.join(others)} may be missing)" if others else ""
    example = ",".join(f"{name}:NAME" for name in ours)
    way_out = f"Say which column is which (columns={example}), or, without a header, layout=headerless."
    return DataError(path, 1, f"the columns {shown}", expected, way_out)
