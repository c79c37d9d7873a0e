"""Commands made from jobs: every parameter of a job is an option or an argument, with its type, default and help."""

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from typer.core import TyperCommand

import polydistill
from polydistill.cli.screen import errors
from polydistill.cli.screens import do_run, show
from polydistill.cli.settings import settings_of, shown
from polydistill.errors import nearest
from polydistill.jobs.job import REQUIRED, Job, Parameter, refuse_numbers
from polydistill.jobs.options import Place
from polydistill.jobs.renamed import called_now


class JobCommand(TyperCommand):
    """A command that knows old names of its options, and whose help ends with the settings that are no options."""

    job: Job

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse an old name with the new one."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            name = getattr(error, "option_name", None)
            known = {name for one in self.params for name in one.opts}
            if name is None or name in known:
                raise
            ours = [one.name for one in self.job.options]
            now = called_now(name.removeprefix("--").replace("-", "_"), ours)
            hint = nearest(name, known) if now is None else f" It is now called --{now.replace('_', '-')}."
            raise ValueError(f"polydistill {self.job.command} has no option {name}.{hint}") from None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The usual help, with what only `--set` can say."""
        settings = settings_of(self.job) if self.job.spec else ()
        self.epilog = "\n\n".join((*shown(settings), f"Example: {self.job.example}"))
        super().format_help(ctx, formatter)


@cache
def jobs() -> tuple[Job, ...]:
    """The jobs among the public names."""
    named = [(module, name) for module, name in polydistill.public_names().values() if ".jobs" in module]
    found = (getattr(import_module(module), name) for module, name in named)
    return tuple(one.job for one in found if hasattr(one, "job"))


def add(app: typer.Typer, job: Job) -> None:
    """Add the command of a job."""
    command = type(job.command, (JobCommand,), {"job": job})
    app.command(job.command, cls=command, help=job.summary, rich_help_panel=job.panel)(_typed(job))


def _typed(job: Job) -> Callable[..., None]:
    """A function with the parameters of the job, as the command line types them."""

    def run(**given: Any) -> None:
        asked = {one.name: given.pop(one.name) for one in job.showing}
        refuse_numbers(job.showing, asked)
        given = {name: value for name, value in given.items() if value is not None}  # else the job's own default holds
        if job.trains:
            do_run(job, given, **asked)
        else:
            show(job, _called(job, given), asked, given.get("out"))

    parameters = [_parameter(one) for one in (*job.options, *job.showing)]
    run.__name__ = job.command
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _called(job: Job, given: Mapping[str, Any]) -> Any:
    """What the job gives back."""
    several = [one.name for one in job.parameters if one.kind is inspect.Parameter.VAR_POSITIONAL]
    words = [value for name in several for value in given[name] or ()]
    named = {name: value for name, value in given.items() if name not in several}
    if any(one.name == "console" for one in job.parameters):
        named["console"] = errors()
    return job.public(*words, **named)


def _parameter(one: Parameter) -> inspect.Parameter:
    typed, default = cli_type(one), _default(one)
    if one.argument:
        info: Any = typer.Argument(help=one.help.text, metavar=one.name.upper())
    else:
        flag = one.option if typed is not bool or not default else f"{one.option}/--no{one.option[1:]}"
        info = typer.Option(flag, help=one.help.text, rich_help_panel=one.help.panel)
    typed = typed if default is not None else typed | None
    return inspect.Parameter(
        one.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[typed, info]
    )


def cli_type(one: Parameter) -> Any:
    """What the command line reads: text, where a parameter is no number, choice, switch or place."""
    if one.help.many or one.kind is inspect.Parameter.VAR_POSITIONAL:
        return list[str]
    (plain, *others) = [each for each in _members(one.annotation) if each is not types.NoneType]
    if others:
        return str
    if plain is Place:
        return Path
    return plain if plain in (bool, int, float, Path) or get_origin(plain) is Literal else str


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _default(one: Parameter) -> Any:
    """The default as the command line writes it."""
    if one.kind is inspect.Parameter.VAR_POSITIONAL or one.default is REQUIRED:
        return REQUIRED
    if isinstance(one.default, Sequence) and not isinstance(one.default, str):
        return ",".join(map(str, one.default)) or None
    return one.default
