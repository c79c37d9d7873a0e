"""What a column of a table is: a score of a language on a task, or the mean over other columns."""

from collections.abc import Iterable
from typing import Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from polydistill.errors import unknown
from polydistill.results import LanguageCode
from polydistill.specs import Spec

AVERAGE = "average"
"""The name of a table's main average, which is no column of its own."""


class Column(Spec):
    """One column; rows name it by `name`, such as `NER tr` or `XNLI sw k=10`.

    A column has the score of one `language`, or is the mean `over` other columns; `hidden` ones only count in means. A
    bare language code stands for the column of that language in a table about one task.

    `task`, `variant` (where a row has several runs of one task, such as `alpha 0.2`) and `shots` (examples of the
    language that were trained on) say which of a row's runs are read, `metric` and `split` which of their scores; None
    is the table's own. Where a task is not `labelled`, nothing is zero-shot.
    `published_over` counts the cells of the paper's mean where it is over others than ours.
    """

    name: str
    language: LanguageCode | None = None
    task: str = ""
    variant: str = Field(default="", exclude_if=lambda variant: not variant)
    metric: str | None = None
    split: str | None = None
    shots: int = Field(default=0, ge=0)
    labelled: bool = True
    over: tuple[str, ...] = ()
    published_over: int | None = None
    hidden: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_a_code(cls, data: Any) -> Any:
        return {"name": data, "language": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _is_a_score_or_a_mean(self) -> Self:
        if (self.language is None) == (not self.over):
            raise ValueError(
                f"Column {self.name!r} has language {self.language!r} and over {self.over!r}; expected either a "
                "language, or the columns it is the mean of."
            )
        if self.name == AVERAGE:
            raise ValueError(f"{AVERAGE!r} names the table's main average; give the column another name.")
        return self

    @model_serializer(mode="wrap")
    def _as_a_code(self, handler: SerializerFunctionWrapHandler) -> Any:
        return self.name if self.is_language else handler(self)

    @property
    def is_language(self) -> bool:
        """Whether this is no more than a language of a table about one task."""
        return self.name == self.language and self == Column(name=self.name, language=self.name)

    @property
    def part(self) -> str:
        """Which of a row's runs hold the score, such as `XNLI` or `XNLI k=10`; empty where a row has one kind."""
        return " ".join(filter(None, (self.task, self.variant, f"k={self.shots}" if self.shots else "")))

    def zero_shot(self, labels_seen: Iterable[str]) -> bool:
        """Whether a system that saw these languages' labels is scored here without labels of this language."""
        return self.language is not None and self.labelled and not self.shots and self.language not in labels_seen


def by_name(columns: Iterable[Column]) -> dict[str, Column]:
    """The columns by name, which must differ; what a mean is over must be among them, and no mean itself."""
    found: dict[str, Column] = {}
    for column in columns:
        if column.name in found:
            raise ValueError(f"Two columns are named {column.name!r}; expected each name once. Rename one of them.")
        found[column.name] = column
    singles = [name for name, column in found.items() if not column.over]
    for column in found.values():
        for name in column.over:
            if name not in singles:
                raise unknown(f"column that {column.name!r} is the mean of", name, singles)
    return found
