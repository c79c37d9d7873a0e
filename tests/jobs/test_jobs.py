"""What holds of every job: an option is written once, and the function, the command and the page say the same of it."""

import inspect
import pydoc
from importlib import import_module
from pathlib import Path
from typing import Annotated

import pytest
import typer

import polydistill
from polydistill.cli import app
from polydistill.cli.commands import jobs
from polydistill.cli.page import page
from polydistill.cli.settings import declared
from polydistill.jobs.job import REQUIRED, Help, job
from polydistill.jobs.renamed import RENAMED
from polydistill.jobs.tune import tune

every_job = pytest.mark.parametrize("one", jobs(), ids=lambda one: one.command)
COMMANDS = typer.main.get_command(app).commands


@every_job
def test_every_parameter_has_a_sentence_of_help(one):
    for parameter in one.parameters:
        assert parameter.help.text.endswith((".", "...")), parameter.name
        assert parameter.name not in RENAMED, "an old name"


@every_job
def test_the_command_has_the_parameters_of_the_function_and_their_defaults(one):
    own = {parameter.name: parameter for parameter in COMMANDS[one.command].params}
    assert set(own) - {"help"} == {parameter.name for parameter in (*one.options, *one.showing)}
    for parameter in one.options:
        written = own[parameter.name]
        required = parameter.default is REQUIRED and parameter.kind is not inspect.Parameter.VAR_POSITIONAL
        assert written.required is required or parameter.kind is inspect.Parameter.VAR_POSITIONAL
        if isinstance(parameter.default, int | float | str) and not required:
            assert str(written.default) == str(parameter.default)


@every_job
def test_help_of_the_function_shows_every_parameter(one):
    shown = pydoc.render_doc(one.public)
    for parameter in one.parameters:
        assert f"{parameter.name}: {parameter.help.text}" in " ".join(shown.split()) or parameter.help.text in shown
    assert set(inspect.signature(one.public).parameters) == {parameter.name for parameter in one.parameters}


@every_job
def test_the_settings_that_are_read_off_the_source_are_those_of_the_method(one):
    if one.spec is None:
        return
    module, _, name = one.spec.partition(":")
    fields = getattr(import_module(module), name).model_fields
    found = [setting.name for setting in declared(one.spec)]
    assert found
    assert set(found) <= set(fields)
    for parameter in one.parameters:
        field = fields.get(parameter.name)
        unsaid = parameter.shared or parameter.default in (None, (), "", REQUIRED)
        if field is not None and not unsaid and parameter.name not in ("task", "share"):
            assert parameter.default == field.default, f"{parameter.name}: the method has another default"


def test_the_page_of_commands_is_fresh():
    file = Path(__file__).parents[2] / "docs" / "commands.md"
    assert file.read_text(encoding="utf-8").rstrip() == page().rstrip(), (
        "python -m polydistill.cli.page > docs/commands.md"
    )


def test_one_line_makes_an_option():
    """A parameter with its help is all that a job needs for an option of its command and of its function."""

    @job("Look", "polydistill greet")
    def greet(loud: Annotated[bool, Help("Shout.")] = False) -> str:
        """Say a greeting."""
        return "HELLO" if loud else "hello"

    assert greet(loud=True) == "HELLO"
    assert [(one.name, one.option, one.help.text) for one in greet.job.parameters] == [("loud", "--loud", "Shout.")]
    with pytest.raises(TypeError, match=r"greet\(\) has no parameter 'lout'. Did you mean 'loud'"):
        greet(lout=True)


def test_a_parameter_without_help_is_no_option():
    with pytest.raises(TypeError, match="write its help in the signature"):

        @job("Look", "polydistill greet")
        def greet(loud: bool = False) -> None:
            """Say a greeting."""


def test_old_names_are_answered_with_the_new_ones():
    with pytest.raises(TypeError, match=r"no parameter 'languages'\. It is now called 'langs'"):
        tune("model", "rows", languages=["en"])
    with pytest.raises(ValueError, match=r"out is of doing a run; tune\.run only makes the run"):
        polydistill.tune.run("model", "rows", out="x")


def test_steps_and_epochs_are_not_both_said(tmp_path):
    from polydistill.jobs.making import training_of

    rows = {"batch_size": 8, "accumulation": 2}
    assert training_of({**rows, "epochs": 2.5}, lambda _: 160, judged=False).steps == 25
    with pytest.raises(ValueError, match="steps=3 and epochs=2 both say how long it takes"):
        training_of({**rows, "epochs": 2, "steps": 3}, lambda _: 160, judged=False)


@pytest.mark.parametrize("command", ["kld", "multikd", "xd"])
def test_whether_the_teacher_is_stored_is_an_option_where_the_method_has_it(command):
    (written,) = [parameter for parameter in COMMANDS[command].params if parameter.name == "store_teacher"]
    assert written.secondary_opts == ["--no-store-teacher"]
