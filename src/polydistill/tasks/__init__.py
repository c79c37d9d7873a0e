"""The tasks that judge models: one small file each with rows, encoding, head, what is learned, and the score."""

from functools import lru_cache
from typing import Any

from polydistill.errors import unknown
from polydistill.tasks.choice import CHOICE
from polydistill.tasks.classification import NLI, PARAPHRASE
from polydistill.tasks.ner import NER, tagging
from polydistill.tasks.own import row_task
from polydistill.tasks.qa import QA
from polydistill.tasks.spec import AnyTask, TaskName, TaskSpec
from polydistill.tasks.stars import STAR_RATING
from polydistill.tasks.task import Task

__all__ = [
    "CHOICE",
    "NER",
    "NLI",
    "PARAPHRASE",
    "QA",
    "STAR_RATING",
    "TASKS",
    "AnyTask",
    "Task",
    "TaskName",
    "TaskSpec",
    "task_of",
]

TASKS: dict[TaskName, Task[Any, Any]] = {
    "nli": NLI,
    "paraphrase": PARAPHRASE,
    "ner": NER,
    "choice": CHOICE,
    "stars": STAR_RATING,
    "qa": QA,
}
"""The tasks that go by a name, with their labels and the layouts of their files."""


def task_of(task: AnyTask) -> Task[Any, Any]:
    """The task that a run names, or describes."""
    if isinstance(task, TaskSpec):
        return _described(task)
    if task not in TASKS:
        raise unknown("task", task, TASKS)
    return TASKS[task]


@lru_cache(maxsize=64)
def _described(spec: TaskSpec) -> Task[Any, Any]:
    return tagging(spec) if spec.kind == "tags" else row_task(spec)
