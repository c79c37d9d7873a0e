"""What a run says of its task: the name of a known one, or a task of one's own as plain data."""

from typing import Literal, Self

from pydantic import Field, model_validator

from polydistill.data.rows.shapes import Problem
from polydistill.specs import Spec

TaskName = Literal["nli", "paraphrase", "ner", "choice", "stars", "qa"]
Kind = Literal["text", "pair", "tags"]


def _none(value: object) -> bool:
    return not value


class TaskSpec(Spec):
    """A task of one's own: rows of one text, of two, or of words with a tag each, and what is said of them.

    `single`: one of `labels`, whose order is that of the head's outputs. `several`: any of them, each decided alone.
    `number`: a number, without labels. `spellings` are pairs (as it is written, the label that is meant), which hold
    for the rows and for the model's own names of its labels.
    """

    kind: Kind
    labels: tuple[str, ...] = Field(default=(), exclude_if=_none)
    problem: Problem = Field(default="single", exclude_if=lambda problem: problem == "single")
    spellings: tuple[tuple[str, str], ...] = Field(default=(), exclude_if=_none)

    def __str__(self) -> str:
        several = ":several" if self.problem == "several" else ""
        return f"{self.kind}{several} ({', '.join(self.labels) or 'a number'})"

    def __repr__(self) -> str:
        return repr(str(self))

    @model_validator(mode="after")
    def _labels_fit_the_problem(self) -> Self:
        if self.kind == "tags" and self.problem != "single":
            raise ValueError(f"A word has one tag, so problem={self.problem!r} does not go with kind='tags'. Leave it.")
        if self.problem == "number":
            if self.labels:
                raise ValueError(f"A number has no labels, but there are {', '.join(self.labels)}. Leave them out.")
            return self
        least = 2 if self.problem == "single" else 1
        if len(self.labels) < least:
            raise ValueError(f"labels has {len(self.labels)}; expected at least {least}, such as ['neg', 'pos'].")
        plain = [label.casefold() for label in self.labels]
        if twice := [label for label in self.labels if plain.count(label.casefold()) > 1]:
            raise ValueError(
                f"The labels {', '.join(twice)} are the same but for their case, which is not read. Name each once."
            )
        if wrong := [name for _, name in self.spellings if name not in self.labels]:
            raise ValueError(
                f"spellings lead to {', '.join(wrong)}; expected one of {', '.join(self.labels)}, as in "
                "--map-labels 'written=label'."
            )
        return self


AnyTask = TaskName | TaskSpec
