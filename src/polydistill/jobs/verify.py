"""The job verify: whether folders are whole and as they were written."""

from pathlib import Path
from typing import Annotated

from polydistill.jobs.job import Argument, AsJson, job
from polydistill.jobs.options import Place
from polydistill.specs import Spec


class Verified(Spec):
    """One folder, read whole."""

    folder: str
    files: int
    bytes: int
    run_id: str
    model_fingerprint: str
    problems: tuple[str, ...]
    """What is not as it was written, file by file; none: the folder is whole and unchanged."""


@job("Ship", "polydistill verify german", showing=AsJson)
def verify(
    folder: Annotated[Place, Argument("The folder of a run, a model or an export; or one that holds such folders.")],
) -> tuple[Verified, ...]:
    """Read every file of a folder and say whether it is whole and unchanged, or which file is not.

    Each folder that a run, export or trim writes has a list of its files with their SHA-256, files.json.
    """
    from polydistill.manifest import FILES, changes, load_manifest, manifests

    place = Path(folder).expanduser()
    found = manifests(place)
    if not found:
        kind = "holds no" if place.is_dir() else "is no folder with a"
        raise ValueError(
            f"{place} {kind} {FILES}, the list of its files that runs, exports and trimming write. Name such a folder."
        )
    verified = []
    for one in found:
        manifest = load_manifest(one)
        assert manifest is not None, "it is there"
        verified.append(
            Verified(
                folder=str(one),
                files=len(manifest.files),
                bytes=sum(entry.bytes for entry in manifest.files.values()),
                run_id=manifest.run_id,
                model_fingerprint=manifest.model_fingerprint,
                problems=tuple(str(problem) for problem in changes(one)),
            )
        )
    return tuple(verified)
