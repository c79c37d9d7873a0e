"""The texts on which an export is held against its model."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from datasets import Dataset
from torch import Tensor

from polydistill.data.batches.batches import length_batches
from polydistill.data.batches.encoding import encode_texts
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import SENTENCE, RowShape
from polydistill.data.rows.sources import Source, WorldSource, format_source
from polydistill.defaults import MAX_LENGTH
from polydistill.models.loaded import Loaded
from polydistill.models.sentence import Prompted
from polydistill.tasks import AnyTask, task_of

_ROWS = WorldSource(rows=20, split="test")
_LANGUAGES = ("en", "fr", "de", "es", "tr", "sw")
_BATCH = 16  # ours: several batches, so that several sizes are tried


@dataclass(frozen=True)
class Batch:
    """Texts as a model reads them; where they are single sentences, as they are written, too."""

    inputs: dict[str, Tensor]
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """Rows of a source in some languages; no label of theirs is read."""

    source: Source = _ROWS
    languages: tuple[str, ...] = _LANGUAGES

    @property
    def name(self) -> str:
        """Such as "world:?rows=20&split=test in en, tr"."""
        return f"{format_source(self.source)} in {', '.join(self.languages)}"

    def batches(self, loaded: Loaded, task: AnyTask | None) -> Iterator[Batch]:
        """The rows of a task, or sentences, as the model reads them."""
        shape = SENTENCE if task is None else task_of(task).shape
        length = longest(loaded)
        own = isinstance(self.source, WorldSource) and shape.own
        for found in load_rows(self.source, SENTENCE if own else shape, self.languages).rows.values():
            rows = _in_shape(found, shape) if own else found
            if task is None:
                text = encode_texts(loaded.tokenizer, Prompted(_prompt(loaded), rows["text"]), None, length)
            else:
                text = task_of(task).encode(loaded.tokenizer, rows, length)
            written = list(rows["text"]) if task is None else []
            for places, inputs in length_batches(text, _BATCH, torch.device("cpu")):
                yield Batch(inputs, tuple(written[place] for place in places) if written else ())


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
