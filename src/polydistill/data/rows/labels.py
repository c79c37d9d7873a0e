"""From a label as a file spells it to its index."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polydistill.data.files.json_text import from_json
from polydistill.data.rows.shapes import Problem, RowShape
from polydistill.errors import DataError

Label = int | float | list[float] | list[str]
_SEPARATORS = re.compile("[,;|]")
_TRUTH = {"true": "1", "false": "0"}
_SLACK = 1e-3  # ours: how far a sum of rounded probabilities may be from 1
NO_GOLD_LABEL = "-"  # MultiNLI and SNLI: the annotators did not agree
_OTHER_SPELLINGS = {
    "contradictory": "contradiction",  # the machine-translated training files of XNLI
    **{str(place): f"choice{place + 1}" for place in range(5)},  # COPA: 0 is the first choice
    **{f"{stars}.0": str(stars) for stars in range(1, 6)},  # a column of numbers that had gaps
    **{f"{stars} star{'s' * (stars > 1)}": str(stars) for stars in range(1, 6)},  # as public models name them
}


class SeveralLabelsError(DataError):
    """A row with a list of labels, where one is expected."""

    def __init__(self, file: str | Path, line: int | None, value: Any) -> None:
        way_out = "If any number of labels may hold, name the task so: --task text:several (or pair:several)."
        super().__init__(file, line, f"the labels {value!r:.80}", "one label", way_out)


def spelled(label: str, shape: RowShape) -> str:
    """The one of a shape's labels that this one spells, in any case or in another of its spellings; else itself."""
    plain = label.strip().casefold()
    known = {one.casefold(): one for one in shape.labels}
    others = {**_OTHER_SPELLINGS, **{other.casefold(): name.casefold() for other, name in shape.spellings}}
    return known.get(plain) or known.get(others.get(plain, ""), label)


def plain(value: object) -> str:
    """A label as text; a whole number has no point, whatever kind of column held it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def names_in(value: object, problem: Problem = "single") -> list[str]:
    """The labels that a cell names, as they are written: of a mapping its keys."""
    if isinstance(value, Mapping):
        return [str(name) for name, share in value.items() if share is not None]
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if problem == "several":
        return [one.strip() for one in _SEPARATORS.split(str(value)) if one.strip()]
    return [plain(value)]


def shares(
    given: Mapping[int, Any], labels: int, problem: Problem, logits: bool, where: tuple[str | Path, int | None]
) -> list[float]:
    """A share for each label, from probabilities or logits of some; `nan` stands where several share what is left."""
    values = {at: _number(value, *where) for at, value in given.items()}
    if not values:
        raise DataError(*where, "no share of any label", "a probability or a logit a label", "Complete the row.")
    lacking = [at for at in range(labels) if at not in values]
    if logits:
        if lacking:
            way_out = "Give one for each, or probabilities."
            raise DataError(*where, f"logits of {len(values)} labels", f"of all {labels}", way_out)
        return _from_logits([values[at] for at in range(labels)], problem)
    if min(values.values()) < 0 or max(values.values()) > 1 + _SLACK:
        way_out = "Logits belong under 'logits', or in columns logit_LABEL."
        raise DataError(*where, f"the shares {_shown(values)}", "probabilities from 0 to 1", way_out)
    if problem == "several":
        return [min(1.0, values.get(at, 0.0)) for at in range(labels)]
    total = sum(values.values())
    if total > 1 + _SLACK or total <= 0 or (not lacking and total < 1 - _SLACK):
        expected = "probabilities that sum to 1" + (", or less where labels are left out" if lacking else "")
        way_out = "Correct them, give logits, or, where several labels may hold, name the task text:several."
        raise DataError(*where, f"shares that sum to {total:.4g}", expected, way_out)
    rest = 1 - total
    if not lacking or rest <= _SLACK:
        return [values.get(at, 0.0) / total for at in range(labels)]
    left = rest if len(lacking) == 1 else math.nan
    return [values.get(at, left) for at in range(labels)]


def _from_logits(values: list[float], problem: Problem) -> list[float]:
    if problem == "several":
        return [(1 + math.tanh(value / 2)) / 2 for value in values]
    powers = [math.exp(value - max(values)) for value in values]
    return [power / sum(powers) for power in powers]


def _is_blank(value: object) -> bool:
    """Whether a cell holds no label: nothing, or what tables of numbers have in place of nothing."""
    return value is None or value == "" or value != value  # noqa: PLR0124  (nan)


def _number(value: object, file: str | Path, line: int | None) -> float:
    try:
        number = float(_TRUTH.get(str(value).casefold(), str(value)))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DataError(file, line, f"{value!r}", "a number", "Correct or remove the row.")
    return number


def _from_json(value: str, file: str | Path, line: int | None) -> object:
    return from_json(value, file, line, f"labels in JSON, as {value!r:.60} begins like it", "Correct it.")


def _shown(values: Mapping[int, float]) -> str:
    return ", ".join(f"{value:.4g}" for value in values.values())


class LabelReader:
    """Reads the labels of one shape, by name in any case, or by the spellings that the user gives."""

    def __init__(self, shape: RowShape, spellings: Sequence[str] = ()) -> None:
        if spellings and len(spellings) != len(shape.labels):
            raise ValueError(
                f"labels={','.join(spellings)} has {len(spellings)} spellings; expected {len(shape.labels)}, in the "
                f"order {', '.join(shape.labels)}."
            )
        self.shape = shape
        self.spellings = tuple(spellings) or shape.labels
        self._index = {name.casefold(): index for index, name in enumerate(self.spellings)}
        for other, name in (*shape.spellings, *_OTHER_SPELLINGS.items()):
            if name.casefold() in self._index:
                self._index.setdefault(other.casefold(), self._index[name.casefold()])

    @property
    def known(self) -> tuple[str, ...]:
        """The labels in every spelling that is read, in lower case."""
        return tuple(self._index)

    def knows(self, value: object) -> bool:
        """Whether `value` is a label (or says that there is none)."""
        return str(value) == NO_GOLD_LABEL or plain(value).casefold() in self._index

    def given(self, value: object, file: str | Path, line: int | None) -> int:
        """The label's index, where there must be one."""
        index = self.index(value, file, line)
        if index is None:
            way_out = "Complete it, or leave it out."
            raise DataError(file, line, f"label {NO_GOLD_LABEL!r}", f"one of {', '.join(self.spellings)}", way_out)
        return index

    def read(self, value: object, file: str | Path, line: int | None, logits: bool = False) -> Label | None:
        """What the cell of a row's label says: an index, a number, or a share for each label."""
        shape = self.shape
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            value = _from_json(value, file, line)
        if isinstance(value, list | tuple) and shape.problem == "single":
            raise SeveralLabelsError(file, line, value)
        if shape.written:
            return [] if _is_blank(value) else names_in(value, shape.problem)
        if isinstance(value, Mapping):
            named = {str(name): share for name, share in value.items() if share is not None}
            at = {self.given(name, file, line): share for name, share in named.items()}
            return shares(at, len(self.spellings), shape.problem, logits, (file, line))
        if shape.problem == "number":
            return _number(value, file, line)
        if shape.problem == "several":
            return self._several(value, file, line)
        return self.index(value, file, line)

    def _several(self, value: Any, file: str | Path, line: int | None) -> list[float]:
        """1 for each label that holds; of a list of numbers, one for each label, these numbers."""
        listed = isinstance(value, list | tuple) and len(value) == len(self.spellings)
        if listed and all(one in (0, 1) for one in value):
            return [float(one) for one in value]
        held = {self.given(name, file, line) for name in names_in(value, "several")}
        return [float(at in held) for at in range(len(self.spellings))]

    def index(self, value: object, file: str | Path, line: int | None) -> int | None:
        """The label's index; `None` where the annotators gave none."""
        spelled = "" if _is_blank(value) else plain(value)
        if spelled == NO_GOLD_LABEL:
            return None
        try:
            return self._index[spelled.casefold()]
        except KeyError:
            raise DataError(
                file,
                line,
                f"label {spelled!r}",
                f"one of {', '.join(self.spellings)}",
                "Correct the row, or say how the source spells the labels, in this order: labels=first,second,...",
            ) from None
