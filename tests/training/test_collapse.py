"""The warning of vectors that have collapsed: once, after the rate has been high for a while, with the way out."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from polydistill.training.progress import WarnOfCollapse

ARGS = SimpleNamespace(warmup_steps=20, learning_rate=1e-4)


def warned(*logs):
    """What is printed for the shares that are logged at these steps."""
    printed = io.StringIO()
    callback = WarnOfCollapse(Console(file=printed, width=400))
    for step, share in logs:
        state = SimpleNamespace(global_step=step, max_steps=200, is_world_process_zero=True)
        callback.on_log(ARGS, state, None, {} if share is None else {"explained": share})
    return printed.getvalue()


def test_it_says_so_once_with_the_way_out():
    said = warned((100, 0.01), (150, 0.0))
    assert said.count("Warning") == 1
    assert "at step 100 of 200 the student's vectors give 1 % of the variance of the teacher's" in said
    assert "a higher rate (now 0.0001; 3e-4 suits small students) or more steps" in said


def test_vectors_that_are_farther_from_the_teachers_than_their_mean_explain_nothing():
    """The share is below zero, and huge where the teacher's vectors hardly differ."""
    assert "vectors give 0 % of the variance" in warned((100, -2201.68))


@pytest.mark.parametrize("log", [(10, -0.1), (64, 0.0), (100, 0.4), (100, None)])
def test_it_is_quiet_early_or_where_something_is_learned_or_nothing_is_measured(log):
    assert warned(log) == ""
