"""Files that were fetched from the hub: their content must be the one that the hub names, and not only their size.

The hub names the content of a large file by its SHA-256, that of a small one as git does, and its cache calls files so.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from polydistill.errors import DataError

_LARGE, _SMALL = 64, 40  # hexadecimal digits


def refuse_other_content(file: Path) -> None:
    """Raise where a file of the hub's cache holds something else than what the hub calls it."""
    kept = file.resolve()
    state = kept.stat()
    if not _is_named_content(kept, state.st_size, state.st_mtime_ns):
        raise DataError(
            file, None, "another content", f"the one that the hub names ({kept.name[:12]}...)",
            f"It was damaged on its way or on the disk. Remove {kept}; the same command fetches it again.",
        )  # fmt: skip


@lru_cache(maxsize=256)
def _is_named_content(file: Path, size: int, changed: int) -> bool:
    """Whether a file's content is what its name says; a name that says nothing is good."""
    del changed
    hexadecimal = all(one in "0123456789abcdef" for one in file.name)
    if not hexadecimal or len(file.name) not in (_LARGE, _SMALL):
        return True
    digest = hashlib.sha256() if len(file.name) == _LARGE else hashlib.sha1(f"blob {size}\0".encode())
    with file.open("rb") as opened:
        while piece := opened.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest() == file.name
