"""Where a run is done, and who else is told how it goes; none of it changes the run."""

from collections.abc import Sequence
from typing import Any

from polydistill.defaults import REPORTERS
from polydistill.errors import need, unknown

PLACING = ("out", "runs", "report_to")


def taken(given: dict[str, Any]) -> dict[str, Any]:
    """Take out of what a job is given what only places its run; what cannot be had is refused before rows are read."""
    found = {name: given.pop(name) for name in PLACING if given.get(name) is not None}
    if "report_to" in found:
        found["report_to"] = reporters(found["report_to"])
    return found


def refuse_places(job: str, given: dict[str, Any]) -> None:
    """Refuse them where a run is only made."""
    if stray := [name for name in PLACING if given.pop(name, None) is not None]:
        raise ValueError(f"{stray[0]} is of doing a run; {job}.run only makes the run. Leave it out.")


def reporters(given: str | Sequence[str]) -> tuple[str, ...]:
    """The names of those who are told, each once; one that is not known or not installed is refused."""
    names = given.split(",") if isinstance(given, str) else given
    found = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    for name in found:
        if name not in REPORTERS:
            raise unknown("name to report to", name, REPORTERS)
        need(name, name, f"--report-to {name}")
    return found
