"""Labels that are named by hand, those of a model and those that rows have: which means which."""

import logging
from collections.abc import Mapping, Sequence

from polydistill.data.rows.labels import spelled
from polydistill.data.rows.shapes import Problem
from polydistill.tasks import TaskSpec, task_of
from polydistill.tasks.spec import Kind

_LOG = logging.getLogger("polydistill")


def task_with(kind: Kind, problem: Problem, labels: Sequence[str], spellings: Mapping[str, str]) -> TaskSpec:
    """The task with labels by the names that are meant."""
    plain = {name.casefold(): meant for name, meant in spellings.items()}
    known = {one.casefold() for one in labels}
    renamed = [plain.get(one.casefold(), one) if plain.get(one.casefold()) else one for one in labels]
    others = tuple((name, meant) for name, meant in spellings.items() if meant.casefold() != name.casefold())
    known |= {one.casefold() for one in renamed}
    if stray := [meant for meant in spellings.values() if meant.casefold() not in known]:
        raise ValueError(
            f"--map-labels leads to {', '.join(stray)}; the labels are {', '.join(labels)}. Write 'written=label'."
        )
    return TaskSpec(kind=kind, problem=problem, labels=tuple(dict.fromkeys(renamed)), spellings=others)


def lead_somewhere(
    spellings: Mapping[str, str], named: Sequence[str], theirs: Sequence[str], found: Sequence[str]
) -> None:
    """Refuse spellings of what is no label, neither of the rows nor of the model, nor named."""
    known = {one.casefold() for one in (*named, *theirs, *found)}
    if stray := list(dict.fromkeys(meant for meant in spellings.values() if meant.casefold() not in known)):
        others = [*named, *theirs] or [one for one in found if one not in spellings]
        raise ValueError(
            f"--map-labels leads to {', '.join(stray)}, which no row has ({', '.join(found)}) and nobody names. Write "
            f"'written=label', or name all labels too: --labels {','.join([*others, *stray])}."
        )


def places_meant(named: Sequence[str], found: Sequence[str]) -> dict[str, str]:
    """What rows that count the labels from 0 mean, where labels are named in an order and are no numbers themselves."""
    places = {str(at): label for at, label in enumerate(named)}
    if not found or not set(found) <= set(places) or set(named) & set(places):
        return {}
    _LOG.warning("Labels of the rows: %s.", ", ".join(f"{at} is {label}" for at, label in places.items()))
    return places


def hold_against(task: TaskSpec, found: Sequence[str], model: str | None) -> None:
    """Refuse labels of rows that the task has not; `model` has its labels, if they are not named by hand."""
    shape = task_of(task).shape
    read = {one: spelled(one, shape) for one in found if one != "-"}
    stray = [one for one, label in read.items() if label not in task.labels]
    if not stray:
        return
    whose = "the labels that are named" if model is None else f"the labels of {model}"
    unread = [label for label in task.labels if label not in read.values()]
    raise ValueError(
        f"The rows have {', '.join(stray)}, which {whose} ({', '.join(task.labels)}) lack"
        + (f"; no row has {', '.join(unread)}" if unread else "")
        + f". Say what they mean (--map-labels '{stray[0]}={(unread or task.labels)[0]}'), or name all labels "
        "(--labels) and start from a model without a head."
    )


def unnamed(labels: Sequence[str]) -> bool:
    """Whether a head's outputs have no names but LABEL_0, LABEL_1, ..."""
    return [one.casefold() for one in labels] == [f"label_{at}" for at in range(len(labels))]
