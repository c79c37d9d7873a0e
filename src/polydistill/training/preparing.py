"""From a run's method to what the trainer needs: what it is given, and what it makes of it."""

from functools import partial

from torch import nn

from polydistill.methods.method import Models, Prepared
from polydistill.models.loaded import Loaded
from polydistill.starts.loading import load_encoder
from polydistill.starts.sentence import load_sentence_encoder
from polydistill.training.processes import processes
from polydistill.training.run import AnyStart, Run
from polydistill.training.starting import load_body, load_start
from polydistill.training.store import Store


def prepare(run: Run, student: Loaded, store: Store) -> Prepared:
    """The run's method, with the rows it learns from."""
    return run.method.prepare(_models(run, student, store), run.seed)


def load_teacher(run: Run, store: Store) -> Loaded:
    """Who teaches: the one who is named, or what the student begins as."""
    return _load(run.teacher or run.start, run, store)


def _models(run: Run, student: Loaded, store: Store) -> Models:
    """All that the method is given; of several teachers each is loaded when it is asked for."""
    taught = run.teacher is not None or run.method.teaching == "itself"
    if run.source is not None:
        _placed(student)  # it may come to share parameters with the source student
    return Models(
        student,
        teacher=load_teacher(run, store) if taught else None,
        signals=store.signals,
        source=None if run.source is None else _load(run.source, run, store),
        teachers={code: partial(_load, start, run, store) for code, start in run.teachers.items()},
    )


def _load(start: AnyStart, run: Run, store: Store) -> Loaded:
    """On the device of this process: a teacher may read all rows before the trainer moves anything there."""
    if run.method.teacher_has_head:
        return _placed(load_start(start, run, store))
    return _placed(load_body(start, store, load_sentence_encoder if run.method.head == "vectors" else load_encoder))


def _placed(loaded: Loaded) -> Loaded:
    nn.Module.to(loaded.network, processes().device)
    return loaded
