"""A model of vectors on tasks of mteb: the hub's, by name, and rows of one's own."""

from __future__ import annotations

import logging
import math
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polydistill.errors import nearest
from polydistill.specs import Spec

if TYPE_CHECKING:
    from mteb.abstasks.abstask import AbsTask

_LIBRARY = "mteb"


class Ruled(Spec):
    """What one task says of a model in one language, or pair of languages."""

    task: str
    language: str
    split: str
    metric: str
    """The task's main score."""
    value: float
    scores: Mapping[str, float]
    """All numbers that the task gives; some, such as an average precision of three labels, are none."""


class RuledModel(Spec):
    """What tasks of mteb say of a model."""

    model: str
    mteb: str
    """The version of the library."""
    results: tuple[Ruled, ...]

    def means(self) -> dict[str, float]:
        """The main score of each task, the mean over its languages."""
        values: dict[str, list[float]] = {}
        for one in self.results:
            values.setdefault(one.task, []).append(one.value)
        return {task: sum(some) / len(some) for task, some in values.items()}


def need_mteb() -> None:
    """Refuse to begin without the library."""
    try:
        import mteb  # noqa: F401
    except ImportError as error:
        raise ValueError(
            f"mteb cannot be loaded ({error}). Install it: pip install 'polydistill[mteb]'; or measure with "
            "`polydistill retrieve`, which needs nothing."
        ) from None


def tasks_named(names: Sequence[str], codes: Sequence[str]) -> list[AbsTask]:
    """Tasks of the library, in some languages or in all that they have."""
    import mteb

    from polydistill.languages.tags import of_mteb

    known = [task.metadata.name for task in mteb.get_tasks(exclude_superseded=False, exclude_private=False)]
    for name in names:
        if name not in known:
            raise ValueError(f"mteb {version(_LIBRARY)} has no task {name!r}.{nearest(name, known)}")
    languages = [of_mteb(code) for code in codes] or None
    return [mteb.get_task(name, languages=languages) for name in names]


def ruled(model: str | Path, tasks: Sequence[AbsTask], batch_size: int) -> RuledModel:
    """What the tasks say of the model, which is read as its folder says."""
    import mteb
    from rich.console import Console

    from polydistill.serving.mteb_tasks import Read
    from polydistill.serving.vectors import open_vectors

    logging.getLogger(_LIBRARY).setLevel(logging.ERROR)
    shown = Console(file=sys.stderr)  # where it is now: mteb's own bars are caught below
    read: Any = Read(open_vectors(model), Path(model).name, shown)  # its protocol names options that are not read here
    with redirect_stderr(StringIO()), warnings.catch_warnings():  # its bars and notes, which say nothing of the model
        warnings.simplefilter("ignore")
        found = mteb.evaluate(
            read,
            list(tasks),
            cache=None,
            co2_tracker=False,
            encode_kwargs={"batch_size": batch_size, "show_progress_bar": False},
            show_progress_bar=False,
        )
    results = [
        Ruled(
            task=task.task_name,
            language=str(scores["hf_subset"]),
            split=split,
            metric=named.metadata.main_score,
            value=float(scores["main_score"]),
            scores={
                name: float(value)
                for name, value in scores.items()
                if isinstance(value, int | float) and math.isfinite(value)
            },
        )
        for task, named in zip(found.task_results, tasks, strict=True)
        for split, each in task.scores.items()
        for scores in each
    ]
    return RuledModel(model=str(model), mteb=version(_LIBRARY), results=tuple(results))
