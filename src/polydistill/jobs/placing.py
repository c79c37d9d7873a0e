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
    """The names of those who are told, each once; one that is not known, not installed or not ready is refused."""
    names = given.split(",") if isinstance(given, str) else given
    found = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    for name in found:
        if name not in REPORTERS:
            raise unknown("name to report to", name, REPORTERS)
        need(name, name, f"--report-to {name}")
    if "wandb" in found:
        _refuse_without_login()
    return found


def _refuse_without_login() -> None:
    """Refuse now what wandb would refuse when training begins; only variables and files are looked at, no network."""
    import wandb
    from wandb.errors import AuthenticationError
    from wandb.sdk import wandb_setup
    from wandb.sdk.lib.wbauth import authenticate_session

    settings = wandb_setup.singleton().settings
    if wandb.run is not None or settings.mode not in ("online", "shared"):
        return
    why = "there is none"
    try:
        if authenticate_session(host=settings.base_url, source="polydistill", prompt=False, update_session=False):
            return
    except AuthenticationError as error:
        why = str(error).rstrip(".")
    wandb.teardown()  # so that it looks at the variables again when they are set
    raise ValueError(
        f"--report-to wandb needs a login: {why}. Run `wandb login`, or set WANDB_API_KEY; or set "
        "WANDB_MODE=offline, which needs no account."
    )
