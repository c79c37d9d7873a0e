"""Which columns of somebody's rows are the texts and the labels of a task of one's own: by their usual names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from polydistill.data.rows.shapes import LABEL, RowShape
from polydistill.errors import DataError

_TEXTS = ("text", "sentence", "review", "content", "tweet", "utterance", "document", "body", "review_body")
_PAIRS = (
    ("text", "text_pair"),
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("sentence_A", "sentence_B"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("question1", "question2"),
    ("query", "passage"),
    ("query", "document"),
    ("query", "text"),
    ("question", "passage"),
    ("question", "sentence"),
    ("question", "context"),
    ("anchor", "positive"),
)
_LABELS = (LABEL, "labels", "gold_label", "score", "class", "category", "intent", "sentiment", "rating", "stars")
_SHARES, _LOGITS = "p_", "logit_"
LOGITS = "logits"


@dataclass(frozen=True)
class Found:
    """The columns of the texts in a shape's order, of the label, and of shares: the label of each, and its column."""

    texts: tuple[str, ...]
    label: str | None = None
    shares: Mapping[str, str] = field(default_factory=dict)


def is_logits(columns: Sequence[str]) -> bool:
    """Whether the columns of labels hold logits."""
    return columns[0] == LOGITS or columns[0].startswith(_LOGITS)


def label_of_share(column: str) -> str:
    """The label whose share is in a column."""
    return column.removeprefix(_SHARES).removeprefix(_LOGITS)


def usual_columns(
    shape: RowShape, names: Sequence[str], given: Mapping[str, str], file: str | Path, labels: Sequence[str] = ()
) -> Found:
    """What `given` says, and where it says nothing what the usual names say; an error names the columns there are."""
    given = _as_ours(shape, given)
    known = {*shape.texts, LABEL, "language"}
    if stray := set(given) - known:
        raise ValueError(f"columns= maps {', '.join(sorted(stray))}; expected {', '.join(sorted(known))}.")
    texts = _texts(shape, names, given)
    for column in (*(texts or ()), *given.values()):
        if column not in names and column not in (_SHARES, _LOGITS):
            raise DataError(file, 1, f"the columns {', '.join(names)}", f"a column {column!r}", "Correct columns=.")
    if texts is None:
        usual = _PAIRS if len(shape.texts) > 1 else [(name,) for name in _TEXTS]
        example = ",".join(f"{name}:NAME" for name in (*shape.texts, LABEL))
        raise DataError(
            file,
            1,
            f"the columns {', '.join(names)}",
            f"texts under one of the usual names ({'; '.join('+'.join(some) for some in usual)})",
            f"Say which column is which: columns={example} (on the command line --columns "
            f"{example.replace(':', '=')}).",
        )
    label = given.get(LABEL) or next((name for name in (*_LABELS, LOGITS) if name in names and name not in texts), None)
    soft = {} if label not in (None, _SHARES, _LOGITS) else _shares(names, label, labels)
    if label is None and not soft and not shape.written:
        soft = _by_name(shape.labels, [name for name in names if name not in texts])
    return Found(texts, None if label in (_SHARES, _LOGITS) else label, soft)


def _by_name(labels: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Columns that are called as the labels, where each label has one: each holds 0 or 1, or a share."""
    called = {name.casefold(): name for name in names}
    found = {label: called[label.casefold()] for label in labels if label.casefold() in called}
    return found if len(found) == len(labels) > 1 else {}


def _as_ours(shape: RowShape, given: Mapping[str, str]) -> dict[str, str]:
    """`given` by the shape's own names, where it has other usual ones, such as premise and hypothesis."""
    usual = _PAIRS if len(shape.texts) > 1 else tuple((name,) for name in _TEXTS)
    other = next((some for some in usual if set(some) <= set(given)), ())
    ours = dict(zip(other, shape.texts, strict=False))
    return {ours.get(name, name): column for name, column in given.items()}


def found_texts(kind: str, names: Sequence[str], given: Mapping[str, str]) -> tuple[str, ...] | None:
    """The columns of the texts of a row of one text or a pair."""
    ours = ("text", "text_pair")[: 2 if kind == "pair" else 1]
    return _first(RowShape(ours), names, given, _PAIRS if kind == "pair" else tuple((name,) for name in _TEXTS))


def _texts(shape: RowShape, names: Sequence[str], given: Mapping[str, str]) -> tuple[str, ...] | None:
    """The columns of the texts: those that are named, else the first usual ones that are all there."""
    if set(shape.texts) <= set(given):
        return tuple(given[name] for name in shape.texts)
    return _first(shape, names, given, _PAIRS if len(shape.texts) > 1 else tuple((name,) for name in _TEXTS))


def _first(
    shape: RowShape, names: Sequence[str], given: Mapping[str, str], usual: Sequence[tuple[str, ...]]
) -> tuple[str, ...] | None:
    for some in (shape.texts, *usual):
        mapped = tuple(given.get(ours, theirs) for ours, theirs in zip(shape.texts, some, strict=True))
        if set(mapped) <= set(names):
            return mapped
    return None


def soft_columns(names: Sequence[str], labels: Sequence[str]) -> tuple[str | None, dict[str, str]]:
    """Where rows of a named task have soft labels: the column of an object for all, or a column for each label."""
    whole = next((name for name in ("labels", LOGITS) if name in names), None)
    return whole, {} if whole else _shares(names, None, labels)


def _shares(names: Sequence[str], wanted: str | None, labels: Sequence[str]) -> dict[str, str]:
    """Columns such as p_yes, p_no by their label; `labels`, where they are known, are those that count."""
    plain = {label.casefold() for label in labels}
    for prefix in (_SHARES, _LOGITS) if wanted is None else (wanted,):
        found = {name.removeprefix(prefix): name for name in names if name.startswith(prefix)}
        kept = {label: name for label, name in found.items() if not plain or label.casefold() in plain}
        if len(kept) > 1:
            return kept
    return {}
