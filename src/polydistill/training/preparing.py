"""From a run's method to what the trainer needs: each method is made ready by its own module."""

from functools import partial

from torch import nn

from polydistill.methods import monolingual, multikd, pretraining, tuning, xd
from polydistill.methods.method import Loaded, Models, Prepared
from polydistill.methods.monolingual import Monolingual
from polydistill.methods.multikd import MultiKD
from polydistill.methods.pretraining import Pretrain
from polydistill.methods.tuning import Tune
from polydistill.methods.xd import XDistil
from polydistill.training.processes import processes
from polydistill.training.run import AnyStart, Run
from polydistill.training.starts import load_start
from polydistill.training.store import Store


def prepare(run: Run, student: Loaded, store: Store) -> Prepared:
    """The run's method, with the rows it learns from."""
    match run.method:
        case Pretrain():
            return pretraining.prepare(run.method, Models(student), run.seed)
        case Tune():
            return tuning.prepare(run.method, Models(student), run.seed)
        case XDistil():
            return xd.prepare(run.method, Models(student, load_teacher(run, store), store.signals), run.seed)
        case Monolingual():
            teacher = load_start(run.teacher, run, store) if run.teacher is not None else None
            return monolingual.prepare(run.method, Models(student, teacher), run.seed)
        case MultiKD():
            teachers = {code: partial(_on_device, start, run, store) for code, start in run.teachers.items()}
            return multikd.prepare(run.method, Models(student, None, store.signals, teachers), run.seed)


def load_teacher(run: Run, store: Store) -> Loaded:
    """Who teaches, on the device of this process: it reads the originals before the trainer moves anything there."""
    return _on_device(run.teacher or run.start, run, store)


def _on_device(start: AnyStart, run: Run, store: Store) -> Loaded:
    teacher = load_start(start, run, store)
    nn.Module.to(teacher.network, processes().device)
    return teacher
