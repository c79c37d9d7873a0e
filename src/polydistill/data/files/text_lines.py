"""Lines of text files, read strictly: UTF-8 only, and only a newline ends a line.

`str.splitlines` and text mode also split at U+2028, form feeds and lone carriage returns, which occur inside sentences
and would shift one side of parallel text against the other.
"""

import gzip
import io
import lzma
import math
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

from polydistill.data.files.contents import opened
from polydistill.data.files.zips import SOON_READ, TEXT_PACKS, Member, open_member
from polydistill.errors import DataError

TextFile = Path | Member

_BOM = b"\xef\xbb\xbf"
_COMPRESSED = {".gz": "gzip", ".xz": "xz", ".zst": "Zstandard"}
_LONGEST = 1 << 26  # ours: bytes of a line; a small compressed file may unpack to a line that fills the memory
_AT_ONCE = 1 << 20  # ours: bytes that are unpacked at a time


def uncompressed(name: str) -> str:
    """The name of a file without the ending that says how it is compressed."""
    path = Path(name)
    return name[: -len(path.suffix)] if path.suffix in _COMPRESSED else name


def place_of(file: TextFile) -> Path:
    """Where a file is, for errors."""
    return file.place if isinstance(file, Member) else file


def read_lines(file: TextFile) -> Iterator[tuple[int, str]]:
    """Line numbers (from 1) and lines without their ending (LF, CRLF) of a file: plain, compressed, or in a zip."""
    place = place_of(file)
    return ((number, decoded(place, number, raw)) for number, raw in raw_lines(file))


def raw_lines(file: TextFile) -> Iterator[tuple[int, bytes]]:
    """As `read_lines`, before it is known whether a line is text."""
    number = 0
    path = place_of(file)
    try:
        with _open(file) as lines:
            most = _most_text(path) if isinstance(file, Path) and path.suffix in _COMPRESSED else math.inf
            for number, body in bodies(iter(partial(lines.readline, _LONGEST + 1), b"")):
                if len(body) > _LONGEST:
                    found = f"a line of more than {_LONGEST >> 20} MiB"
                    raise DataError(path, number, found, "lines of text", "Check what the file is.")
                most -= len(body) + 1
                if most < 0:
                    found = f"{path.stat().st_size:,} bytes that unpack to more than {TEXT_PACKS} times as much"
                    expected = f"text, which is at most {TEXT_PACKS} times as large"
                    raise DataError(path, number, found, expected, "If it is text after all, unpack it yourself.")
                yield number, body
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError) as error:
        kind = "zip" if isinstance(file, Member) else _COMPRESSED.get(path.suffix)
        if kind is None:  # the disk's trouble, not the file's
            raise
        way_out = f"Fetch it again, or unpack it if it is not really {kind}."
        raise DataError(path, number + 1, f"broken {kind} data ({error})", f"a whole {kind} file", way_out) from None
    if number == 0:
        raise DataError(path, None, "an empty file", "at least one line", "Check how the file was written or fetched.")


def _most_text(packed: Path) -> int:
    """More bytes than the text of a compressed file can have."""
    return max(SOON_READ, TEXT_PACKS * packed.stat().st_size)


def bodies(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Numbered lines without their ending, and without a byte order mark before the first."""
    for number, raw in enumerate(lines, start=1):
        body = raw.removesuffix(b"\n").removesuffix(b"\r")
        yield number, body.removeprefix(_BOM) if number == 1 else body


def without_trailing_blanks(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The lines up to the last one that is not blank: a file of records may end in empty lines."""
    held: list[tuple[int, str]] = []
    for number, text in lines:
        if text.strip():
            yield from held
            held.clear()
            yield number, text
        else:
            held.append((number, text))


def _open(path: TextFile) -> IO[bytes] | gzip.GzipFile:
    if isinstance(path, Member):
        return open_member(path)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise DataError(path, None, found, "a readable file", "Check the path.")
    match path.suffix:
        case ".gz":
            return gzip.GzipFile(fileobj=opened(path))
        case ".xz":
            return lzma.LZMAFile(opened(path))
        case ".zst":  # Arrow's reader sees frames that are cut off, and goes on from one frame to the next
            import pyarrow as pa  # here: one kind of file needs it, and it takes a while

            return io.BufferedReader(pa.input_stream(opened(path), compression="zstd"), _AT_ONCE)
        case _:
            return opened(path)


def decoded(path: str | Path, number: int, raw: bytes) -> str:
    """The text of a line, which must be UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{raw[error.start]:02X} at byte {error.start + 1} of the line, which is not valid UTF-8"
        way_out = (
            "Convert the file, for example: iconv -f ISO-8859-1 -t UTF-8 OLD > NEW (with the encoding it really has)."
        )
        raise DataError(path, number, found, "UTF-8 text", way_out) from None
