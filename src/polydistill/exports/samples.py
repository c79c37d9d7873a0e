"""The texts on which an export is held against its model."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor

from polydistill.data.batches.batches import length_batches
from polydistill.data.batches.encoding import Encoded, encode_texts
from polydistill.data.batches.padding import ON_CPU
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import LABEL, SENTENCE, RowShape
from polydistill.data.rows.sources import Source, WorldSource, format_source
from polydistill.defaults import MAX_LENGTH
from polydistill.models.loaded import Loaded
from polydistill.models.sentence import Prompted
from polydistill.tasks import AnyTask, task_of

_ROWS = WorldSource(rows=20, split="test")
_LANGUAGES = ("en", "fr", "de", "es", "tr", "sw")


@dataclass(frozen=True)
class Batch:
    """Texts as a model reads them; where they are single sentences, as they are written, too."""

    inputs: dict[str, Tensor]
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """The rows of one language, as a model reads them."""

    language: str
    text: Encoded
    written: tuple[str, ...]
    """Single sentences as they are written."""
    gold: Any
    """What is right of them, as their task has it; None where they have no labels."""

    def batches(self) -> Iterator[Batch]:
        """The rows as a task's student reads them, too."""
        for places, inputs in length_batches(self.text, ON_CPU, torch.device("cpu")):
            yield Batch(inputs, tuple(self.written[place] for place in places) if self.written else ())


@dataclass(frozen=True)
class Sample:
    """Rows of a source in some languages; their labels, if they have any, only tell a score."""

    source: Source = _ROWS
    languages: tuple[str, ...] = _LANGUAGES

    @property
    def name(self) -> str:
        """Such as "world:?rows=20&split=test in en, tr"."""
        return f"{format_source(self.source)} in {', '.join(self.languages)}"

    def parts(self, loaded: Loaded, task: AnyTask | None) -> Iterator[Part]:
        """The rows of a task, or sentences, by language."""
        shape = SENTENCE if task is None else task_of(task).shape
        length = longest(loaded)
        own = isinstance(self.source, WorldSource) and shape.own
        for language, found in load_rows(self.source, SENTENCE if own else shape, self.languages).rows.items():
            rows = _in_shape(found, shape) if own else found
            if task is None:
                text = encode_texts(loaded.tokenizer, Prompted(_prompt(loaded), rows["text"]), None, length)
                yield Part(language, text, tuple(rows["text"][:]), None)
            else:
                gold = task_of(task).gold(rows) if LABEL in rows.column_names else None
                yield Part(language, task_of(task).encode(loaded.tokenizer, rows, length), (), gold)

    def batches(self, loaded: Loaded, task: AnyTask | None) -> Iterator[Batch]:
        """The rows of all languages, one after the other."""
        for part in self.parts(loaded, task):
            yield from part.batches()


def _prompt(loaded: Loaded) -> str:
    return "" if loaded.sentence is None else loaded.sentence.reading.prompt


def _in_shape(sentences: Dataset, shape: RowShape) -> Dataset:
    """Sentences as rows of a task of one's own: alone, each with the next one, or as their words."""
    texts = list(sentences["text"])
    if shape.tagged:
        return Dataset.from_dict({shape.texts[0]: [text.split() for text in texts]})
    return Dataset.from_dict({name: texts[at:] + texts[:at] for at, name in enumerate(shape.texts)})


def longest(loaded: Loaded) -> int:
    """The number of tokens that a text is cut to."""
    said = None if loaded.sentence is None else loaded.sentence.reading.max_length
    return said or min(MAX_LENGTH, int(loaded.tokenizer.model_max_length))
