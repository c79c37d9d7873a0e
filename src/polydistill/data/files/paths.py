"""From a path with a placeholder to the file of one language."""

import glob
from collections.abc import Iterator
from pathlib import Path

from polydistill.data.rows.sources import LANGUAGE_PLACEHOLDER
from polydistill.errors import DataError
from polydistill.languages import codes_of, language


def find_file(template: str, code: str) -> Path:
    """The file that `template` means for language `code`: `{lang}` stands for a code of it, `*` for any characters."""
    for candidate in _candidates(template, code):
        matches = _matches(candidate)
        if len(matches) == 1:
            return Path(matches[0])
        if matches:
            found = f"{len(matches)} files ({', '.join(Path(match).name for match in matches)})"
            raise DataError(candidate, None, found, f"one file for {code!r}", "Write a longer path instead of the '*'.")
    raise _missing(template, code)


def find_files(template: str, code: str) -> list[Path]:
    """All files that `template` means for language `code`, in the order of their names.

    `*` stands for any characters, and a folder for the files in it and below; hidden ones do not count.
    """
    for candidate in _candidates(template, code):
        matches = [Path(match) for match in _matches(candidate)]
        if files := [file for match in matches for file in ([match] if match.is_file() else visible_files(match))]:
            return files
        if matches:
            found, way_out = "no file in it", "Put the text there, or write the path of a file."
            raise DataError(candidate, None, found, "a folder of text files", way_out)
    raise _missing(template, code)


def visible_files(folder: Path) -> list[Path]:
    """The files of a folder and below in the order of their names, apart from hidden ones (such as `.git`)."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _candidates(template: str, code: str) -> Iterator[str]:
    """The template with each name of the language, ours first; the others, which take a while, if they are needed."""
    own = language(code).code
    yield template.replace(LANGUAGE_PLACEHOLDER, own)
    if LANGUAGE_PLACEHOLDER in template:
        yield from (template.replace(LANGUAGE_PLACEHOLDER, name) for name in codes_of(code) if name != own)


def _matches(pattern: str) -> list[str]:
    """Existing files; only `*` is a wildcard, since brackets and question marks occur in names."""
    return sorted(glob.glob(glob.escape(pattern).replace("[*]", "*")))  # noqa: PTH207 (pathlib cannot escape)


def _missing(template: str, code: str) -> DataError:
    if LANGUAGE_PLACEHOLDER not in template:
        return DataError(template, None, "no such file", "a readable file", "Check the path.")
    others = [Path(match).name for match in _matches(template.replace(LANGUAGE_PLACEHOLDER, "*"))]
    listed = ", ".join(others[:20]) + (", ..." if len(others) > 20 else "")
    found = f"no file for language {code!r}" + (f" (there are {listed})" if others else " nor for any other")
    entry = language(code)
    names = ", ".join([entry.code, *entry.aliases])
    return DataError(
        template, None, found, f"a file with {{lang}} as one of: {names}", "Leave the language out, or add its file."
    )
