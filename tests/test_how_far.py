"""How far longer work is: shown after two seconds, one at a time, with the time left."""

import time
from io import StringIO

import pytest
from rich.console import Console

from polydistill import progress
from polydistill.progress import Shown, followed, underway


@pytest.fixture
def clock(monkeypatch):
    """Every look at the clock is so many seconds after the one before."""

    def tick(seconds):
        now = iter(range(0, 100_000, seconds))
        monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(now)))

    return tick


def said(terminal=False, **how):
    console = Console(file=StringIO(), force_terminal=terminal, width=200, legacy_windows=False)
    assert list(followed(range(6), "Reading", console=console, **how)) == [0, 1, 2, 3, 4, 5]
    return console.file.getvalue()


def test_what_is_quick_says_nothing():
    assert said(total=6) == said(terminal=True) == ""


def test_elsewhere_a_line_now_and_then_says_the_time_left(clock):
    clock(10)
    lines = said(total=6, unit="row").splitlines()
    assert lines == [
        "Reading: row 2 of 6, 20 s, 40 s left",
        "Reading: row 4 of 6, 40 s, 20 s left",
        "Reading: row 6 of 6, 60 s, 0 s left",
        "Reading: row 6 of 6, 70 s, 0 s left",
    ]


def test_where_nobody_knows_how_much_there_is_it_is_counted(clock):
    clock(10)
    assert said(unit="rows").splitlines()[0] == "Reading: 2 rows, 0.1 a second"


def test_a_terminal_sees_a_bar(clock):
    clock(10)
    shown = said(terminal=True, total=6)
    assert "6/6" in shown
    assert "left" in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1  # the cursor is hidden, and given back
    clock(10)
    assert "6 rows, 0.1 a second" in said(terminal=True, unit="rows")


def test_items_may_count_as_many(clock):
    clock(10)
    assert "of 15," in said(total=15, many=lambda item: item)


def test_work_inside_of_other_work_is_not_shown(clock):
    clock(10)
    console = Console(file=StringIO(), width=200)
    with Shown("Training", 2, console, patience=0):
        assert said(total=6) == ""
    assert console.file.getvalue().startswith("Training: 0 of 2, ")
    assert said(total=6) != ""


def test_only_the_first_process_shows_anything(clock, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    clock(10)
    assert said(total=6) == ""


def test_a_failure_ends_it(clock):
    clock(10)
    console = Console(file=StringIO(), force_terminal=True, legacy_windows=False)

    def fails():
        yield from range(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(followed(fails(), "Reading", 6, console))
    assert console.file.getvalue().count("\x1b[?25h") == 1
    assert said(total=6) != ""


def test_work_without_parts_says_that_it_goes_on(clock, monkeypatch):
    """In a terminal at once when two seconds are over, elsewhere after a while."""
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    for terminal, told in ((True, "Opening"), (False, "Opening: 20 s")):
        clock(10)
        console = Console(file=StringIO(), force_terminal=terminal, width=200, legacy_windows=False)
        over = time.perf_counter() + 20
        with underway("Opening", console):
            while told not in console.file.getvalue() and time.perf_counter() < over:
                time.sleep(0.01)
        assert told in console.file.getvalue()
        assert console.file.getvalue().count("\x1b[?25h") == terminal


def test_quick_work_without_parts_says_nothing():
    console = Console(file=StringIO())
    with underway("Opening", console):
        pass
    assert console.file.getvalue() == ""
    assert said(total=6) == ""
