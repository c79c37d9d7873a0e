"""How far a run is: a bar with the time left in a terminal, a line of state now and then elsewhere."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations.integration_utils import TensorBoardCallback, is_tensorboard_available

from polydistill.outputs import EXPLAINED

_QUIET_SECONDS = 15.0
_COLLAPSED = 0.05  # ours: vectors that have learned anything explain more of their teacher's variance
_COLLAPSED_AFTER = 0.25  # ours: of the steps after the warm-up
_NO_TERMS = ("loss", "grad_norm", "learning_rate", "epoch")


class ShowProgress(TrainerCallback):
    """Shows one training on a console."""

    def __init__(self, name: str, console: Console | None = None) -> None:
        self.name, self.console = name, console or Console(stderr=True)
        self._bar: Progress | None = None
        self._last_line = self._began = time.monotonic()
        self._first = 0
        self._newest: dict[str, str] = {}

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Begin to show."""
        del args, control
        if not state.is_world_process_zero:
            return
        self._began, self._first = time.monotonic(), state.global_step
        if self.console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[terms]}", markup=False),
                console=self.console,
            )
            self._task = self._bar.add_task(self.name, total=state.max_steps, completed=state.global_step, terms="")
            self._bar.start()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Move the bar, or say a line if it has been quiet for a while."""
        del args, control
        if not state.is_world_process_zero:
            return
        if self._bar is not None:
            self._bar.update(self._task, completed=state.global_step, terms=self._terms)
        elif time.monotonic() - self._last_line > _QUIET_SECONDS:
            self._say(state)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: Any = None, **_: Any
    ) -> None:
        """Remember the newest value of every term, and of the score that selects."""
        del args, state, control
        for key, value in (logs or {}).items():
            if key == "eval_score" or not (key in _NO_TERMS or key.startswith("eval_")):
                self._newest[key.removeprefix("eval_")] = f"{value:.4g}"

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Close the bar, or say the last line."""
        del args, control
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        elif state.is_world_process_zero:
            self._say(state)

    @property
    def _terms(self) -> str:
        return " ".join(f"{name} {value}" for name, value in self._newest.items())

    def _say(self, state: TrainerState) -> None:
        now = time.monotonic()
        done, spent = state.global_step - self._first, now - self._began
        left = (state.max_steps - state.global_step) * spent / done if done else 0.0
        self.console.print(
            f"{self.name}: step {state.global_step} of {state.max_steps}, "
            f"{spent:.0f} s, {left:.0f} s left  {self._terms}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        self._last_line = now


class WarnOfCollapse(TrainerCallback):
    """Says so where vectors that are learned stay the teacher's mean: the loss falls, and nothing is learned."""

    def __init__(self, console: Console) -> None:
        self.console, self._has_said = console, False

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: Any = None, **_: Any
    ) -> None:
        """Look at the share that is explained, once the rate has been at its highest for a while."""
        del control
        share = (logs or {}).get(EXPLAINED)
        long_enough = args.warmup_steps + (state.max_steps - args.warmup_steps) * _COLLAPSED_AFTER
        if share is None or self._has_said or state.global_step < long_enough or share >= _COLLAPSED:
            return
        self._has_said = True
        if state.is_world_process_zero:
            self.console.print(
                f"Warning: at step {state.global_step} of {state.max_steps} the student's vectors give "
                f"{100 * share:.0f} % of the variance of the teacher's: of every text they say nearly the same "
                f"(collapsed). Give it a higher rate (now {args.learning_rate:g}; 3e-4 suits small students) or more "
                "steps (800 and more).",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )


def events(folder: Path) -> TrainerCallback:
    """Writes every term and score to `folder`, for TensorBoard to show."""
    if not is_tensorboard_available():  # type: ignore[no-untyped-call]
        raise ValueError("TensorBoard was asked for, but it is not installed. Install polydistill[tensorboard].")
    callback = TensorBoardCallback()  # type: ignore[no-untyped-call]
    callback.logging_dir = str(folder)
    return callback
