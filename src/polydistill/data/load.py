"""From any source to rows, and the fingerprint of what a source holds."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from polydistill.data.files import load_files
from polydistill.data.hub import is_local, load_hub
from polydistill.data.parallel import load_text_files
from polydistill.data.paths import find_files, visible_files
from polydistill.data.rows import SENTENCE, Corpus, RowShape
from polydistill.data.sources import FileSource, HubSource, Source, WorldSource
from polydistill.data.world_rows import load_world
from polydistill.languages import language
from polydistill.world.corpora import World

_LARGE = 1 << 26  # ours: bytes; a smaller file is soon read, and may change again within one tick of its time stamp


def load_rows(source: Source, shape: RowShape, languages: Sequence[str]) -> Corpus:
    """The rows of `source` in `shape`, a table for each of `languages` (by any code or name of theirs)."""
    codes = _codes(languages)
    if isinstance(source, WorldSource):
        return load_world(source, shape, codes)
    if isinstance(source, HubSource):
        return load_hub(source, shape, codes)
    return load_text_files(source, codes) if shape == SENTENCE else load_files(source, shape, codes)


def load_text(source: Source, languages: Sequence[str]) -> Corpus:
    """The sentences of `source`; `aligned` says whether row i says the same in every language."""
    return load_rows(source, SENTENCE, languages)


def fingerprint(source: Source, languages: Sequence[str]) -> str:
    """The hash of what `source` gives for `languages`: content and options count, not where files lie."""
    codes = sorted(_codes(languages))
    options = source.model_dump(mode="json", exclude=None if isinstance(source, WorldSource) else {"path", "name"})
    content: list[str]
    if isinstance(source, WorldSource):
        content = [World(seed=source.seed, difficulty=source.difficulty).fingerprint]
    elif isinstance(source, FileSource):
        content = _contents(dict.fromkeys(file for code in codes for file in find_files(source.path, code)))
    elif is_local(source):
        content = _folder(Path(source.name))
    else:
        content = [source.name]  # pinned: the revision is among the options
    return hashlib.sha256(json.dumps([options, codes, content], sort_keys=True).encode()).hexdigest()


def _codes(languages: Sequence[str]) -> list[str]:
    """Two-letter codes, checked."""
    if isinstance(languages, str) or not languages:
        raise ValueError(f"Expected a list of languages such as ['en', 'tr'], not {languages!r}.")
    codes = [language(code).code for code in languages]
    if len(set(codes)) < len(codes):
        raise ValueError(f"A language is asked for twice in {', '.join(languages)}. Name each once.")
    return codes


def _contents(paths: Iterable[Path]) -> list[str]:
    return [_content(path) if path.stat().st_size < _LARGE else _content_once(*_state(path)) for path in paths]


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _state(path: Path) -> tuple[Path, int, int]:
    state = path.stat()
    return path.resolve(), state.st_size, state.st_mtime_ns


@lru_cache(maxsize=4096)
def _content_once(path: Path, size: int, changed: int) -> str:
    """The hash of a large file, read again only when size or time of change differ."""
    del size, changed
    return _content(path)


def _folder(folder: Path) -> list[str]:
    """Names and contents of the files of a folder, apart from hidden ones (such as the state of version control)."""
    files = visible_files(folder)
    return [*(file.relative_to(folder).as_posix() for file in files), *_contents(files)]
