"""Where things are printed: results on standard output, progress and errors on standard error."""

from pathlib import Path

import typer
from rich.console import Console


def results() -> Console:
    """Standard output. Where it is no terminal, lines may be long, so that tables stay whole in files and pipes."""
    console = Console(emoji=False)  # a text of a user's may hold `:x:`
    return console if console.is_terminal else Console(width=120, emoji=False)


def errors() -> Console:
    """Standard error."""
    return Console(stderr=True, emoji=False)


def example(command: str) -> str:
    """The last line of a command's help."""
    return f"Example: {command}"


def codes(text: str) -> tuple[str, ...]:
    """The languages of `en,tr,de`."""
    return tuple(code.strip() for code in text.split(",") if code.strip())


def save(file: Path | None, content: str | bytes) -> None:
    """Write a file that was asked for, and say so."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        errors().print(f"Written: {file}", markup=False, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """A line of result as it stands: not wrapped, not marked up."""
    typer.echo(text)
