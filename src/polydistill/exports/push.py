"""Exported folders to the hub, when that is asked for and confirmed; to private repositories, if not said otherwise."""

from dataclasses import dataclass, replace
from pathlib import Path

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

from polydistill.exports.wanted import RECORD
from polydistill.manifest import refuse_changed


@dataclass(frozen=True)
class Push:
    """What goes where, file by file with its size in bytes; `url` is the commit, once it is made."""

    folder: Path
    repository: str
    public: bool
    files: tuple[tuple[str, int], ...]
    url: str | None = None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size in self.files)


def push(
    folder: str | Path, repository: str, *, public: bool = False, confirm: bool = False, endpoint: str | None = None
) -> Push:
    """What a push would do; with `confirm` it is done, with the token of `hf auth login` or HF_TOKEN."""
    planned = _planned(Path(folder).expanduser(), repository, public)
    return replace(planned, url=_pushed(planned, HfApi(endpoint=endpoint))) if confirm else planned


def _planned(folder: Path, repository: str, public: bool) -> Push:
    if not (folder / RECORD).is_file():
        inner = sorted(file.parent.name for file in folder.glob(f"*/{RECORD}"))
        several = f"It holds several: push them one by one ({', '.join(inner)})." if inner else "Export a model first."
        raise ValueError(f"{folder} is no folder that polydistill export has written: there is no {RECORD}. {several}")
    refuse_changed(folder)
    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        raise ValueError(f"{repository!r} cannot be the name of a repository: {error}") from None
    if "/" not in repository:
        raise ValueError(f"{repository!r} does not say whose it is: expected owner/name, such as me/{repository}.")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return Push(
        folder, repository, public, tuple((str(file.relative_to(folder)), file.stat().st_size) for file in files)
    )


def _pushed(planned: Push, hub: HfApi) -> str:
    if get_token() is None:
        raise ValueError("There is no token to push with: log in (hf auth login), or set HF_TOKEN.")
    try:
        _check_existing(planned, hub)
        hub.create_repo(planned.repository, private=not planned.public, exist_ok=True)
        done = hub.upload_folder(
            repo_id=planned.repository,
            folder_path=planned.folder,
            commit_message=f"{planned.folder.name}, exported by polydistill",
        )
    except HfHubHTTPError as error:
        said = f"HTTP {error.response.status_code}: {error.server_message or 'no reason given'}"
        raise ValueError(
            f"The hub refused to take {planned.repository} ({said}). Look whether the token may write there."
        ) from error
    except ValueError:
        raise
    except Exception as error:  # the errors of a failed connection differ by the version of the hub's client
        raise ValueError(
            f"The hub at {hub.endpoint} cannot be reached ({type(error).__name__}). What is there now is not known: "
            "the same command again completes it."
        ) from error
    return str(done.commit_url)


def _check_existing(planned: Push, hub: HfApi) -> None:
    """Refuse to publish by accident: what is public stays so, whatever is asked for."""
    try:
        there = hub.model_info(planned.repository)
    except RepositoryNotFoundError:
        return
    if not there.private and not planned.public:
        raise ValueError(
            f"{planned.repository} is there already, and public: what is pushed would be, too. Say --public if that is "
            "meant, or name another repository."
        )
