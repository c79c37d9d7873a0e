"""Commands in two processes: the same log, the same scores and whole folders, and the launcher that starts them."""

import json
from pathlib import Path

import pytest
from commands_worker import COMMANDS, typed, write_models
from typer.testing import CliRunner

from polydistill.cli import app
from several import torchrun

pytestmark = pytest.mark.slow
WORKER = Path(__file__).with_name("commands_worker.py")


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder in which two processes did all commands, and one did them with twice the batch."""
    folder = tmp_path_factory.mktemp("work")
    write_models(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        torchrun(WORKER)
        for name in COMMANDS:
            typed(name, f"{name.replace(' ', '-')}-one", 1)
        yield folder


def terms(folder):
    """What each step logged: the terms, and what they were chosen by."""
    other = {"epoch", "grad_norm", "loss"}
    lines = json.loads((folder / "log.json").read_text())
    return [{name: value for name, value in line.items() if name not in other} for line in lines]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_learns_the_same_in_two_processes(work, name):
    one, several = (work / f"{name.replace(' ', '-')}-{how}" for how in ("one", "several"))
    assert "2 processes" in json.loads((several / "results.json").read_text())["machine"]
    found, wanted = terms(several), terms(one)
    assert len(found) == len(wanted) >= 3
    if name != "streamed":  # there each process hides words of its own rows
        for some, others in zip(found, wanted, strict=True):
            assert some == {term: pytest.approx(value, rel=2e-3, abs=1e-5) for term, value in others.items()}
    scores = [json.loads((at / "results.json").read_text())["scores"] for at in (several, one)]
    assert [score["value"] for score in scores[0]] == [score["value"] for score in scores[1]]
    whole = CliRunner().invoke(app, ["verify", str(several)])
    assert whole.exit_code == 0, whole.output


def test_torchrun_starts_a_command_and_drops_by_row_unasked(work):
    command = "tune --model tuned --langs en --train world:mini?rows=30 --few 16 --steps 3 --max-length 40"
    more = ["--learning-rate", "1e-3", "--batch-size", "4", "--out", "launched"]
    torchrun("-m", "polydistill", *command.split(), *more)
    assert terms(work / "launched") == terms(work / "few-several")
