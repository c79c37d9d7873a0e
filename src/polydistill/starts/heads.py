"""Whether a model's head is that of a task: its kind, its labels and their order."""

from collections.abc import Sequence
from typing import Any

from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification, PretrainedConfig

from polydistill.data.rows.labels import spelled
from polydistill.data.rows.shapes import Problem, RowShape
from polydistill.tasks import TASKS, AnyTask, TaskSpec, task_of
from polydistill.tasks.spec import Kind

_PROBLEMS: dict[Problem, str] = {"single": "one of some labels", "several": "any of some labels", "number": "a number"}


def has_head(config: PretrainedConfig, head: Any = AutoModelForSequenceClassification) -> bool:
    """Whether a model has been tuned with this head."""
    return any(head_name(head) in kind for kind in config.architectures or ())


def task_in(config: PretrainedConfig, wanted: AnyTask | None = None) -> AnyTask | None:
    """The same of a model's configuration."""
    if isinstance(wanted, TaskSpec) and has_head(config, task_of(wanted).head):
        return wanted
    able = [name for name, task in TASKS.items() if has_head(config, task.head)]
    fitting = [name for name in able if fits(config, task_of(name).shape)]
    if wanted in (fitting or able):
        return wanted
    return next(iter(fitting), None) or _described(config) or next(iter(able), None)


def _described(config: PretrainedConfig) -> TaskSpec | None:
    """A task of its own, if a head names labels: of one text, which is what cannot be seen, or of words."""
    heads: dict[Kind, Any] = {"text": AutoModelForSequenceClassification, "tags": AutoModelForTokenClassification}
    kind = next((kind for kind, head in heads.items() if has_head(config, head)), None)
    if kind is None:
        return None
    names, problem = tuple((config.id2label or {}).values()), problem_of(config)
    return TaskSpec(kind=kind, labels=() if problem == "number" else names, problem=problem)


def problem_of(config: PretrainedConfig) -> Problem:
    """What the outputs of a head are, as a configuration says it, or as their number does."""
    said = getattr(config, "problem_type", None)
    if said == "multi_label_classification":
        return "several"
    return "number" if said == "regression" or len(config.id2label or {}) == 1 else "single"


def fits(config: PretrainedConfig, shape: RowShape) -> bool:
    """Whether the outputs of a head are these labels in any order and spelling, or as many without a name."""
    theirs, labels = _named(config), shape.labels
    if shape.own and problem_of(config) != shape.problem:
        return False
    unnamed = [f"label_{index}" for index in range(len(labels))]
    return not labels or theirs == unnamed or sorted(spelled(one, shape) for one in theirs) == sorted(labels)


def head_name(head: Any) -> str:
    """What the models of an Auto class have in their names, such as ForSequenceClassification."""
    return str(head.__name__).removeprefix("AutoModel")


def label_order(name: str, config: PretrainedConfig, shape: RowShape, head: Any) -> list[int]:
    """For each of our labels, the output of the model's head that stands for it; as they are where there is no head."""
    labels = shape.labels
    as_they_are = list(range(len(labels)))
    theirs = _named(config)
    if shape.own and has_head(config, head) and problem_of(config) != shape.problem:
        raise ValueError(
            f"{name} says {_PROBLEMS[problem_of(config)]} ({', '.join(theirs)}); expected {_PROBLEMS[shape.problem]}. "
            "Name the task that it has, or start from a model without a head."
        )
    if not labels or not has_head(config, head) or theirs == [f"label_{index}" for index in as_they_are]:
        return as_they_are
    read = [spelled(one, shape) for one in theirs]
    if sorted(read) != sorted(labels):
        raise ValueError(
            f"{name} is a classifier with the labels {', '.join(theirs)}; expected {', '.join(labels)}, in any order. "
            f"{_apart(read, labels)} Say what they mean (--map-labels 'theirs=label,...'), name them so in its "
            "config.json (id2label), or start from a model without a head."
        )
    return [read.index(label) for label in labels]


def _apart(theirs: Sequence[str], ours: Sequence[str]) -> str:
    """What each side lacks of the other."""
    lacks, more = [one for one in ours if one not in theirs], [one for one in theirs if one not in ours]
    parts = (("It lacks", lacks), ("Only it has", more))
    return " ".join(f"{said} {', '.join(names)}." for said, names in parts if names)


def _named(config: PretrainedConfig) -> list[str]:
    """The labels of a head in the order of its outputs, in lower case."""
    names: dict[Any, str] = config.id2label or {}
    return [names[at].casefold() for at in sorted(names)]


def is_of_another_task(config: PretrainedConfig, shape: RowShape, head: Any) -> bool:
    """Whether a model was tuned with another head, or with this one for the labels of another task."""
    if not has_head(config, head):
        return any(has_head(config, task.head) for task in TASKS.values())
    others = (task for task in TASKS.values() if task.head is head and task.shape.labels != shape.labels)
    return not fits(config, shape) and any(fits(config, other.shape) for other in others)
