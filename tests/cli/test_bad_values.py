"""Values and files that no command can use: one line that names them, at once and not after minutes."""

import gzip
import importlib
import io
import itertools
import json
import math
import pkgutil
from pathlib import Path

import pytest
from rich.table import Table

import polydistill
from polydistill.bounds import without_bounds
from polydistill.cli.commands import cli_type, jobs
from polydistill.cli.screen import Screen, say
from polydistill.errors import DataError
from polydistill.specs import Spec
from polydistill.training.edit import read_run
from polydistill.training.progress import ShowProgress

TUNE = "tune --model MODEL --langs en --print --train rows.jsonl --steps 1"
WORLD = "--data world:mini?rows=9"
BILLIONS = 10**12

VALUES = {
    "max-length 0": (f"{TUNE} --max-length 0", "max_length is 0; expected 1 to 1,000,000"),
    "max-length of the special pieces": (f"{TUNE} --max-length 4", "max_length is 4; expected at least 5"),
    "max-length 0, xd": (f"xd --model MODEL --langs en,fr {WORLD} --print --max-length 0", "max_length is 0"),
    "max-length by --set": (
        f"{TUNE} --set method.max_length=-3",
        "max_length: Input should be greater than or equal to 1",
    ),
    "world rows": (f"world --rows {BILLIONS}", "rows is 1000000000000; expected 1 to 10,000,000"),
    "source rows": (f"evaluate MODEL --data world:mini?rows={BILLIONS} --langs en", "equal to 10000000"),
    "both": (f"{TUNE} --batch-size 10000 --accumulation 10000", "are 100,000,000 rows a step; expected at most"),
    "pool": (f"{TUNE} --set training.batching.pool=0", "pool: Input should be greater than or equal to 1, not 0"),
    "average": (f"{TUNE} --average {BILLIONS}", "average is 1000000000000; expected 1 to 1,000"),
    "average by --set": (f"{TUNE} --set training.average={BILLIONS}", "average: Input should be less than or equal to"),
    "checkpoints": (f"{TUNE} --checkpoint-every {BILLIONS}", "checkpoint_every is 1000000000000; expected 1 to"),
    "temperature by --set": (f"{TUNE} --set method.temperature=1e-9", "temperature: Input should be greater than or"),
    "rate": (f"{TUNE} --learning-rate inf", "learning_rate is inf; expected more than 0 and at most"),
    "confidence": (
        "xd --model MODEL --text tr=a.txt --confidence 1",
        "confidence is 1; expected at least 0 and less than 1",
    ),
    "anchor": ("xd --model MODEL --text tr=a --anchor-share 0", "anchor_share is 0; expected more than 0 and less"),
    "teacher pair": (
        f"kld --model MODEL --teacher MODEL --teacher-pair en --pair en-tr {WORLD} --print",
        "--teacher-pair en is one language; expected two",
    ),
    "pairs to print": (f"corpora en-tr=text.{{lang}} --rows {BILLIONS}", "rows is 1000000000000; expected 0 to"),
    "digits": (f"{TUNE} --set training.steps={'9' * 5000}", "training.steps: Unable to parse"),
    "brackets": (f"{TUNE} --set training.steps={'[' * 50_000}", "training.steps: Input should be a valid integer"),
}
NUMBERS = [
    pytest.param(job, one, id=f"{job.command} {one.option}")
    for job in jobs()
    for one in job.options
    if cli_type(one) in (int, float)
]


@pytest.mark.parametrize(("job", "one"), NUMBERS)
def test_every_number_has_bounds_which_hold_before_anything_is_read(job, one):
    calls = [job.public, *([job.public.run] if job.trains else [])]
    for call, value in itertools.product(calls, (-1, BILLIONS, math.nan, math.inf, -math.inf, 10**400)):
        with pytest.raises(ValueError, match=rf"^{one.name} is {value}; expected .* [0-9,.]+\.$"):
            call(**{one.name: value})


def _settings():
    """All classes of typed data that settings stand in."""
    for module in pkgutil.walk_packages(polydistill.__path__, "polydistill."):
        if module.name != "polydistill.__main__":
            importlib.import_module(module.name)
    found = [Spec]
    for one in found:
        found += one.__subclasses__()
    return [one for one in found if one.__module__.startswith("polydistill.")]


OTHERS = {
    "rows": {"FileSource", "HubSource", "MemorySource"},  # of a file; the options are of what is in memory
    "max_length": {"Reading"},  # as a model's folder says it
    "head_hidden": {"MMKDSpec"},  # of its projectors; the option is of a classifier, which may have none
}


def test_a_number_may_be_the_same_as_an_option_and_as_a_setting():
    """Where a class of settings has a number of an option's name, its bounds are the option's."""
    held, differ = set(), []
    settings, shared = _settings(), {"Training", "Run", "Filters"}
    for job, one in (case.values for case in NUMBERS):
        own = {*shared, (job.spec or "").partition(":")[2]}
        for kind in settings:
            if one.name not in kind.model_fields or kind.__name__ in OTHERS.get(one.name, ()):
                continue
            field = kind.model_fields[one.name]
            _, bounds = without_bounds(field.annotation, field.metadata)
            if bounds is None and not field.metadata and kind.__name__ not in own:
                continue  # a record of what was, or another thing of that name
            held.add(f"{kind.__name__}.{one.name}")
            if bounds != one.bounds:
                differ.append(f"{job.command} {one.option}: {one.bounds}, but {kind.__name__}.{one.name}: {bounds}")
    assert not differ, "\n".join(differ)
    assert {"XDSpec.confidence", "Training.warmup", "Filters.shortest", "Inspection.drawn", "Wanted.agreement"} <= held


def test_zero_is_for_options_that_say_none_by_it():
    takes = {one.name for one in (case.values[1] for case in NUMBERS) if one.bounds.ge == 0}
    none = {"weight_decay", "warmup", "clip", "freeze_blocks", "head_hidden", "margin", "confidence", "pairs"}
    assert takes == {*none, "seed", "tolerance", "agreement"}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_refused_at_once(polydistill, own_model, work, name):
    command, said = VALUES[name]
    result = polydistill(command.replace("MODEL", str(own_model)))
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("Error: ") and said in line
    assert len(line) < 1_000


ROW = {"premise": "Every dog sleeps.", "hypothesis": "No dog sleeps.", "label": "contradiction"}
FILES = {
    "deep": (json.dumps(ROW) + '\n{"premise": ' + "[" * 100_000, "line 2: found JSON that is nested too deep"),
    "digits": ('{"premise": ' + "1" * 5_000 + "}", "line 1: found a number that cannot be read"),
    "half": (json.dumps({**ROW, "premise": "\ud83d"}), "line 1: found half of a surrogate pair"),
    "blank": (json.dumps({**ROW, "premise": " ", "hypothesis": ""}), "1 rows of 'en' whose texts are all blank"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("job", ["evaluate MODEL --data", "tune --model MODEL --steps 1 --print --train"], ids=str)
def test_rows_that_are_none_are_named(polydistill, own_model, work, name, job):
    content, said = FILES[name]
    Path("bad.jsonl").write_text(content + "\n")
    result = polydistill(f"{job.replace('MODEL', str(own_model))} bad.jsonl --langs en")
    assert result.exit_code == 2 and "bad.jsonl" in result.stderr and said in result.stderr, result.output
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", b'{"name": "caf\xe9"}'),
        ("run.json", b"[" * 100_000),
        ("run.json", b'{"seed": ' + b"1" * 5_000 + b"}"),
        ("run.yaml", b"a: caf\xe9"),
        ("run.yaml", b"a: [}"),
        ("run.yaml", b"seed: " + b"1" * 5_000),
    ],
    ids=["latin", "deep", "digits", "yaml latin", "yaml brackets", "yaml digits"],
)
def test_a_runs_file_that_is_none_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name}: found .*; expected a run as JSON or YAML"):
        read_run(tmp_path / name)


def test_what_unpacks_to_far_more_than_text_does_is_refused(polydistill, work):
    with gzip.open("bomb.txt.gz", "wb", compresslevel=1) as file:
        for _ in range(66):
            file.write((b"a" * 1_023 + b"\n") * 1_024)
    result = polydistill("text bomb.txt.gz --rows 1000000 --buffer 1")
    assert result.exit_code == 2 and "bytes that unpack to more than 50 times as much" in result.stderr


def test_no_name_steers_the_terminal(capsys):
    say("a\x1b[2J\x9bm b\n\tc")
    assert capsys.readouterr().out == "a\\x1b[2J\\x9bm b\n\tc\n"
    shown = io.StringIO()
    screen = Screen(file=shown, width=60)
    table = Table("a\x1b]0;title\x07")
    table.add_row("b\x1b[2J")
    screen.print(table)
    screen.print("c\x1b[2J", markup=False)
    assert "\x1b" not in shown.getvalue() and shown.getvalue().count("\\x1b") == 3


@pytest.mark.parametrize("terminal", [True, False], ids=str)
def test_a_name_is_no_markup(terminal):
    shown = io.StringIO()
    progress = ShowProgress("a [/b] [red]c", Screen(file=shown, force_terminal=terminal, width=100))
    state = type("State", (), {"is_world_process_zero": True, "global_step": 1, "max_steps": 2})()
    progress.on_train_begin(None, state, None)
    progress.on_step_end(None, state, None)
    progress.on_train_end(None, state, None)
    assert "a [/b] [red]c" in shown.getvalue()


def test_no_memory_is_one_line(polydistill, monkeypatch):
    def fails(*_, **__):
        raise MemoryError("Unable to allocate 7.28 TiB")

    monkeypatch.setattr("polydistill.data.rows.load.load_records", fails)
    result = polydistill("world")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: There is not enough memory (Unable to allocate 7.28 TiB). Ask for less")
