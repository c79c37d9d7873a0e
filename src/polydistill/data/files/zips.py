"""Zips of parallel text as OPUS gives them: one member a language, read where it lies. Nothing is unpacked to disk.

A Moses zip holds `Europarl.de-en.de`, `Europarl.de-en.en`, a licence and the like: the ending says the language. What
an archive from elsewhere could do wrong is refused: members that would lie outside a folder (absolute, or with `..`),
links, encrypted members, and members that unpack to far more than text does.
"""

import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from polydistill.data.files.contents import opened
from polydistill.errors import DataError
from polydistill.languages import codes_of

SUFFIX = ".zip"
TEXT_PACKS = 50  # ours: times; text in any language packs 3 to 10 times, a bomb a thousand
SOON_READ = 1 << 26  # ours: bytes; below, no member is a bomb


class Member(NamedTuple):
    """One file inside a zip."""

    archive: Path
    name: str

    @property
    def place(self) -> Path:
        """Where it is, for errors."""
        return self.archive / self.name


def is_zip(path: str | Path) -> bool:
    """Whether the ending says that it is a zip."""
    return Path(path).suffix.lower() == SUFFIX


def members(archive: Path, languages: Sequence[str]) -> dict[str, Member]:
    """The member of each language, by the ending of its name."""
    try:
        with zipfile.ZipFile(opened(archive)) as zipped:
            entries = [entry for entry in zipped.infolist() if not entry.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(archive, None, f"no zip ({error})", "a whole zip file", "Fetch it again.") from None
    for entry in entries:
        _check_place(archive, entry)
    found = {code: _of_language(archive, entries, code) for code in languages}
    for entry in found.values():
        _check_content(archive, entry)
    return {code: Member(archive, entry.filename) for code, entry in found.items()}


def open_member(member: Member) -> IO[bytes]:
    """The bytes of a member; never more than the archive says it has."""
    return zipfile.ZipFile(opened(member.archive)).open(member.name)


def _of_language(archive: Path, entries: Sequence[zipfile.ZipInfo], code: str) -> zipfile.ZipInfo:
    endings = {name.lower() for name in codes_of(code)}
    visible = [entry for entry in entries if not any(part.startswith((".", "__")) for part in _parts(entry))]
    matching = [entry for entry in visible if _ending(entry.filename) in endings]
    if len(matching) == 1:
        return matching[0]
    names = ", ".join(entry.filename for entry in (matching or visible)[:20])
    found = f"{len(matching) or 'no'} members for language {code!r} (" + (f"there are {names})" if names else "empty)")
    expected = f"one whose name ends in a code of the language ({', '.join(sorted(endings))})"
    raise DataError(archive, None, found, expected, "Take the zip in Moses format of this pair, or unpack it yourself.")


def _ending(name: str) -> str:
    """What may be a language: `zh-cn` of `MultiUN.en-zh_CN.zh_CN`."""
    return PurePosixPath(name).suffix.removeprefix(".").lower().replace("_", "-")


def _parts(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    return PurePosixPath(entry.filename).parts


def _check_place(archive: Path, entry: zipfile.ZipInfo) -> None:
    """Refuse what would not lie in the folder it is unpacked into, here or by other programs."""
    name = entry.filename
    outside = (
        name.startswith(("/", "\\")) or ":" in name.partition("/")[0] or ".." in name.replace("\\", "/").split("/")
    )
    linked = stat.S_ISLNK(entry.external_attr >> 16)
    if outside or linked:
        found = f"a link, {name!r}" if linked else f"the member {name!r}, which would lie outside its folder"
        raise DataError(archive, None, found, "plain files only", "Do not unpack it; fetch it from its own site.")


def _check_content(archive: Path, entry: zipfile.ZipInfo) -> None:
    """Refuse what cannot be read, or is not text by its size."""
    if entry.flag_bits & 1:
        found, expected, way_out = "an encrypted member", "plain members", "Unpack it yourself and name the files."
    elif entry.file_size > SOON_READ and entry.file_size > TEXT_PACKS * max(1, entry.compress_size):
        found = f"{entry.compress_size:,} bytes that unpack to {entry.file_size:,}"
        expected = f"text, which is at most {TEXT_PACKS} times as large"
        way_out = "Look what it is; if it is text after all, unpack it yourself and name the files."
    else:
        return
    raise DataError(Member(archive, entry.filename).place, None, found, expected, way_out)
