"""How far a run is, and what its loss comes to; a warning where it learns nothing."""

from typing import Any

from rich.console import Console
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from polydistill.outputs import EXPLAINED
from polydistill.progress import Shown

_COLLAPSED = 0.05  # ours: vectors that have learned anything explain more of their teacher's variance
_COLLAPSED_AFTER = 0.25  # ours: of the steps after the warm-up
_NO_TERMS = ("loss", "grad_norm", "learning_rate", "epoch")


class ShowProgress(TrainerCallback):
    """Shows one training on a console."""

    def __init__(self, name: str, console: Console | None = None) -> None:
        self.name, self.console = name, console or Console(stderr=True)
        self._shown: Shown | None = None
        self._newest: dict[str, str] = {}

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Begin to show."""
        del args, control
        if state.is_world_process_zero:
            step = state.global_step
            self._shown = Shown(self.name, state.max_steps, self.console, unit="step", first=step, patience=0)
            self._shown.at(step)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Move the bar, or say a line if it has been quiet for a while."""
        del args, control
        if self._shown is not None:
            self._shown.at(state.global_step, self._terms)

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
        if self._shown is not None:
            self._shown.at(state.global_step, self._terms)
            self._shown.end()
            self._shown = None

    @property
    def _terms(self) -> str:
        return " ".join(f"{name} {value}" for name, value in self._newest.items())


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
                f"{max(0.0, 100 * share):.0f} % of the variance of the teacher's: of every text they say nearly the "
                f"same (collapsed). Give it a higher rate (now {args.learning_rate:g}; 3e-4 suits small students) or "
                "more steps (800 and more).",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
