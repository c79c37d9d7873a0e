import subprocess
import sys

import pytest

import polydistill as package
from polydistill.cli import app

COMMANDS = [
    command.name or command.callback.__name__.rstrip("_") for command in app.registered_commands if command.callback
]


def test_all_commands_are_there():
    assert set(COMMANDS) == {
        *(
            "quickstart",
            "world",
            "text",
            "corpora",
            "tune",
            "xd",
            "multikd",
            "distill",
            "kld",
            "align",
            "static",
            "small",
            "mteb",
            "pretrain",
            "claims",
            "run",
            "table",
            "figure",
            "list",
            "evaluate",
            "predict",
            "bench",
            "export",
            "push",
            "trim",
            "retrieve",
            "inspect",
            "report",
            "compare",
            "doctor",
            "verify",
        )
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_an_example_of_it(polydistill, command):
    result = polydistill(f"{command} --help")
    assert result.exit_code == 0
    assert f"Example: polydistill {command}" in " ".join(result.stdout.split())


def test_help_lists_every_command(polydistill):
    shown = polydistill("--help").stdout
    assert all(command in shown for command in COMMANDS)


def test_defaults_are_shown(polydistill):
    shown = " ".join(polydistill("xd --help").stdout.split())
    assert "[default: 5e-06]" in shown
    assert "Default: one pass over the rows." in shown


def test_version(polydistill):
    assert polydistill("--version").stdout == f"polydistill {package.__version__}\n"


def test_the_module_is_the_command():
    shown = subprocess.run(
        [sys.executable, "-m", "polydistill", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert shown == f"polydistill {package.__version__}\n"


def test_the_import_and_the_help_do_without_torch():
    code = "import sys, polydistill.cli; sys.exit('torch' in sys.modules or 'datasets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
