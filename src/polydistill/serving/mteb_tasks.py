"""mteb's own tasks for rows of a person's own: what they say of a model is what they say of the hub's sets.

Parallel text is bitext mining (each sentence looks for its translation, both ways), texts with labels are
classification (a logistic regression on the vectors of some rows a label), pairs with a number are STS. N = texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from datasets import Dataset, DatasetDict
from mteb.abstasks import AbsTaskBitextMining, AbsTaskClassification, AbsTaskSTS
from mteb.abstasks.task_metadata import TaskMetadata
from mteb.models.abs_encoder import AbsEncoder
from mteb.models.model_meta import ModelMeta, ScoringFunction

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import LABEL
from polydistill.data.rows.sources import Source
from polydistill.data.translations.corpora import Corpora, load_corpora
from polydistill.data.translations.filters import SIDES
from polydistill.languages.tags import of_mteb
from polydistill.tasks import TaskSpec, task_of

if TYPE_CHECKING:
    from mteb.abstasks.abstask import AbsTask
    from rich.console import Console

    from polydistill.data.batches.encoding import Floats
    from polydistill.serving.vectors import VectorReader

SPLIT, _TRAIN = "test", "train"
_SIDES = ("sentence1", "sentence2")
Parts = dict[str, DatasetDict]


class Read(AbsEncoder):
    """A model of vectors, as mteb asks one."""

    def __init__(self, reader: VectorReader, name: str, console: Console) -> None:
        self.reader, self.console = reader, console
        self.mteb_model_meta = ModelMeta.create_empty(
            {"name": f"own/{name}", "similarity_fn_name": ScoringFunction.COSINE}
        )

    def encode(self, inputs: Any, **options: Any) -> Floats:
        """The vectors of texts [N, D], as the model makes them."""
        texts = [text for batch in inputs for text in batch["text"]]
        return self.reader.vectors(texts, int(options.get("batch_size", 32)), False, self.console)


def bitext(corpora: Corpora) -> AbsTask:
    """Sentences look for their translations, from either language."""
    source, parts, read = corpora.source_language, Parts(), dict[str, list[str]]()
    for code, table in load_corpora(corpora, None).rows.items():
        for first, second, sides in ((code, source, SIDES[::-1]), (source, code, SIDES)):
            columns = {name: table[side] for name, side in zip(_SIDES, sides, strict=True)}
            parts[f"{first}-{second}"] = DatasetDict({SPLIT: Dataset.from_dict(columns)})
            read[f"{first}-{second}"] = [of_mteb(first), of_mteb(second)]

    class OwnBitextMining(AbsTaskBitextMining):
        metadata = _metadata("OwnBitextMining", "BitextMining", "t2t", read, "f1")

    return _with(OwnBitextMining, parts)


def similarity(rows: Source, codes: Sequence[str], task: TaskSpec) -> AbsTask:
    """The cosine of a pair's vectors beside its number."""
    asked, parts, numbers = task_of(task), Parts(), []
    for code, table in load_rows(rows, asked.shape, codes).rows.items():
        numbers.append(asked.gold(table)[:, 0])
        columns = {name: table[side] for name, side in zip(_SIDES, asked.shape.texts, strict=True)}
        parts[code] = DatasetDict({SPLIT: Dataset.from_dict({**columns, "score": numbers[-1]})})
    together = np.concatenate(numbers)

    class OwnSTS(AbsTaskSTS):
        metadata = _metadata("OwnSTS", "STS", "t2t", _one_each(codes), "cosine_spearman")
        min_score, max_score = float(together.min()), float(together.max())  # type: ignore[assignment]

    return _with(OwnSTS, parts)


def classification(train: Source, test: Source, codes: Sequence[str], task: TaskSpec) -> AbsTask:
    """A logistic regression on the vectors of some rows of `train`, scored on those of `test`, language by language."""
    asked = task_of(task)
    tables = {split: load_rows(one, asked.shape, codes).rows for split, one in ((_TRAIN, train), (SPLIT, test))}
    parts: Parts = {}
    for code in codes:
        columns = {
            split: {"text": found[code][asked.shape.texts[0]], LABEL: [int(one) for one in asked.gold(found[code])]}
            for split, found in tables.items()
        }
        parts[code] = DatasetDict({split: Dataset.from_dict(one) for split, one in columns.items()})

    class OwnClassification(AbsTaskClassification):
        metadata = _metadata("OwnClassification", "Classification", "t2c", _one_each(codes), "accuracy")

    return _with(OwnClassification, parts)


def _one_each(codes: Sequence[str]) -> dict[str, list[str]]:
    return {code: [of_mteb(code)] for code in codes}


def _metadata(name: str, kind: Any, category: Any, languages: Mapping[str, list[str]], score: str) -> TaskMetadata:
    return TaskMetadata(
        dataset={"path": "own", "revision": "own"},
        name=name,
        description="Rows of one's own.",
        type=kind,
        category=category,
        eval_splits=[SPLIT],
        eval_langs=dict(languages),
        main_score=score,
    )


def _with(task: Any, parts: Parts) -> AbsTask:
    made: AbsTask = task()
    made.dataset, made.data_loaded = parts, True
    return made
