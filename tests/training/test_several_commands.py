"""Commands in two processes: the same log, the same scores and whole folders, and the launchers that start them."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from commands_worker import COMMANDS, typed, write_models
from typer.testing import CliRunner

from polydistill.cli import app
from several import started, torchrun

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


def test_accelerate_starts_them_too(work):
    command = "tune --model tuned --langs en --train world:mini?rows=30 --few 16 --steps 3 --max-length 40"
    launch = shutil.which("accelerate", path=str(Path(sys.executable).parent))
    assert launch is not None
    starts = [launch, "launch", "--cpu", "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no"]
    more = ["--dynamo_backend", "no", "-m", "polydistill", *command.split(), "--learning-rate", "1e-3"]
    started([*starts, *more, "--batch-size", "4", "--out", "launched"])
    assert terms(work / "launched") == terms(work / "few-several")  # on processors dropout is by row unasked
