"""What a training shows: a bar in a terminal, lines elsewhere, nothing in other processes."""

from io import StringIO

import pytest
from rich.console import Console
from training_tools import Regression, given, numbers
from transformers import TrainerControl, TrainerState, TrainingArguments

from polydistill import progress
from polydistill.training.distiller import Distiller
from polydistill.training.progress import ShowProgress
from polydistill.training.settings import Training


def shown(tmp_path, terminal: bool, steps: int = 6, evaluate=None) -> str:
    """What a training of `steps` steps shows."""
    console = Console(file=StringIO(), force_terminal=terminal, width=200, legacy_windows=False)
    settings = Training(steps=steps, batch_size=4, evaluate_every=3 if evaluate else None)
    rows = [[4 * step + i for i in range(4)] for step in range(steps)]
    callbacks = [ShowProgress("fitting", console)]
    Distiller(Regression(), given(rows, numbers(4 * steps)), settings, tmp_path, 0, evaluate, callbacks).fit()
    return console.file.getvalue()


def test_a_terminal_sees_a_bar_with_the_time_left(tmp_path):
    text = shown(tmp_path, terminal=True)
    assert "fitting" in text
    assert "6/6" in text
    assert "left" in text
    assert "0:00:00" in text
    assert "near" in text and "far" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor is hidden, and given back


def test_elsewhere_a_short_run_says_one_line(tmp_path):
    (line,) = shown(tmp_path, terminal=False).splitlines()
    assert line.startswith("fitting: step 6 of 6, ")
    assert "0 s left  far " in line and " near " in line
    assert "\x1b" not in line


def test_elsewhere_a_long_run_says_a_line_now_and_then(tmp_path, monkeypatch):
    now = iter(range(0, 100_000, 6))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(now)))
    lines = shown(tmp_path, terminal=False, steps=20).splitlines()
    assert 3 <= len(lines) <= 12
    assert all("s left" in line for line in lines)
    left = [int(line.split(" s left")[0].split()[-1]) for line in lines]
    assert left == sorted(left, reverse=True) and left[0] > 0 and left[-1] == 0


def test_the_score_is_shown_beside_the_terms(tmp_path):
    (line,) = shown(tmp_path, terminal=False, evaluate=lambda: {"score": 0.125, "accuracy_en": 0.5}).splitlines()
    assert "score 0.125" in line and "near" in line
    assert "accuracy_en" not in line  # many languages would fill the screen


def test_small_values_are_not_shown_as_nothing():
    callback = ShowProgress("x", Console(file=(out := StringIO()), width=200))
    arguments, control = TrainingArguments(output_dir="unused", report_to=[]), TrainerControl()
    state = TrainerState(global_step=1, max_steps=2, is_world_process_zero=True)
    callback.on_train_begin(arguments, state, control)
    callback.on_log(arguments, state, control, {"xd": 2.5e-5, "loss": 3.0, "learning_rate": 0.1})
    callback.on_train_end(arguments, state, control)
    assert "xd 2.5e-05" in out.getvalue()
    assert "loss" not in out.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_other_processes_show_nothing(terminal):
    console = Console(file=(out := StringIO()), force_terminal=terminal)
    callback = ShowProgress("x", console)
    arguments, control = TrainingArguments(output_dir="unused", report_to=[]), TrainerControl()
    state = TrainerState(global_step=1, max_steps=2, is_world_process_zero=False)
    for moment in (callback.on_train_begin, callback.on_step_end, callback.on_log, callback.on_train_end):
        moment(arguments, state, control)
    assert out.getvalue() == ""


def test_a_failure_gives_the_terminal_back(tmp_path):
    class Fails(Regression):
        def forward(self, **_):
            raise KeyboardInterrupt

    console = Console(file=StringIO(), force_terminal=True, width=200, legacy_windows=False)
    settings = Training(steps=1, batch_size=4)
    steps = given([range(4)], numbers(4))
    with pytest.raises(KeyboardInterrupt):
        Distiller(Fails(), steps, settings, tmp_path, 0, callbacks=[ShowProgress("fitting", console)]).fit()
    text = console.file.getvalue()
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1
