"""Text too large for memory: read as it is needed, in an order that is a pure function of files, seed and position.

A corpus is a list of parts (files, or those of a hub's data set), which are read from their beginning to their end. In
each pass over it (an epoch) the parts come in a new order, and `buffer` texts in a row are shuffled among themselves;
every text that is not blank comes exactly once an epoch. Nothing depends on what was read before, so a stream that
starts at a position gives what an uninterrupted one gives from there on. To get to a position, texts are read and
dropped; parts whose number of texts is known by then are not even opened.

Processes share one order: of its positions, process r of P gets r, r + P, r + 2P, ...
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

import numpy as np

from polydistill.bounds import Held
from polydistill.data.files.paths import find_files
from polydistill.data.files.records import Columns, first_record, is_table, read_records
from polydistill.data.files.text_lines import read_lines
from polydistill.data.rows.hub import hub_texts, table_texts
from polydistill.data.rows.load import load_text
from polydistill.data.rows.shapes import SENTENCE
from polydistill.data.rows.sources import (
    ByLanguage,
    FileSource,
    HubSource,
    Source,
    WorldSource,
    format_source,
    window,
)
from polydistill.errors import DataError
from polydistill.languages import language
from polydistill.specs import Spec

Part = Callable[[], Iterator[str]]
State = dict[str, Any]

_TEXT = SENTENCE.texts[0]
_PARTS, _TEXTS = 6, 7  # what the seed is used for: the order of the parts, and of the texts in the buffer


class TextStream(Spec):
    """Text in one language that is read while a model learns from it."""

    source: Source
    buffer: Held = 10_000
    """Texts that are shuffled together; they and no others are in memory."""
    packed: bool = False
    """Whether texts are joined and cut into inputs of full length; if not, each is an input, cut if it is too long."""


def open_texts(stream: TextStream, code: str, seed: int) -> "Texts":
    """The texts of a stream in the given language, in the order of the seed."""
    known = language(code).code
    return Texts(format_source(stream.source), text_parts(stream.source, known), (seed, *known.encode()), stream.buffer)


@dataclass
class Texts:
    """The texts of a corpus in an order, for ever: epoch after epoch.

    `sizes` is what is known of the number of texts of each part; it grows as they are read, and spares a later start
    from reading them again. It changes nothing else.
    """

    name: str
    parts: Sequence[Part]
    seed: tuple[int, ...]
    buffer: int
    sizes: dict[int, int] = field(default_factory=dict)

    @property
    def size(self) -> int | None:
        """The number of texts of an epoch, once every part was read."""
        return sum(self.sizes.values()) if len(self.sizes) == len(self.parts) else None

    def start(self, position: int = 0) -> Iterator[str]:
        """All texts from a position on."""
        epoch, skip = 0, position
        while True:
            if self.size is not None:  # without it, everything before the position is read to get there
                if self.size == 0:
                    way_out = "Check how the files were written or fetched."
                    raise DataError(self.name, None, "only blank lines", "at least one text", way_out)
                epoch, skip = divmod(position, self.size)
            for text in self.epoch(epoch, skip):
                yield text
                position += 1

    def epoch(self, number: int, skip: int = 0) -> Iterator[str]:
        """The texts of one pass, without the first `skip`."""
        buffers, inside = divmod(skip, self.buffer)
        texts = self._as_read(number, buffers * self.buffer)
        for at in count(buffers):
            held = list(islice(texts, self.buffer))
            if not held:
                return
            order = np.random.default_rng([*self.seed, _TEXTS, number, at]).permutation(len(held))
            for index in order[inside:].tolist():
                yield held[index]
            inside = 0

    def _as_read(self, epoch: int, skip: int) -> Iterator[str]:
        """The texts of one pass, part by part, without the first `skip` of them."""
        order = np.random.default_rng([*self.seed, _PARTS, epoch]).permutation(len(self.parts))
        for part in order.tolist():
            known = self.sizes.get(part)
            if known is not None and known <= skip:
                skip -= known
                continue
            found = 0
            for text in self.parts[part]():
                if text.strip():
                    found += 1
                    if found > skip:
                        yield text
            skip = max(0, skip - found)
            self._learn(part, found)

    def _learn(self, part: int, found: int) -> None:
        if self.sizes.setdefault(part, found) != found:
            had = f"{found} texts where there were {self.sizes[part]} (part {part + 1} of {len(self.parts)})"
            way_out = "It was changed while it was in use; put it back, or start anew."
            raise DataError(self.name, None, had, "the same text in every pass", way_out)

    def state_dict(self) -> State:
        """What was learned of the parts, as JSON can hold it."""
        return {"sizes": [self.sizes.get(part) for part in range(len(self.parts))]}

    def load_state_dict(self, state: State) -> None:
        """Take over what was learned before."""
        if len(state["sizes"]) != len(self.parts):
            raise ValueError(
                f"The state is of a corpus of {len(state['sizes'])} parts, and {self.name} has {len(self.parts)}. "
                "Restore the files as they were, or start anew."
            )
        self.sizes = {part: size for part, size in enumerate(state["sizes"]) if size is not None}


class LineReader(Iterator[str]):
    """The texts of one process, which can be put down at any text and taken up again."""

    def __init__(self, texts: Texts, rank: int = 0, processes: int = 1, position: int = 0) -> None:
        if not 0 <= rank < processes:
            raise ValueError(f"rank is {rank}; expected 0 to {processes - 1}, as there are {processes} processes.")
        self.texts, self.rank, self.processes = texts, rank, processes
        self.seek(position)

    def seek(self, position: int) -> None:
        """Go to a text: the next one is this process's text number `position`, counted from 0."""
        self.position = position
        whole = self.texts.start(self.rank + position * self.processes)
        self._texts = islice(whole, 0, None, self.processes)

    def __next__(self) -> str:
        text = next(self._texts)
        self.position += 1
        return text

    def state_dict(self) -> State:
        """Where this process stands, as JSON can hold it."""
        return {"position": self.position, **self.texts.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Go on where another reader of the same texts, seed and processes stood."""
        self.texts.load_state_dict(state)
        self.seek(state["position"])


def text_parts(source: Source, code: str) -> list[Part]:
    """What reads the texts of a source: a function for each file."""
    if isinstance(source, ByLanguage):
        return text_parts(source.of([code])[code], code)
    if isinstance(source, WorldSource):
        sentences = load_text(source, [code]).rows[code][_TEXT][:]
        return [lambda: iter(sentences)]
    for name in ("layout", "labels", "aligned"):
        if getattr(source, name, None) not in (None, ()):
            raise ValueError(f"{format_source(source)}: a stream is plain text, without {name}. Leave it out.")
    if isinstance(source, HubSource):
        parts = hub_texts(source, code)
    else:
        parts = _file_parts(source, code) if isinstance(source, FileSource) else [partial(table_texts, source, code)]
    read = window(source)
    if read == slice(0, None):
        return parts
    return [lambda: islice(chain.from_iterable(part() for part in parts), read.start, read.stop)]


def _file_parts(source: FileSource, code: str) -> list[Part]:
    column = source.columns.get(_TEXT, _TEXT)
    return [
        partial(_records, file, column) if is_table(file) else partial(_lines, file)
        for file in find_files(source.path, code)
    ]


def _lines(file: Path) -> Iterator[str]:
    return (text for _, text in read_lines(file))


def _records(file: Path, column: str) -> Iterator[str]:
    """One column of a TSV, CSV or JSONL file."""
    names = first_record(file)
    if column not in names:
        found, way_out = f"the columns {', '.join(names)}", f"Say which column is the text (columns={_TEXT}:NAME)."
        raise DataError(file, 1, found, f"a column {column!r}", way_out)
    for line, (text,) in read_records(file, Columns((column,), short_rows=True)):
        if not isinstance(text, str):
            raise DataError(file, line, f"{column} = {text!r}", "text", "Correct or remove the line.")
        yield text
