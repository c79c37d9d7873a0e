"""The option --task, which several commands have."""

from typing import TYPE_CHECKING, Annotated

import typer

from polydistill.errors import unknown

if TYPE_CHECKING:
    from polydistill.tasks import TaskName

Task = Annotated[
    str,
    typer.Option(
        help="nli or paraphrase (sentence pairs), ner (named entities), choice (questions with choices), stars "
        "(reviews) or qa (questions on a context)."
    ),
]

TaskFound = Annotated[
    str | None,
    typer.Option(
        help="text, pair or tags (yours, with any labels; text:several, pair:number), or nli, paraphrase, ner, choice, "
        "stars, qa. Default: found from the model."
    ),
]


def task_named(name: str) -> "TaskName":
    """A known task."""
    from polydistill.tasks import TASKS

    for known in TASKS:
        if known == name:
            return known
    raise unknown("task", name, TASKS)
