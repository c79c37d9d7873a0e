"""Where things are printed: results on standard output, progress and errors on standard error."""

from collections.abc import Collection, Iterable, Sequence
from json import dumps
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from polydistill.errors import shown
from polydistill.whole import write_bytes


class Screen(Console):
    """A console on which no text of a user's steers the terminal, wherever it stands: in a line, or in a table."""

    def render_str(self, text: str, **options: Any) -> Text:
        """A text as it is shown."""
        return super().render_str(shown(text), **options)


def results() -> Console:
    """Standard output. Where it is no terminal, lines may be long, so that tables stay whole in files and pipes."""
    console = Screen(emoji=False)  # a text of a user's may hold `:x:`
    return console if console.is_terminal else Screen(width=120, emoji=False)


def errors() -> Console:
    """Standard error."""
    return Screen(stderr=True, emoji=False)


def tell(text: str) -> None:
    """A line on standard error as it stands."""
    errors().print(text, markup=False, highlight=False, soft_wrap=True)


def save(file: Path | None, content: str | bytes) -> None:
    """Write a file that was asked for, and say so."""
    if file is not None:
        write_bytes(file, content.encode() if isinstance(content, str) else content)
        tell(f"Written: {file}")


def save_json(file: Path | None, found: Any) -> None:
    """The same of a result, or of several, as JSON."""
    if isinstance(found, tuple | list):
        text = dumps([one.model_dump(mode="json") for one in found], indent=2)
    else:
        text = found.model_dump_json(indent=2)
    save(file, f"{text}\n")


def say(text: str) -> None:
    """A line of result as it stands: not wrapped, not marked up."""
    typer.echo(shown(text))


def show_grid(
    headings: Sequence[str], rows: Iterable[Sequence[str]], left: Collection[str] = (), section: int = 0
) -> None:
    """Print rows under headings: numbers, but for the columns named `left`, with a line after each `section` rows."""
    from rich import box
    from rich.table import Table

    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        view.add_column(heading, justify="left" if heading in left else "right", overflow="fold")
    for at, row in enumerate(rows, start=1):
        view.add_row(*(Text(shown(cell)) for cell in row), end_section=bool(section) and at % section == 0)
    results().print(view)
