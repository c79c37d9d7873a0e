"""The task of the run that left a model. All methods are loaded for it, but only where it lies in a run's folder."""

from pathlib import Path

from polydistill.results import RUN_FILE
from polydistill.starts.folders import run_folder
from polydistill.starts.origins import Pretrained
from polydistill.tasks import AnyTask


def task_of_run(start: Pretrained) -> AnyTask | None:
    """The task of the run that left a model, if it lies in a run's folder."""
    folder = run_folder(Path(start.name))
    if folder is None or not (folder / RUN_FILE).is_file():
        return None
    from polydistill.training.edit import read_run

    found: AnyTask | None = getattr(read_run(folder / RUN_FILE).method, "task", None)
    return found
