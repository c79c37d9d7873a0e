"""Which task is meant: what is asked for, what the model's head says, and what the rows hold, held against each other.

Labels are those that are named (`labels`), else the model's, else those of the rows to learn from. Their order is kept;
those of rows are in the order of their data set's classes, or else sorted.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from polydistill.data.rows.given import Rows, as_source
from polydistill.data.rows.labels import SeveralLabelsError, spelled
from polydistill.data.rows.shapes import Problem
from polydistill.data.rows.sources import AnySource, ByLanguage, WorldSource
from polydistill.data.rows.usual import found_texts
from polydistill.errors import DataError, unknown
from polydistill.exports.onnx_folder import is_onnx, task_of_folder
from polydistill.exports.run_task import task_of_run
from polydistill.jobs.labels_meant import hold_against, lead_somewhere, places_meant, task_with, unnamed
from polydistill.jobs.rows_seen import any_task, columns_in, labels_in, problem_in
from polydistill.jobs.written import named_columns, pairs_of
from polydistill.serving.reader import Reader
from polydistill.starts.heads import has_head, is_of_another_task, label_order, task_in
from polydistill.starts.hub import pinned
from polydistill.starts.memory import OwnModel
from polydistill.starts.origins import Pretrained
from polydistill.starts.strict import open_config
from polydistill.tasks import NER, NLI, TASKS, AnyTask, TaskName, TaskSpec, task_of
from polydistill.tasks.spec import Kind

_SCORE = "pair:number"
_BY_TEXTS: tuple[Kind, ...] = ("pair", "text")
_LAYOUTS: dict[str, TaskName] = {"pawsx": "paraphrase", "marc": "stars"}
_COLUMNS: dict[TaskName, set[str]] = {
    "stars": {"review_body"},
    "choice": {"premise", "question"},
    "qa": {"question", "context", "answers"},
}
_LOG = logging.getLogger("polydistill")


@dataclass(frozen=True)
class Asked:
    """What a person says of the task."""

    task: str | AnyTask | None = None
    """A name, a description, `text`, `pair` or `tags` (with `:several` or `:number`), or nothing."""
    labels: str | Sequence[str] = ()
    map_labels: str | Mapping[str, str] = field(default_factory=dict)

    @property
    def named(self) -> tuple[str, ...]:
        """The labels, in order."""
        several = self.labels.split(",") if isinstance(self.labels, str) else self.labels
        return tuple(one.strip() for one in several if one.strip())

    @property
    def spellings(self) -> dict[str, str]:
        """What is written, and the label that is meant."""
        return pairs_of("map-labels", self.map_labels, "pos=positive,neg=negative")


def with_columns(rows: Rows | None, columns: str | Mapping[str, str]) -> AnySource | None:
    """The same, where there are rows."""
    return None if rows is None else source_with(rows, columns)


def source_with(rows: Rows, columns: str | Mapping[str, str]) -> AnySource:
    """The source of rows, with the columns that are named for all of them."""
    named = named_columns(columns)
    source = as_source(rows)
    if not named or isinstance(source, WorldSource):
        return source
    if isinstance(source, ByLanguage):
        inner = {code: with_columns(one, named) for code, one in source.sources.items()}
        return source.model_copy(update={"sources": inner})
    return source.model_copy(update={"columns": {**named, **source.columns}})


def found_task(asked: Asked, start: Pretrained | None, rows: AnySource | None, languages: Sequence[str]) -> AnyTask:
    """The task, with its labels; where it was found and not named, it is said on the way."""
    if isinstance(asked.task, TaskSpec) or (asked.task in TASKS and not (asked.named or asked.spellings)):
        return asked.task
    if asked.task is None and not asked.named and not asked.spellings and (known := _known(start, rows, languages)):
        return known
    if asked.task in TASKS:
        raise ValueError(
            f"The task {asked.task} has its own labels ({', '.join(task_of(asked.task).shape.labels)}). Leave labels "
            "out, say how the rows spell them (labels= of the source), or name the task text, pair or tags."
        )
    task = _described(asked, start, rows, languages)
    _LOG.warning("Task: %s.", task)
    return task


def task_of_model(asked: Asked, model: OwnModel | Reader, rows: AnySource | None, languages: Sequence[str]) -> AnyTask:
    """The same for a model that is used as it is: a folder, a hub name, an ONNX folder, or one that is open."""
    if isinstance(asked.task, TaskSpec):
        return asked.task
    if asked.task in TASKS and not asked.named and not asked.spellings:
        return asked.task
    if isinstance(asked.task, str) and asked.task not in TASKS:
        _of_word(asked.task)  # a slip is said before a model is looked for
    if isinstance(model, str | Path) and is_onnx(model):
        own = None if asked.task or asked.named or asked.spellings else task_of_folder(model)
        return own or found_task(asked, None, rows, languages)
    if isinstance(model, Reader):
        return found_task(asked, None, rows, languages)
    return found_task(asked, pinned(model), rows, languages)


def _known(start: Pretrained | None, rows: AnySource | None, languages: Sequence[str]) -> AnyTask | None:
    """The task of the run that left a model, the named task of its head, or that of the rows."""
    if start is not None:
        own = task_of_run(start)
        head = task_in(open_config(start.name, start.revision))
        if own is not None or isinstance(head, str):
            return own or head
        if head is not None:
            return None
    return "nli" if rows is None or isinstance(rows, WorldSource) else _of_rows(rows, languages)


def _of_rows(rows: AnySource, languages: Sequence[str]) -> TaskName | None:
    """The named task whose columns, layout and labels rows have."""
    layout = getattr(rows, "layout", None)
    if layout not in (None, "headed"):
        return _LAYOUTS.get(layout, "nli")
    columns = columns_in(rows, languages)
    for named, needed in _COLUMNS.items():
        if needed <= set(columns):
            return named
    kind: Kind = "tags" if "tokens" in columns else "pair"
    if kind == "pair" and found_texts("pair", columns, {}) is None:
        return "nli" if columns and spelled(columns[-1], NLI.shape) in NLI.shape.labels else None  # no header
    try:
        written = labels_in(rows, kind, "single", languages)
    except DataError as error:
        # reading them as such says what is wrong
        return None if isinstance(error, SeveralLabelsError) else "ner" if kind == "tags" else "nli"
    shape = NER.shape if kind == "tags" else NLI.shape
    found = {spelled(one, shape) for one in written} - {"-"}
    if found <= set(shape.labels) or (kind == "pair" and found > set(shape.labels)):
        return "ner" if kind == "tags" else "nli"
    return None


def _described(asked: Asked, start: Pretrained | None, rows: AnySource | None, languages: Sequence[str]) -> TaskSpec:
    config = None if start is None else open_config(start.name, start.revision)
    own = None if config is None else task_in(config)
    kind, problem = _kind(asked, own, rows, languages)
    theirs: tuple[str, ...] = ()
    if config is not None and has_head(config, task_of(any_task(kind, problem)).head):
        names = tuple((config.id2label or {}).values())
        theirs = () if problem == "number" else names
    if problem == "number":
        return TaskSpec(kind=kind, problem=problem)
    found = () if rows is None or isinstance(rows, WorldSource) else labels_in(rows, kind, problem, languages)
    if theirs and unnamed(theirs) and not asked.named:
        assert start is not None
        raise ValueError(
            f"The head of {start.name} has {len(theirs)} outputs without names ({theirs[0]}, ...), so which label is "
            f"which cannot be known{_seen(found)}. Say it: --labels first,second,... in the order of its outputs."
        )
    if found:
        lead_somewhere(asked.spellings, asked.named, theirs, found)
    labels = asked.named or (() if _other(config, kind, problem) else theirs) or found
    if not labels:
        raise ValueError(
            "No labels are known: neither the model nor rows name any. Name them: --labels neg,pos. "
            "(Columns of these names may hold 0 or 1 for each.)"
        )
    task = task_with(kind, problem, labels, asked.spellings or places_meant(asked.named, found))
    if theirs and unnamed(theirs):
        _LOG.warning("Outputs: %s.", ", ".join(f"{a} is {b}" for a, b in zip(theirs, task.labels, strict=False)))
    hold_against(task, found, start.name if start is not None and not asked.named else None)
    if config is not None and start is not None:
        shape, head = task_of(task).shape, task_of(task).head
        if not is_of_another_task(config, shape, head):
            label_order(start.name, config, shape, head)
    return task


def _other(config: Any, kind: Kind, problem: Problem) -> bool:
    """Whether a head is of a named task, so that it makes room for a new one."""
    return config is not None and isinstance(task_in(config), str) and kind != "tags" and problem != "number"


def _kind(asked: Asked, own: AnyTask | None, rows: AnySource | None, languages: Sequence[str]) -> tuple[Kind, Problem]:
    """What a row is and what is said of it: as it is asked for, else as columns and head say."""
    columns = () if rows is None else columns_in(rows, languages)
    if isinstance(asked.task, str):
        kind, problem = _of_word(asked.task)
        if rows is not None and kind == "text":
            _refuse_pairs(rows, columns)
        return kind, problem
    if (isinstance(own, TaskSpec) and own.kind == "tags") or {"tokens", "ner_tags"} <= set(columns):
        return "tags", "single"
    for each in _BY_TEXTS:
        if found_texts(each, columns, {}) is not None or (each == "text" and not columns):
            if isinstance(own, TaskSpec):
                return each, own.problem
            found = "single" if rows is None else problem_in(rows, each, languages)
            return each, "single" if asked.named and found == "number" else found
    raise ValueError(
        f"The task cannot be told from the columns {', '.join(columns)}. Name it (--task text, pair or tags) and say "
        "which column is which (--columns text=NAME,label=NAME)."
    )


def _refuse_pairs(rows: AnySource, columns: Sequence[str]) -> None:
    """Refuse to read one text of rows that are pairs, where it is not said which."""
    both = found_texts("pair", columns, {})
    if both is None or set(both) & set(_named_columns(rows)):
        return
    one = next(name for name in (*both, "text") if name in (found_texts("text", columns, {}) or both))
    other = next(name for name in both if name != one)
    raise ValueError(
        f"The rows are pairs: of {one} and {other} the task text reads {one} alone. Take --task pair, or say that one "
        f"text is meant: --columns text={one}."
    )


def _named_columns(rows: AnySource) -> Mapping[str, str]:
    """The columns that are named, by what is read of them."""
    if isinstance(rows, ByLanguage):
        return _named_columns(next(iter(rows.sources.values())))
    return {} if isinstance(rows, WorldSource) else rows.columns


def _of_word(task: str) -> tuple[Kind, Problem]:
    """What `text`, `pair:number` and the like say."""
    kind, colon, said = (_SCORE if task == "score" else task).partition(":")
    if kind not in get_args(Kind) or (colon and said not in get_args(Problem)):
        known = (*TASKS, *get_args(Kind), "text:several", "pair:several", "text:number", "pair:number", "score")
        raise unknown("task", task, known)
    return kind, said if colon else "single"  # type: ignore[return-value]


def _seen(found: Sequence[str]) -> str:
    return f"; the rows have {', '.join(found)}" if found else ""
