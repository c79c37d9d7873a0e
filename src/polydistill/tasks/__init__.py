"""The tasks that judge models: one small file each with rows, encoding, head, what is learned, and the score."""

from typing import Any

from polydistill.tasks.choice import CHOICE
from polydistill.tasks.classification import NLI, PARAPHRASE
from polydistill.tasks.ner import NER
from polydistill.tasks.qa import QA
from polydistill.tasks.stars import STAR_RATING
from polydistill.tasks.task import Task, TaskName

__all__ = ["CHOICE", "NER", "NLI", "PARAPHRASE", "QA", "STAR_RATING", "TASKS", "Task", "TaskName"]

TASKS: dict[TaskName, Task[Any, Any]] = {
    "nli": NLI,
    "paraphrase": PARAPHRASE,
    "ner": NER,
    "choice": CHOICE,
    "stars": STAR_RATING,
    "qa": QA,
}
