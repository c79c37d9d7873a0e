"""The page of commands, docs/commands.md: made by `python -m polydistill.cli.page > docs/commands.md`."""

from polydistill.cli.commands import jobs
from polydistill.cli.screen import say
from polydistill.cli.settings import settings_of
from polydistill.jobs.job import REQUIRED, Job, Parameter

_BEGIN = """# Commands

Made from the jobs' signatures by `python -m polydistill.cli.page > docs/commands.md`. The Python function of a command
has the command's name and the same parameters: `polydistill.xd("tuned", parallel=["en-de=news.en,news.de"])` is
`polydistill xd --model tuned --parallel en-de=news.en,news.de`. A job that trains can also make its run alone:
`polydistill.xd.run(...)`, as `--print` does.
"""


def page() -> str:
    """All of it."""
    return "\n".join([_BEGIN, *map(_section, sorted(jobs(), key=lambda job: job.command))])


def _section(job: Job) -> str:
    rows = [f"| {_name(one)} | {_default(one)} | {_cell(one.help.text)} |" for one in (*job.options, *job.showing)]
    lines = [
        f"## {job.command}",
        "",
        job.summary,
        "",
        f"    {job.example}",
        "",
        "| | default | |",
        "|---|---|---|",
        *rows,
    ]
    settings = settings_of(job) if job.spec else ()
    more = [f"- `--set method.{one.name}={one.default}` {one.about}".rstrip() for one in settings]
    return "\n".join([*lines, *(["", "Settings of the method that are no option:", "", *more] if more else []), ""])


def _name(one: Parameter) -> str:
    return f"`{one.name.upper()}`" if one.argument else f"`{one.option}`"


def _default(one: Parameter) -> str:
    if one.default is REQUIRED:
        return "needed"
    return "" if one.default in (None, (), "", False) else f"`{_cell(str(one.default))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    say(page().rstrip())
