"""The option --task, which several commands have."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from polydistill.tasks import TaskName

Task = Annotated[
    str,
    typer.Option(
        help="nli or paraphrase (sentence pairs), ner (named entities), choice (questions with choices), stars "
        "(reviews) or qa (questions on a context)."
    ),
]


def task_named(name: str) -> "TaskName":
    """A known task."""
    from polydistill.tasks import TASKS
    from polydistill.tasks.task import known_task

    return known_task(name, TASKS)
