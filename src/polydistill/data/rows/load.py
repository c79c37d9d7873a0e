"""From any source to rows, and the fingerprint of what a source holds."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from polydistill.data.files.contents import digest, known_digest
from polydistill.data.files.paths import find_files, visible_files
from polydistill.data.rows.answers import load_answers
from polydistill.data.rows.choices import load_choices
from polydistill.data.rows.files import is_aligned, load_files
from polydistill.data.rows.hub import is_local, load_hub
from polydistill.data.rows.language_pairs import in_pairs
from polydistill.data.rows.reviews import load_reviews
from polydistill.data.rows.shapes import ANSWERS, CHOICES, REVIEW, SENTENCE, Corpus, RowShape
from polydistill.data.rows.sources import (
    ByLanguage,
    FileSource,
    MemorySource,
    Source,
    TableSource,
    WorldSource,
    format_source,
)
from polydistill.data.rows.tagged import load_tagged
from polydistill.data.rows.world import load_world, world_columns, world_content
from polydistill.data.translations.parallel import load_text_files, plain_files, read_aligned
from polydistill.errors import DataError
from polydistill.languages import canonical, parts_of


def load_rows(source: Source, shape: RowShape, languages: Sequence[str]) -> Corpus:
    """The rows of `source` in `shape`, a table for each of `languages` (by any code or name of theirs).

    A pair such as `en-hi` is one of them: rows with the first text in English and the others in Hindi.
    """
    codes = _codes(languages)
    _check_options(source, shape)
    single = _single(codes)
    corpus = _once(source, shape, single)
    return corpus if single == codes else in_pairs(corpus, codes, format_source(source), _claimed(source))


_AT_HAND = 8  # ours: corpora that are kept: those that a run learns from, is chosen and scored on
_loaded: OrderedDict[str, Corpus] = OrderedDict()


def forget_rows() -> None:
    """Let go of all rows that are kept."""
    _loaded.clear()


def _once(source: Source, shape: RowShape, codes: Sequence[str]) -> Corpus:
    """The rows of a source. Those of files are kept for who asks next: they are counted, learned from and looked at."""
    key = _known_content(source, shape, codes)
    corpus = None if key is None else _loaded.get(key)
    if corpus is None:
        corpus = _load(source, shape, codes)
        _refuse_blank(corpus, format_source(source))
        key = key or _known_content(source, shape, codes)
    if key is not None:
        _loaded[key] = corpus
        _loaded.move_to_end(key)
        while len(_loaded) > _AT_HAND:
            _loaded.popitem(last=False)
    return corpus


def _known_content(source: Source, shape: RowShape, codes: Sequence[str]) -> str | None:
    """A hash of all that decides the rows of files, if the content of each is known without reading it for this."""
    if not isinstance(source, FileSource):
        return None
    try:
        files = _files_of(source, codes)
    except DataError:  # loading them says better what is wrong
        return None
    hashes = [known_digest(file) if file.is_file() else None for file in files]
    return None if None in hashes else _hashed([source.model_dump(mode="json"), repr(shape), list(codes), hashes])


def _refuse_blank(corpus: Corpus, where: str) -> None:
    """Refuse rows without a word in any of them: there is nothing to learn. Most often the first row says that."""
    for code, rows in corpus.rows.items():
        names = [name for name in corpus.shape.texts if name in rows.column_names]
        if len(rows) and not any(_says(value) for row in rows.select_columns(names) for value in row.values()):
            found = f"{len(rows):,} rows of {code!r} whose texts are all blank"
            raise DataError(where, None, found, f"texts in {', '.join(names)}", "Check how the rows were written.")


def _says(value: object) -> bool:
    """Whether a text, or one of several, is not blank."""
    return any(map(_says, value)) if isinstance(value, list) else bool(str(value or "").strip())


def load_records(source: Source, shape: RowShape, languages: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The same rows by language as plain mappings; those of the mini-world without a table, which is slow to load."""
    codes = _codes(languages)
    if not isinstance(source, WorldSource) or _single(codes) != codes:
        return {code: list(rows) for code, rows in load_rows(source, shape, codes).rows.items()}
    made = world_columns(source, shape, codes)
    return {
        code: [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        for code, columns in made.items()
    }


def load_aligned(source: Source, shape: RowShape, languages: Sequence[str], who: str) -> Corpus:
    """The same of rows that say the same in every language, which `who` needs."""
    corpus = load_rows(source, shape, languages)
    if not corpus.aligned:
        raise ValueError(
            f"{who} needs rows that say the same in every language; {format_source(source)} is not aligned. "
            "If its rows are translations of each other, say aligned=true."
        )
    return corpus


def _load(source: Source, shape: RowShape, codes: Sequence[str]) -> Corpus:
    if isinstance(source, WorldSource):
        return load_world(source, shape, codes)
    if isinstance(source, ByLanguage):
        return _load_each(source, shape, codes)
    own = {CHOICES: load_choices, REVIEW: load_reviews, ANSWERS: load_answers}
    if shape in own:
        return own[shape](source, codes)
    if shape.tagged:
        return load_tagged(source, shape, codes)
    if isinstance(source, TableSource):
        return load_hub(source, shape, codes)
    return load_text_files(source, codes) if shape == SENTENCE else load_files(source, shape, codes)


def _load_each(source: ByLanguage, shape: RowShape, codes: Sequence[str]) -> Corpus:
    """The rows of each language from its own source."""
    own = source.of(codes)
    if shape == SENTENCE and source.aligned and (files := plain_files(own)) is not None:
        return read_aligned(files)  # a line that is blank in one language is left out in all
    loaded = {code: _load(one, shape, [code]) for code, one in own.items()}
    rows = {code: one.rows[code] for code, one in loaded.items()}
    skipped, corrected = (
        {code: dict(found) for one in loaded.values() for code, found in getattr(one, name).items()}
        for name in ("skipped", "corrected")
    )
    return Corpus(shape, rows, is_aligned(source.name, rows, source.aligned), skipped, corrected)


def load_text(source: Source, languages: Sequence[str]) -> Corpus:
    """The sentences of `source`; `aligned` says whether row i says the same in every language."""
    return load_rows(source, SENTENCE, languages)


def fingerprint(source: Source, languages: Sequence[str], shape: RowShape = SENTENCE) -> str:
    """The hash of what `source` gives for `languages`: content and options count, not where files lie.

    The shape matters to the mini-world only, whose rows of a task change with the words of that task.
    """
    codes = sorted(_codes(languages))
    if isinstance(source, ByLanguage):
        own = source.of(_single(codes))
        return _hashed([source.aligned, codes, [fingerprint(one, [code], shape) for code, one in own.items()]])
    files = {"path", "name", "label_file", "questions"}
    options = source.model_dump(mode="json", exclude=None if isinstance(source, WorldSource) else files)
    content: list[str]
    if isinstance(source, WorldSource):
        content = world_content(source, shape)
    elif isinstance(source, MemorySource):
        content = []  # the hash of the rows is an option
    elif isinstance(source, FileSource):
        content = [digest(file) for file in _files_of(source, _single(codes))]
    else:
        content = _folder(Path(source.name)) if is_local(source) else [source.name]  # pinned: its revision is an option
        content += [digest(Path(source.questions))] if source.questions else []
    return _hashed([options, codes, content])


def _files_of(source: FileSource, codes: Sequence[str]) -> list[Path]:
    """All files that a source reads for these languages, each once."""
    beside = [Path(file) for file in (source.label_file, source.questions) if file]
    return list(dict.fromkeys([*(file for code in codes for file in find_files(source.path, code)), *beside]))


def _hashed(content: list[object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _check_options(source: Source, shape: RowShape) -> None:
    """Options that only files of questions have must not be given, and then ignored, elsewhere."""
    for option in ("questions", "label_file"):
        if shape != CHOICES and getattr(source, option, None) is not None:
            raise ValueError(f"{option}= belongs to sources of questions with choices (task choice). Leave it out.")


def _codes(languages: Sequence[str]) -> list[str]:
    """The codes of languages and pairs, checked."""
    if isinstance(languages, str) or not languages:
        raise ValueError(f"Expected a list of languages such as ['en', 'tr'], not {languages!r}.")
    codes = [canonical(code) for code in languages]
    if len(set(codes)) < len(codes):
        raise ValueError(f"A language is asked for twice in {', '.join(languages)}. Name each once.")
    return codes


def _single(codes: Sequence[str]) -> list[str]:
    """The languages of these codes, each once: those of pairs too."""
    return list(dict.fromkeys(part for code in codes for part in parts_of(code)))


def _claimed(source: Source) -> bool | None:
    """What a source says of its alignment; the mini-world's rows are aligned."""
    return True if isinstance(source, WorldSource) else source.aligned


def _folder(folder: Path) -> list[str]:
    """Names and contents of the files of a folder, apart from hidden ones (such as the state of version control)."""
    files = visible_files(folder)
    return [*(file.relative_to(folder).as_posix() for file in files), *map(digest, files)]
