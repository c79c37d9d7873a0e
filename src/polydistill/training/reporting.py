"""Those who are told of every term and score beside the log of a run: TensorBoard, and Weights & Biases (wandb).

Both are the callbacks of `transformers`. What they write lies in the run's folder, unless their own variables
(`TENSORBOARD_LOGGING_DIR`, `WANDB_DIR`) say where.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerState, TrainingArguments
from transformers.integrations.integration_utils import TensorBoardCallback, WandbCallback

_PROJECT = "polydistill"


def reporting(names: Sequence[str], folder: Path, run: str) -> list[TrainerCallback]:
    """What tells each of these (they are checked by `jobs.placing`) how the run of this folder goes."""
    made: dict[str, Callable[[], TrainerCallback]] = {
        "tensorboard": lambda: _Events(folder),
        "wandb": lambda: _WandbRun(folder, run),
    }
    return [made[name]() for name in names]


class _Events(TensorBoardCallback):
    """TensorBoard's, with its events beside what the run leaves."""

    def __init__(self, folder: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.logging_dir = self.logging_dir or str(folder / "tensorboard")


class _WandbRun(WandbCallback):
    """wandb's, with a run of wandb's for each run of ours: one process may do several."""

    def __init__(self, folder: Path, run: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._folder, self._run = folder, run
        self._begun: Any = None

    def setup(self, args: TrainingArguments, state: TrainerState, model: Any, **kwargs: Any) -> None:
        """Begin one, unless whoever calls us has begun one."""
        if state.is_world_process_zero and self._wandb.run is None:
            project, place = (os.getenv(f"WANDB_{name}") for name in ("PROJECT", "DIR"))
            self._begun = self._wandb.init(project=project or _PROJECT, name=self._run, dir=place or str(self._folder))
        super().setup(args, state, model, **kwargs)  # type: ignore[no-untyped-call]

    def on_train_end(self, *args: Any, **kwargs: Any) -> None:
        """End the one that was begun here."""
        super().on_train_end(*args, **kwargs)
        if self._begun is not None:
            self._begun.finish()
            self._begun = None
