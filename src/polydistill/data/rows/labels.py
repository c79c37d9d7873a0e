"""From a label as a file spells it to its index."""

from collections.abc import Sequence
from pathlib import Path

from polydistill.data.rows.shapes import RowShape
from polydistill.errors import DataError

NO_GOLD_LABEL = "-"  # MultiNLI and SNLI: the annotators did not agree
_OTHER_SPELLINGS = {
    "contradictory": "contradiction",  # the machine-translated training files of XNLI
    **{str(place): f"choice{place + 1}" for place in range(5)},  # COPA: 0 is the first choice
    **{f"{stars}.0": str(stars) for stars in range(1, 6)},  # a column of numbers that had gaps
    **{f"{stars} star{'s' * (stars > 1)}": str(stars) for stars in range(1, 6)},  # as public models name them
}


def spelled(label: str, shape: RowShape) -> str:
    """The one of a shape's labels that this one spells, in any case or in another of its spellings; else itself."""
    plain = label.strip().casefold()
    known = {one.casefold(): one for one in shape.labels}
    others = {**_OTHER_SPELLINGS, **{other.casefold(): name.casefold() for other, name in shape.spellings}}
    return known.get(plain) or known.get(others.get(plain, ""), label)


class LabelReader:
    """Reads the labels of one shape, by name in any case, or by the spellings that the user gives."""

    def __init__(self, shape: RowShape, spellings: Sequence[str] = ()) -> None:
        if spellings and len(spellings) != len(shape.labels):
            raise ValueError(
                f"labels={','.join(spellings)} has {len(spellings)} spellings; expected {len(shape.labels)}, in the "
                f"order {', '.join(shape.labels)}."
            )
        self.spellings = tuple(spellings) or shape.labels
        self._index = {name.casefold(): index for index, name in enumerate(self.spellings)}
        for other, name in (*shape.spellings, *_OTHER_SPELLINGS.items()):
            if name.casefold() in self._index:
                self._index.setdefault(other.casefold(), self._index[name.casefold()])

    def knows(self, value: object) -> bool:
        """Whether `value` is a label (or says that there is none)."""
        return str(value) == NO_GOLD_LABEL or str(value).strip().casefold() in self._index

    def given(self, value: object, file: str | Path, line: int | None) -> int:
        """The label's index, where there must be one."""
        index = self.index(value, file, line)
        if index is None:
            way_out = "Complete it, or leave it out."
            raise DataError(file, line, f"label {NO_GOLD_LABEL!r}", f"one of {', '.join(self.spellings)}", way_out)
        return index

    def index(self, value: object, file: str | Path, line: int | None) -> int | None:
        """The label's index; `None` where the annotators gave none."""
        spelled = str(value).strip()
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
