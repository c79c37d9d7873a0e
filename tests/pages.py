"""Pages whose commands run: read, run and rewritten.

A fenced block is run when an HTML comment stands right above it:

    <!-- run -->                        run it
    <!-- run; same -->                  run it; what it prints must be what the page shows
    <!-- run; in tests: A -> B; ... --> run it; tests put B for A, to be quick

A block below `<!-- output -->` shows what the last block that was run printed on standard output. Blocks of a page run
one after the other in one empty folder; Python blocks share their variables. Bash blocks may hold any commands;
`polydistill` commands (also with `> FILE`) run in this process, which saves the time of importing everything again.

`python tests/pages.py docs/quickstart.md` runs a page as a reader would, and writes what is printed into it.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from polydistill.cli import app

_BLOCK = re.compile(r"<!-- (?P<mark>run|output)(?P<rest>[^\n]*?) -->\n```(?P<kind>\w+)\n(?P<body>.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block to run, and what the page shows of its output (None: nothing)."""

    kind: str
    body: str
    same: bool
    swaps: tuple[tuple[str, str], ...]
    shown: str | None

    @property
    def for_tests(self) -> str:
        """The block as tests run it."""
        body = self.body
        for long, short in self.swaps:
            assert long in body, f"{long!r} is not in the block:\n{self.body}"
            body = body.replace(long, short)
        return body


def blocks(page: str) -> list[Block]:
    """The blocks of a page that are run, in order."""
    found = list(_BLOCK.finditer(page))
    following = [*found[1:], None][: len(found)]
    return [
        _block(one, after["body"] if after is not None and after["mark"] == "output" else None)
        for one, after in zip(found, following, strict=True)
        if one["mark"] == "run"
    ]


def _block(found: "re.Match[str]", shown: str | None) -> Block:
    said = [part.strip() for part in found["rest"].replace("in tests:", "").split(";") if part.strip()]
    swaps = tuple(
        (long.strip(), short.strip()) for long, arrow, short in (part.partition("->") for part in said) if arrow
    )
    return Block(found["kind"], found["body"], "same" in said, swaps, shown)


def run_page(todo: list[str], kinds: list[str]) -> Iterator[str]:
    """Run blocks in the current folder and give what each prints."""
    names: dict[str, object] = {}
    for body, kind in zip(todo, kinds, strict=True):
        if kind == "python":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(body, "block", "exec"), names)
            yield printed.getvalue()
        else:
            yield "".join(_command(line) for line in body.replace("\\\n", " ").splitlines() if line.strip())


def _command(line: str) -> str:
    words = shlex.split(line, comments=True)
    if words[0] != "polydistill" or any(sign in line for sign in ("|", "$", "*")):
        done = subprocess.run(["bash", "-euc", line], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        return done.stdout
    words, file = (words[:-2], words[-1]) if words[-2] == ">" else (words, None)
    result = CliRunner().invoke(app, words[1:])
    assert result.exit_code == 0, f"{line}\n{result.output}"
    if file is None:
        return result.stdout
    Path(file).write_text(result.stdout)
    return ""


def tidy(printed: str) -> str:
    """Without blanks at the ends of lines, and without blank lines at the beginning and the end."""
    return "\n".join(line.rstrip() for line in printed.splitlines()).strip("\n") + "\n"


def rewrite(page: Path) -> None:
    """Run a page at full size and write what its blocks print into it."""
    file, text = page.resolve(), page.read_text()
    todo = blocks(text)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        printed = iter([*run_page([one.body for one in todo], [one.kind for one in todo])])
    last = ""

    def written(found: "re.Match[str]") -> str:
        nonlocal last
        if found["mark"] == "run":
            last = next(printed)
            return found[0]
        return f"<!-- output -->\n```{found['kind']}\n{tidy(last)}```"

    file.write_text(_BLOCK.sub(written, text))


if __name__ == "__main__":
    rewrite(Path(sys.argv[1]))
