"""The job doctor: what this machine offers."""

from typing import TYPE_CHECKING

from polydistill.jobs.job import job

if TYPE_CHECKING:
    from polydistill.serving.doctor import Finding


@job("This machine", "polydistill doctor")
def doctor() -> "tuple[Finding, ...]":
    """Say what this machine offers (versions, threads, devices, memory, network) and what to do about it."""
    from polydistill.serving.doctor import findings

    return tuple(findings())
