"""The job push: an exported folder on the hub."""

from typing import TYPE_CHECKING, Annotated

from polydistill.jobs.job import Argument, Help, job
from polydistill.jobs.options import Place

if TYPE_CHECKING:
    from polydistill.exports.push import Push


@job("Ship", "polydistill push german-int8 me/german-int8")
def push(
    folder: Annotated[Place, Argument("A folder that export has written.")],
    repository: Annotated[str, Argument("owner/name on the hub; a new one is private.")],
    *,
    public: Annotated[bool, Help("A repository that everybody reads.")] = False,
    confirm: Annotated[bool, Help("Push. Without it nothing leaves this machine.")] = False,
) -> "Push":
    """Show what a push to the hub would take there, and with --confirm, push it."""
    from polydistill.exports.push import push

    return push(folder, repository, public=public, confirm=confirm)
