"""What a folder of ours holds: `files.json` lists each file with its size and SHA-256, and says where they come from.

Loading a model compares sizes, and reads again what is small (configuration, tokenizer, labels); of the weights only
`polydistill verify` reads every byte. A card may be edited, and what else lies in a folder is no matter of loading.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from polydistill.errors import DataError
from polydistill.results import RESULTS_FILE
from polydistill.specs import Spec, problems
from polydistill.whole import write_text

FILES = "files.json"
SMALL = 32 << 20  # ours: bytes of a file that loading reads again, in 20 ms at most
_CARDS = (".md",)
_FETCH = "Export or fetch the folder again; if the change was meant, remove {} there."
_ANEW = f"Remove {RESULTS_FILE} there, and the run is done again; or bring the file back."


class Entry(Spec):
    """A file as it was written."""

    bytes: int
    sha256: str


class Origin(Spec):
    """Where files come from: the run, the hashes of what it read and of the weights, and the versions that did it."""

    run_id: str = ""
    data_fingerprint: str = ""
    model_fingerprint: str = ""
    versions: Mapping[str, str] = {}


class Manifest(Origin):
    """The content of `files.json`."""

    files: Mapping[str, Entry]


def list_files(
    folder: Path,
    origin: Origin,
    files: Iterable[str] | None = None,
    inside: Iterable[str] = (),
    also: Mapping[str, str] | None = None,
) -> None:
    """Write down all files of a folder; or these of it, those of listed folders inside, and texts that are to come."""
    there = _names(folder) if files is None else files
    named = {name: _entry(folder / name) for name in sorted(there)}
    for place in inside:  # as they are listed there
        manifest = load_manifest(folder / place)
        assert manifest is not None, "it has a list"
        named |= {f"{place}/{name}": entry for name, entry in manifest.files.items()}
        named[f"{place}/{FILES}"] = _entry(folder / place / FILES)
    to_come = {name: _entry_of(text.encode()) for name, text in (also or {}).items()}
    manifest = Manifest(**origin.model_dump(), files={**named, **to_come})
    write_text(folder / FILES, manifest.model_dump_json(indent=1) + "\n")


def list_again(folder: Path, name: str) -> None:
    """Let the list say what a file holds now that was changed on purpose."""
    if (manifest := load_manifest(folder)) is not None:
        known = manifest.model_copy(update={"files": {**manifest.files, name: _entry(folder / name)}})
        write_text(folder / FILES, known.model_dump_json(indent=1) + "\n")


def load_manifest(folder: Path) -> Manifest | None:
    """The list of a folder's files, if it has one."""
    file = folder / FILES
    if not file.is_file():
        return None
    try:
        return Manifest.model_validate_json(file.read_bytes())
    except ValidationError as error:
        found = problems(error).removesuffix(".")
        raise DataError(file, None, found, "the list of a folder's files", _way_out(folder)) from None


def refuse_changed(folder: Path) -> None:
    """Raise where a model's folder is not what its list says, as far as that is seen cheaply."""
    manifest = load_manifest(folder)
    for name, entry in manifest.files.items() if manifest else ():
        if not name.endswith(_CARDS):
            for problem in _changed(folder, name, entry, SMALL):
                raise problem


def changes(folder: Path, *, within: tuple[str, ...] = (), most: int | None = None) -> Iterator[DataError]:
    """Each listed file that is missing, of another size or of another content; `within` these folders and files.

    Files of more than `most` bytes are not read; none: all are, and anew, and in a model's folder a file that is not
    listed is a change, too; a run's holds more than its result.
    """
    manifest = load_manifest(folder)
    for name, entry in manifest.files.items() if manifest else ():
        if not within or name.startswith(within):
            yield from _changed(folder, name, entry, most)
    if manifest and most is None and RESULTS_FILE not in manifest.files:
        for name in sorted(_names(folder).difference(manifest.files)):
            yield DataError(folder / name, None, "a file that came later", f"only what {FILES} lists", _way_out(folder))


def manifests(folder: Path) -> list[Path]:
    """The folders with a list of their files: this one, or else those in it."""
    if (folder / FILES).is_file():
        return [folder]
    return sorted(file.parent for file in folder.glob(f"*/{FILES}"))


def _changed(folder: Path, name: str, entry: Entry, read: int | None) -> Iterator[DataError]:
    """What is wrong with one file; it is read only where it is no larger than `read`, or (None) always, and anew."""
    file, way_out = folder / name, _way_out(folder)
    if not file.is_file():
        yield DataError(file, None, "no file", f"what {folder / FILES} lists", way_out)
        return
    state = file.stat()
    if state.st_size != entry.bytes:
        yield DataError(file, None, f"{state.st_size} bytes", f"{entry.bytes} as it was written", way_out)
        return
    if read is None:
        same = _sum(file) == entry.sha256
    else:
        same = entry.bytes > read or _known_sum(file, entry.bytes, state.st_mtime_ns) == entry.sha256
    if not same:
        yield DataError(file, None, "another content", f"the SHA-256 of {FILES}", way_out)


def _way_out(folder: Path) -> str:
    return _ANEW if (folder / RESULTS_FILE).is_file() else _FETCH.format(FILES)


def _names(folder: Path) -> set[str]:
    """All files of a folder but its own list and what is hidden."""
    found = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return {file.as_posix() for file in found if not any(part.startswith(".") for part in file.parts)} - {FILES}


def _entry(file: Path) -> Entry:
    return Entry(bytes=file.stat().st_size, sha256=_sum(file))


def _entry_of(content: bytes) -> Entry:
    return Entry(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def _sum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@lru_cache(maxsize=256)
def _known_sum(file: Path, size: int, changed: int) -> str:
    """The SHA-256 of a file; read again only when its size or time of change differ: a command opens a model often."""
    del size, changed
    return _sum(file)
