"""From a run's method to what the trainer needs: each method is made ready by its own module."""

from torch import nn

from polydistill.methods import bert_kld, monolingual, pretraining, transfer_tuning, tuning, xd
from polydistill.methods.bert_kld import Kld
from polydistill.methods.method import Loaded, Models, Prepared
from polydistill.methods.monolingual import Monolingual
from polydistill.methods.pretraining import Pretrain
from polydistill.methods.transfer_tuning import TransferTune
from polydistill.methods.tuning import Tune
from polydistill.methods.xd import XDistil
from polydistill.training.processes import processes
from polydistill.training.run import Run
from polydistill.training.starts import load_start
from polydistill.training.store import Store


def prepare(run: Run, student: Loaded, store: Store) -> Prepared:
    """The run's method, with the rows it learns from."""
    match run.method:
        case Pretrain():
            return pretraining.prepare(run.method, Models(student), run.seed)
        case Tune():
            return tuning.prepare(run.method, Models(student), run.seed)
        case TransferTune():
            others = {
                role: _placed(load_start(start, run, store)) for role, start in run.models.items() if role != "start"
            }
            models = Models(_placed(student), others.get("teacher"), store.signals, others.get("source"))
            return transfer_tuning.prepare(run.method, models, run.seed)
        case XDistil():
            return xd.prepare(run.method, Models(student, load_teacher(run, store), store.signals), run.seed)
        case Kld():
            return bert_kld.prepare(run.method, Models(student, load_teacher(run, store), store.signals), run.seed)
        case Monolingual():
            teacher = load_start(run.teacher, run, store) if run.teacher is not None else None
            return monolingual.prepare(run.method, Models(student, teacher), run.seed)


def load_teacher(run: Run, store: Store) -> Loaded:
    """Who teaches, on the device of this process: it reads the originals before the trainer moves anything there."""
    return _placed(load_start(run.teacher or run.start, run, store))


def _placed(loaded: Loaded) -> Loaded:
    """The same, on the device of this process."""
    nn.Module.to(loaded.network, processes().device)
    return loaded
