"""All commands under one name, and what becomes of errors: users see one line, programmers a traceback."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from polydistill import __version__
from polydistill.cli import commands
from polydistill.cli.screen import errors

RESUMABLE = [one.command for one in commands.jobs() if one.resumes]
USER_ERROR, INTERRUPTED = 2, 130


class Guarded(TyperGroup):
    """Shows errors of users (ValueError, OSError, no memory) as one line; anything else is ours, with its traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (ValueError, OSError, MemoryError, RuntimeError) as error:
            ours = isinstance(error, RuntimeError) and not _of_memory(error)
            if ours or ctx.params.get("traceback"):
                raise
            if isinstance(error, BrokenPipeError):  # the reader of a pipe has seen enough
                raise typer.Exit(0) from None
            errors().print(f"Error: {one_line(error)}", style="bold red", markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(USER_ERROR) from None
        except KeyboardInterrupt:
            goes_on = ctx.invoked_subcommand in RESUMABLE
            way_out = " The same command again takes up where this one stopped." if goes_on else ""
            errors().print(f"Stopped.{way_out}", style="yellow", markup=False)
            raise typer.Exit(INTERRUPTED) from None


def one_line(error: Exception) -> str:
    """What an error says, without line breaks; its kind where it says nothing."""
    from pydantic import ValidationError

    from polydistill.errors import printable
    from polydistill.specs import problems

    said = f"{error.title}: {problems(error)}" if isinstance(error, ValidationError) else str(error)
    if _of_memory(error):
        said = f"There is not enough memory ({said}). Ask for less: smaller batches, shorter texts or fewer rows."
    return printable(said) or type(error).__name__


def _of_memory(error: Exception) -> bool:
    """Whether memory was short; PyTorch says so in words alone."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or "not enough memory" in said or "out of memory" in said


app = typer.Typer(
    name="polydistill",
    cls=Guarded,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Begin with: polydistill quickstart",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"polydistill {__version__}")
        raise typer.Exit


@app.callback()
def polydistill(
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where an error comes from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Put what a strong model knows in one language into models that serve many, or one small one well."""
    del traceback, version  # Guarded and the callback read them


for one in commands.jobs():
    commands.add(app, one)


def main() -> None:
    """Run the command line."""
    app()
